"""The stream of answers of a page, which Gradio closes and opens again as a visitor asks for more."""

import pytest

from tests.browser.visit import WAIT, Visit

pytestmark = pytest.mark.browser
# As on a slow way: that a stream is to be closed arrives a while after the answers before it.
LATE = """() => {
  const own = window.fetch;
  window.fetch = async (...given) => {
    const answer = await own(...given);
    if (!String(given[0].url ?? given[0]).includes("/queue/data")) return answer;
    let rest = "";
    const late = new TransformStream({
      async transform(text, out) {
        const parts = (rest + text).split("\\n\\n");
        rest = parts.pop();
        for (const part of parts) {
          if (part.includes("close_stream")) {
            window.closing = true;
            while (!window.asked) await new Promise(done => setTimeout(done, 20));
            await new Promise(done => setTimeout(done, 300));
            window.closing = false;
          }
          out.enqueue(part + "\\n\\n");
        }
      },
    });
    if (!window.patient) return answer;
    return new Response(
      answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(late).pipeThrough(new TextEncoderStream()), answer);
  };
}"""


@pytest.fixture
def late_page(browser):
    page = browser.new_page()
    page.set_default_timeout(WAIT)
    page.add_init_script(f"({LATE})()")
    yield page
    page.close()


def test_an_answer_arrives_though_the_stream_is_just_being_closed(late_page, server):
    page = late_page
    visit = Visit(page, f"{server.url}/?tab=duel")
    page.wait_for_selector("#duel-kind:visible")
    visit.rest()
    page.click("#game-deal")
    page.wait_for_selector(".game .round:visible")
    first = page.locator(".game").get_attribute("data-deal")
    page.evaluate("window.patient = true")  # from now on
    page.click("#game-deal")
    page.wait_for_function("first => document.querySelector('.game').dataset.deal !== first", arg=first)
    page.wait_for_function("window.closing")
    second = page.locator(".game").get_attribute("data-deal")
    with page.expect_response(lambda answer: "/queue/join" in answer.url):
        page.click("#game-deal")
    page.evaluate("window.asked = true")
    page.wait_for_function("second => document.querySelector('.game').dataset.deal !== second", arg=second)
