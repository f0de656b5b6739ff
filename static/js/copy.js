/* Buttons that copy: data-copy="#id" takes that element's text or value, data-copy-form the answer in the button's form,
   data-copy-link the address of the page. They are hidden until this script can serve them. */

import { WORDS } from "./words.js";

const BUTTONS = "[data-copy], [data-copy-form], [data-copy-link]";

/* What was chosen, by its label, and what was typed */
function answerIn(form) {
  const chosen = [...form.querySelectorAll(".choice input:checked")].map((input) => input.closest(".choice").querySelector("b").textContent);
  const typed = [...form.querySelectorAll("textarea, input[name=value]:not([type=radio], [type=checkbox])")].map((field) => field.value);
  return [chosen.join(", "), ...typed].filter((text) => text.trim()).join("\n\n");
}

function textFor(button) {
  if (button.hasAttribute("data-copy-form")) return answerIn(button.form);
  const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
  if (source) return source.value ?? source.innerText;
  return new URL(button.dataset.copyLink || location.href, location.href).href;
}

async function copy(button) {
  await navigator.clipboard.writeText(textFor(button));
  const words = button.querySelector("span") ?? button;
  const was = words.textContent;
  if (was === WORDS.copied) return;
  words.textContent = WORDS.copied;
  setTimeout(() => (words.textContent = was), 2000);
}

const ready = () => document.querySelectorAll(`:is(${BUTTONS})[hidden]`).forEach((button) => (button.hidden = !navigator.clipboard));

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest(BUTTONS);
  if (button) copy(button);
});
document.addEventListener("htmx:after:swap", ready);
ready();
