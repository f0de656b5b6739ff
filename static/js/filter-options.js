/* Filters a long list of options: <input data-filters="<id of .choices>">. Chosen options stay visible. */

import { comparable, fill, WORDS } from "./words.js";

function filter(input) {
  const list = document.getElementById(input.dataset.filters);
  if (!list) return;
  const words = comparable(input.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  const options = list.querySelectorAll(".choice");
  for (const option of options) {
    const text = comparable(option.textContent);
    const fits = words.every((word) => text.includes(word)) || option.querySelector(":checked") !== null;
    option.hidden = !fits;
    if (fits) shown += 1;
  }
  const place = document.querySelector(`[data-found="${CSS.escape(input.dataset.filters)}"]`);
  if (place) place.textContent = words.length ? fill(WORDS.found, { count: shown, total: options.length }) : "";
}

function ready() {
  for (const input of document.querySelectorAll("input[data-filters]")) filter(input);
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("input[data-filters]")) filter(event.target);
});
/* Enter in the search field chooses the first visible option and does not submit the answer */
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !event.target.matches?.("input[data-filters]")) return;
  event.preventDefault();
  const list = document.getElementById(event.target.dataset.filters);
  const option = [...(list?.querySelectorAll(".choice:not([hidden]) input") ?? [])].find((input) => !input.checked);
  option?.click();
});
document.addEventListener("htmx:after:swap", ready);
ready();
