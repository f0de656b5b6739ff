/* Counts while one chooses or types.
     [data-chosen]             inside a fieldset: "3 of 6 selected"; text for Other… is one of them
     [data-limit], [data-most] bytes or characters that a field may hold; its [data-left="<id of the field>"] speaks up near
                               the end */

import { fill, WORDS } from "./words.js";

const NEAR = 0.9;

function chosen(fieldset) {
  const place = fieldset.querySelector("[data-chosen]");
  if (!place) return;
  const boxes = [...fieldset.querySelectorAll("input[type=checkbox]")];
  const other = fieldset.querySelector(".choice--other .input");
  const count = boxes.filter((box) => box.checked).length + (other?.value.trim() ? 1 : 0);
  place.textContent = fill(WORDS.selected, { count, total: boxes.length + (other ? 1 : 0) });
}

function left(field) {
  const place = document.querySelector(`[data-left="${CSS.escape(field.id)}"]`);
  if (!place) return;
  const { most } = field.dataset;
  const limit = Number(most ?? field.dataset.limit);
  const used = most ? [...field.value].length : new TextEncoder().encode(field.value).length;
  const [more, tooMany] = most ? [WORDS.charactersLeft, WORDS.charactersTooMany] : [WORDS.bytesLeft, WORDS.bytesTooMany];
  const number = (count) => count.toLocaleString(document.documentElement.lang);
  if (used <= limit * NEAR) place.textContent = "";
  else if (used <= limit) place.textContent = fill(more, { count: number(limit - used) });
  else place.textContent = fill(tooMany, { count: number(used - limit) });
  place.classList.toggle("tone-bad", used > limit);
}

function count(event) {
  if (!(event.target instanceof Element)) return;
  const fieldset = event.target.closest("fieldset");
  if (fieldset) chosen(fieldset);
  if (event.target.matches("[data-limit], [data-most]")) left(event.target);
}

function all() {
  document.querySelectorAll("fieldset:has([data-chosen])").forEach(chosen);
  document.querySelectorAll("[data-limit], [data-most]").forEach(left);
}

document.addEventListener("input", count);
document.addEventListener("change", count);
document.addEventListener("htmx:after:swap", all);
all();
