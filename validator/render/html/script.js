"use strict";
// Without this script everything is shown; with it, findings and checks can be filtered,
// snippets copied, and all details are open on paper.

const form = document.querySelector(".filter");

function matches(item, wanted) {
  return (!wanted.status || item.dataset.status === wanted.status)
    && (!wanted.family || item.dataset.family === wanted.family)
    && wanted.words.every((word) => item.textContent.toLowerCase().includes(word));
}

function filter() {
  const given = new FormData(form);
  const wanted = {
    status: given.get("status"),
    family: given.get("family"),
    words: given.get("text").toLowerCase().split(/\s+/).filter(Boolean),
  };
  const said = [];
  for (const section of document.querySelectorAll("section")) {
    const items = [...section.querySelectorAll("[data-item]")];
    if (!items.length) continue;
    for (const item of items) item.hidden = !matches(item, wanted);
    const shown = items.filter((item) => !item.hidden).length;
    section.querySelector("[data-none]").hidden = shown > 0;
    said.push(`${shown} of ${items.length} ${section.id}`);
  }
  form.querySelector(".shown").value = said.join(", ");
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}

for (const button of document.querySelectorAll(".copy")) {
  const code = button.nextElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // No clipboard for this page: select the text, so that one key copies it.
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

const closed = new Set();

function print(begins) {
  for (const details of document.querySelectorAll("details")) {
    if (begins && !details.open) closed.add(details);
    if (begins || closed.has(details)) details.open = begins;
  }
  if (!begins) closed.clear();
}

// Browsers print from the media query, from the events, or from both.
matchMedia("print").addEventListener("change", (event) => print(event.matches));
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
