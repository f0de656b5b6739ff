/* Counts while one chooses or types.
     [data-chosen]          inside a fieldset: "3 of 6 selected"
     textarea[data-limit]   bytes it may hold; its [data-left="<id of the textarea>"] speaks up near the end */

import { fill, WORDS } from "./words.js";

const NEAR = 0.9;

function chosen(fieldset) {
  const place = fieldset.querySelector("[data-chosen]");
  if (!place) return;
  const boxes = [...fieldset.querySelectorAll("input[type=checkbox]")];
  place.textContent = fill(WORDS.selected, { count: boxes.filter((box) => box.checked).length, total: boxes.length });
}

function left(field) {
  const place = document.querySelector(`[data-left="${CSS.escape(field.id)}"]`);
  if (!place) return;
  const limit = Number(field.dataset.limit);
  const used = new TextEncoder().encode(field.value).length;
  const number = (count) => count.toLocaleString(document.documentElement.lang);
  if (used <= limit * NEAR) place.textContent = "";
  else if (used <= limit) place.textContent = fill(WORDS.bytesLeft, { count: number(limit - used) });
  else place.textContent = fill(WORDS.bytesTooMany, { count: number(used - limit) });
  place.classList.toggle("tone-bad", used > limit);
}

function count(event) {
  if (!(event.target instanceof Element)) return;
  const fieldset = event.target.closest("fieldset");
  if (fieldset) chosen(fieldset);
  if (event.target.matches("[data-limit]")) left(event.target);
}

function all() {
  document.querySelectorAll("fieldset:has([data-chosen])").forEach(chosen);
  document.querySelectorAll("[data-limit]").forEach(left);
}

document.addEventListener("input", count);
document.addEventListener("change", count);
document.addEventListener("htmx:after:swap", all);
all();
