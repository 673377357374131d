// Tables of the class `sortable`: a button in a head sorts the rows of the first body by the cells' `data-value`,
// numbers from the largest, names from A; a second click turns the order over.
document.addEventListener("click", ({target}) => {
  const head = target.closest?.("table.sortable th button")?.closest("th");
  if (!head) return;
  const table = head.closest("table"), rows = [...table.tBodies[0].rows];
  const value = row => row.cells[head.cellIndex].dataset.value;
  const names = rows.some(row => isNaN(value(row)));
  const rising = head.ariaSort ? head.ariaSort === "descending" : names;
  for (const other of table.tHead.querySelectorAll("th")) other.ariaSort = null;
  head.ariaSort = rising ? "ascending" : "descending";
  const compare = names ? new Intl.Collator(undefined, {numeric: true}).compare : (a, b) => a - b;
  table.tBodies[0].append(...rows.sort((a, b) => (rising ? 1 : -1) * compare(value(a), value(b))));
});
