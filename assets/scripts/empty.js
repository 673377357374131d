// Gradio gives the drawing in a frame without a picture, a bare div, an English name, which readers must not say: what
// has no role has no name. The drawing is a decoration, the frame's own label says whose it is; so it is passed over.
(() => {
  const drawings = "div.empty[aria-label]:not([role])";
  const within = node => node.matches?.(drawings) ? [node] : node.querySelectorAll?.(drawings) ?? [];
  // An observer is called before the browser draws and before readers look: the name is never met.
  new MutationObserver(records => {
    for (const drawing of records.flatMap(({addedNodes}) => [...addedNodes].flatMap(node => [...within(node)]))) {
      drawing.removeAttribute("aria-label");
      drawing.ariaHidden = "true";
    }
  }).observe(document, {childList: true, subtree: true});
})();
