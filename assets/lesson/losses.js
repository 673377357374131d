// The training log: a slider and a button move through frames that are all in the page. Nothing is asked of the server.
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const part = (name) => element.querySelector(`[data-part=${name}]`);
let timer = 0;

function show(index) {
  const frames = JSON.parse(element.querySelector('.player').dataset.frames);
  const [cursor, words] = frames[index].slice(-2);
  for (const [kind, first] of [['good', 0], ['bad', 6]]) {
    const marks = [...element.querySelectorAll(`[data-mark=${kind}]`)];
    const points = marks.map((mark, level) => {
      const y = frames[index][first + level];
      if (kind === 'good') mark.setAttribute('cy', y); else mark.setAttribute('y', y - 5);
      return `${kind === 'good' ? mark.getAttribute('cx') : +mark.getAttribute('x') + 5},${y}`;
    });
    element.querySelector(`[data-line=${kind}]`).setAttribute('points', points.join(' '));
  }
  for (const end of ['x1', 'x2']) element.querySelector('[data-cursor]').setAttribute(end, cursor);
  part('words').textContent = words;
  part('dial').value = index;
  part('dial').setAttribute('aria-valuetext', words);
}

function stop() {
  clearInterval(timer);
  timer = 0;
  const button = part('play');
  if (button) button.textContent = button.dataset.play;
}

function play() {
  const last = +part('dial').max;
  // Whoever asked for less motion gets ten stills, one a second.
  const [stride, pause] = calm.matches ? [Math.ceil(last / 10), 1000] : [1, 100];
  if (+part('dial').value >= last) show(0);
  part('play').textContent = part('play').dataset.pause;
  timer = setInterval(() => {
    if (!part('dial')) return stop();
    show(Math.min(+part('dial').value + stride, last));
    if (+part('dial').value >= last) stop();
  }, pause);
}

element.addEventListener('click', ({target}) => {
  if (target.closest('[data-part=play]')) timer ? stop() : play();
});
element.addEventListener('input', ({target}) => {
  if (!target.matches('[data-part=dial]')) return;
  stop();
  show(+target.value);
});
watch('value', stop);
