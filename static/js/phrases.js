/* Writes the texts of fragments that everyone gets, before they are swapped in. static/js/countdown.js updates the
   durations that are still running.
   [data-phrase] names a text of words.js. data-since is since when {duration} is, data-seconds how long it is, data-at the
   {time}; data-facts has other values. inbox/web/ui/script_words.py writes the same texts into pages. */

import { duration, exactDuration } from "./duration.js";
import { moment } from "./moment.js";
import { fill, WORDS } from "./words.js";

const wordsOf = (phrase) => WORDS[phrase.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())];

export function writePhrase(element) {
  const { phrase, since, seconds, at, facts } = element.dataset;
  const values = facts ? JSON.parse(facts) : {};
  if (since) values.duration = duration((Date.now() - Date.parse(since)) / 1000);
  if (seconds) values.duration = exactDuration(Number(seconds));
  if (at) values.time = moment(new Date(at));
  const text = fill(wordsOf(phrase), values);
  if (element.textContent !== text) element.textContent = text;
}

document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const { fragment } of tasks ?? []) fragment?.querySelectorAll?.("[data-phrase]").forEach(writePhrase);
});
