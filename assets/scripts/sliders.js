// Gradio's sliders report the end of a drag only; a key press or a typed number has to count as one, too.
for (const [event, input] of [["keyup", ".level input[type=range]"], ["change", ".level input[type=number]"]])
  document.addEventListener(event, ({target}) => {
    if (target.matches?.(input)) target.dispatchEvent(new PointerEvent("pointerup", {bubbles: true}));
  });
