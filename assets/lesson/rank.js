// Guess first: clicks on the pictures give them places; the count of right pairs stays in the browser.
const options = () => [...element.querySelectorAll('.option')];
const chosen = () => options().filter(({dataset}) => dataset.place).sort((a, b) => a.dataset.place - b.dataset.place);

function number(list) {
  for (const option of options()) {
    const place = list.indexOf(option) + 1;
    option.dataset.place = place || '';
    option.setAttribute('aria-pressed', place > 0);
    option.querySelector('.place').textContent = place || '';
  }
  judge();
}

function judge() {
  const said = element.querySelector('.yours'), list = chosen().map(({dataset}) => +dataset.level);
  const complete = list.length === options().length;
  const right = list.flatMap((level, place) => list.slice(place + 1).filter((later) => later > level)).length;
  said.textContent = complete && said.closest('details').open ? said.dataset.text.replace('RIGHT', right) : '';
}

element.addEventListener('click', ({target}) => {
  const option = target.closest('.option');
  if (!option) return;
  const list = chosen();
  number(list.includes(option) ? list.filter((one) => one !== option) : [...list, option]);
});
element.addEventListener('toggle', judge, true);
