/* Says whether a field has a JSON object while someone types: <textarea data-json="<id of the message>">, with the messages in
   data-object, data-no-object and data-invalid. The server checks it too. */

import { fill } from "./words.js";

const PAUSE_MS = 250;
let timer = 0;

function verdict({ value: text, dataset }) {
  if (!text.trim()) return { words: "", bad: false };
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value)) return { words: dataset.noObject, bad: true };
    return { words: fill(dataset.object, { keys: Object.keys(value).length }), bad: false };
  } catch {
    return { words: dataset.invalid, bad: true };
  }
}

function check(field) {
  const { words, bad } = verdict(field);
  if (bad) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  const place = document.getElementById(field.dataset.json);
  if (!place) return;
  place.textContent = words;
  place.classList.toggle("error", bad);
}

document.addEventListener("input", (event) => {
  if (!event.target.matches?.("[data-json]")) return;
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE_MS, event.target);
});

document.addEventListener("submit", () => clearTimeout(timer));
