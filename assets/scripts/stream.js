// All answers come in one stream, which the server closes after the last one that it knows of. What was asked for
// meanwhile would never be answered: Gradio's page takes the stream for open, and then for closed for good. So as long
// as an answer is missing, the stream goes on with the next one instead of being closed.
(() => {
  const fetched = window.fetch.bind(window);
  const missing = new Set();  // names of what was asked for
  const early = new Set();  // and of what was answered before its name came

  async function noted(answer) {
    if (!answer.ok) return answer;
    const {event_id: name} = await answer.clone().json();
    if (!early.delete(name)) missing.add(name);
    return answer;
  }

  // Of a stream's text what is to be passed on, and whether another stream is to follow.
  function read(message) {
    const {msg, event_id: name} = JSON.parse(message.replace(/^data: /, ""));
    if (msg === "process_completed" && !missing.delete(name)) early.add(name);
    return msg !== "close_stream" || missing.size === 0;
  }

  async function pass(answer, again, out) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const messages = (rest + part.value).split("\n\n");
      rest = messages.pop();
      for (const message of messages) {
        if (!read(message)) return pass(await again(), again, out);
        out.enqueue(`${message}\n\n`);
      }
    }
    out.close();
  }

  window.fetch = async (resource, options) => {
    const path = new URL(resource.url ?? resource, location).pathname;
    if (path.endsWith("/queue/join")) return noted(await fetched(resource, options));
    if (!path.endsWith("/queue/data")) return fetched(resource, options);
    const again = () => fetched(resource.clone?.() ?? resource, options);
    const answer = await again();
    if (!answer.ok) return answer;
    const text = new ReadableStream({start: out => pass(answer, again, out)});
    return new Response(text.pipeThrough(new TextEncoderStream()), answer);
  };
})();
