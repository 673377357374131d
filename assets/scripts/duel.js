// "Guess which is better": the votes are counted here and nowhere else; nothing is sent to the server.
(() => {
  const tally = {pairs: 0, agreed: 0, votes: 0, same: 0};
  const deals = {};  // by the name of a deal: the votes of each round and whether it is revealed, and the round shown

  const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);
  const tell = (box, part, text) => { box.querySelector(part).textContent = text; };
  const parts = box => [...box.querySelectorAll(".round")];

  function state(box) {
    const fresh = () => ({A: 0, B: 0, order: [], revealed: false});
    return deals[box.dataset.deal] ??= {
      place: 0, rounds: parts(box).map(({dataset}) => ({...fresh(), better: dataset.better})),
    };
  }

  const choice = ({A, B}) => A === B ? null : A > B ? "A" : "B";

  function verdict(box, round) {
    if (!round.revealed) return "";
    const {better} = round, said = choice(round);
    const key = round.A + round.B === 0 ? "none" : said === null ? "tie" : said === better ? "agree" : "differ";
    return fill(box.dataset[key], {letter: better, model: box.dataset.model});
  }

  function show(box) {
    const {rounds, place} = state(box), round = rounds[place];
    parts(box).forEach((part, at) => { part.hidden = at !== place; });
    for (const truth of box.querySelectorAll(".truth")) truth.hidden = !round.revealed;
    for (const button of box.querySelectorAll(".vote")) {
      button.querySelector(".count").textContent = round[button.dataset.vote];
      button.disabled = round.revealed;
    }
    box.querySelector(".undo").disabled = round.revealed || !round.order.length;
    box.querySelector(".reveal").disabled = round.revealed;
    tell(box, ".which", fill(box.dataset.round, {number: place + 1, rounds: rounds.length}));
    tell(box, ".answer", verdict(box, round));
    tell(box, ".tally", tally.pairs ? fill(box.dataset.tally, {...tally, model: box.dataset.model}) : box.dataset.start);
  }

  function vote(box, letter) {
    const {rounds, place} = state(box), round = rounds[place];
    if (round.revealed) return;
    round[letter] += 1;
    round.order.push(letter);
    show(box);
  }

  const moves = {
    undo({rounds, place}) {
      const letter = rounds[place].order.pop();
      if (letter) rounds[place][letter] -= 1;
    },
    reveal({rounds, place}) {
      const round = rounds[place], {better} = round;
      if (round.revealed) return;
      round.revealed = true;
      tally.pairs += choice(round) !== null;
      tally.agreed += choice(round) === better;
      tally.votes += round.A + round.B;
      tally.same += round[better];
    },
    next(now) { now.place = (now.place + 1) % now.rounds.length; },
    reset() { for (const name in tally) tally[name] = 0; },
  };

  document.addEventListener("click", ({target}) => {
    const box = target.closest?.(".game"), button = target.closest?.(".game button, .game figure[data-vote]");
    if (!box || !button) return;
    if (button.dataset.vote) return vote(box, button.dataset.vote);
    for (const name in moves) if (button.classList.contains(name)) moves[name](state(box));
    show(box);
    if (button.classList.contains("next")) box.querySelector(".which").focus({preventScroll: true});
  });

  const KEYS = {1: "A", 2: "B", ArrowLeft: "A", ArrowRight: "B"};
  document.addEventListener("keydown", event => {
    const box = [...document.querySelectorAll(".game")].find(one => one.offsetParent);
    if (!box || !KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [role=tab], [role=listbox], [contenteditable]")) return;
    event.preventDefault();
    vote(box, KEYS[event.key]);
  });

  // A deal comes from the server as plain HTML, maybe in the elements of the one before: show its first round, with
  // pictures and buttons on one screen.
  new MutationObserver(() => {
    for (const box of document.querySelectorAll(".game")) {
      if (box.deal === box.dataset.deal) continue;
      box.deal = box.dataset.deal;
      show(box);
      box.scrollIntoView({block: "start"});
    }
  }).observe(document.documentElement, {childList: true, subtree: true, attributeFilter: ["data-deal"]});
})();
