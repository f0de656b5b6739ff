/* Says whether a field has a JSON object while someone types: <textarea data-json="<id of the message>">. The server checks it
   too. */

import { fill, WORDS } from "./words.js";

const PAUSE_MS = 250;
let timer = 0;

function verdict(text) {
  if (!text.trim()) return { words: "", bad: false };
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      return { words: WORDS.jsonNoObject, bad: true };
    }
    return { words: fill(WORDS.jsonObject, { keys: Object.keys(value).length }), bad: false };
  } catch {
    return { words: WORDS.jsonInvalid, bad: true };
  }
}

function check(field) {
  const { words, bad } = verdict(field.value);
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
