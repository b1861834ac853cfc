"use strict";
// Without this script tables keep the order in which they were written; with it, a click on a
// column's heading sorts by it.

function value(row, column) {
  const cell = row.cells[column];
  const told = cell.dataset.value;
  if (told === undefined) return cell.textContent.trim();
  return told === "" || told === "nan" ? NaN : Number(told);
}

function compare(one, other) {
  if (typeof one === "string") return one.localeCompare(other, "en", { numeric: true });
  return one - other;
}

function sort(table, heading, column) {
  const numbers = heading.classList.contains("number");
  const was = heading.getAttribute("aria-sort");
  // Numbers begin with the highest, names with the first.
  const descending = was ? was === "ascending" : numbers;
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => [value(row, column), row]);
  const missing = rows.filter(([key]) => Number.isNaN(key));
  const present = rows.filter(([key]) => !Number.isNaN(key));
  present.sort(([one], [other]) => (descending ? compare(other, one) : compare(one, other)));
  table.tBodies[0].append(...[...present, ...missing].map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(table, heading, column));
  });
}
