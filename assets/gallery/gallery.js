"use strict";
document.documentElement.classList.add("js");

// The edge between two pictures follows its dial.
document.addEventListener("input", ({target}) => {
  target.closest?.(".slider")?.style.setProperty("--edge", `${target.value}%`);
});

// A picture of the wall opens beside the original; without this script its link opens the file.
const dialog = document.querySelector("dialog");
const cells = [...document.querySelectorAll("a.cell")];
let chosen = 0;

function show(index) {
  chosen = (index + cells.length) % cells.length;
  const {dataset, href} = cells[chosen];
  const picture = dialog.querySelector(".after img");
  picture.src = href;
  picture.alt = dataset.title;
  dialog.querySelector("#chosen").textContent = dataset.title;
  const score = dialog.querySelector("#chosen-score");
  score.textContent = `Score ${dataset.score}; the original has ${score.dataset.original}.`;
}

document.addEventListener("click", event => {
  const {target} = event;
  const cell = target.closest("a.cell");
  if (cell && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(cells.indexOf(cell));
    dialog.showModal();
  } else if (target.dataset.step) {
    show(chosen + Number(target.dataset.step));
  } else if (target === dialog) {
    dialog.close();
  }
});
dialog?.addEventListener("close", () => cells[chosen].focus());
