/* Buttons that copy: data-copy="#id" takes that element's text or value, data-copy-form the answer in the button's form,
   data-copy-link the address of the page. They are hidden where a page can't copy. */

import { chosenLabels } from "./fields.js";
import { TEXT } from "./guard.js";
import { WORDS } from "./words.js";

const BUTTONS = "[data-copy], [data-copy-form], [data-copy-link]";
const READ = "[data-tree-search], [data-pager], [data-diff-layout]";

/* Of each field the labels of the chosen options, and the typed text */
function answerIn(form) {
  const texts = (field) => [chosenLabels(field).join(", "), ...[...field.querySelectorAll(TEXT)].map((input) => input.value)];
  return [...form.querySelectorAll(".field")].flatMap(texts).filter((text) => text.trim()).join("\n\n");
}

function textFor(button) {
  if (button.hasAttribute("data-copy-form")) return answerIn(button.form);
  const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
  if (source) return source.value ?? source.innerText;
  return new URL(button.dataset.copyLink || location.href, location.href).href;
}

/* The words of the buttons that say how it went */
const labels = new WeakMap();

function say(button, text) {
  const words = button.querySelector("span") ?? button;
  const { was, timer } = labels.get(button) ?? { was: words.textContent };
  clearTimeout(timer);
  words.textContent = text;
  button.toggleAttribute("data-copied", true);
  const over = () => {
    words.textContent = was;
    button.removeAttribute("data-copied");
    labels.delete(button);
  };
  labels.set(button, { was, timer: setTimeout(over, 2000) });
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(textFor(button));
    say(button, WORDS.copied);
  } catch {
    /* The person has forbidden it */
    say(button, WORDS.notCopied);
  }
}

function ready() {
  if (!navigator.clipboard) for (const button of document.querySelectorAll(BUTTONS)) button.hidden = true;
  if (document.querySelector(READ)) import("./reading.js");
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest(BUTTONS);
  if (button) copy(button);
});
document.addEventListener("htmx:after:swap", ready);
ready();
