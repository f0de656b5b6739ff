/* The labels of options, and what is said beside the fields of the answer form.
     .error[id]         what is wrong with its .field, which counts as invalid while it is shown. It goes once the field changes, or
                        another answer is chosen
     #answer-errors     how many fields are wrong. It goes with them once another answer is chosen
     [data-filled-in]   that the answer comes from the workflow; with [data-changed], which hides it, it no longer does
   A swap leaves fields alone, so that typed text stays; this script marks them then. */

const SHOWN = ".error[id]:not([hidden])";

export const labelOf = (option) => option.closest(".choice").querySelector("b").textContent.trim();
export const chosenLabels = (form) => [...form.querySelectorAll(".choice input:checked")].map(labelOf);

function mark(field) {
  const error = field.querySelector(SHOWN);
  const input = field.querySelector(".input");
  const described = input ?? field;
  if (error) described.setAttribute("aria-describedby", error.id);
  else described.removeAttribute("aria-describedby");
  if (error) input?.setAttribute("aria-invalid", "true");
  else input?.removeAttribute("aria-invalid");
}

/* Shows the error that is rendered beside the input, hidden */
export function showError(input) {
  document.getElementById(`${input.id}-error`).hidden = false;
  mark(input.closest(".field"));
  input.focus();
}

const hideErrors = (place) => place.querySelectorAll(SHOWN).forEach((error) => (error.hidden = true));

/* An answer is chosen: what was wrong with the one before says nothing about it */
export function clearErrors(form) {
  hideErrors(form);
  form.querySelectorAll(".field").forEach(mark);
  form.querySelector("#answer-errors")?.remove();
}

/* Errors stay while the open question reloads itself: the response is of a request that has sent no answer */
document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  const form = document.getElementById("answer");
  if (ctx.sourceElement?.id !== "detail" || !form) return;
  const incoming = tasks?.find((each) => each.type === "main")?.fragment.querySelector("#answer");
  if (incoming?.getAttribute("action") !== form.getAttribute("action")) return;
  for (const error of form.querySelectorAll(SHOWN)) incoming.querySelector(`#${CSS.escape(error.id)}`)?.replaceWith(error.cloneNode(true));
  const summary = form.querySelector("#answer-errors");
  if (summary) incoming.querySelector("[name=guard]").after(summary.cloneNode(true));
});

const isAsFilledIn = (input) => (/radio|checkbox/.test(input.type) ? input.checked === input.defaultChecked : input.value === input.defaultValue);

/* It keeps its place, so that nothing moves */
function sayFilledIn() {
  const words = document.querySelector("#answer [data-filled-in]");
  if (!words) return;
  const inputs = [...document.querySelectorAll("#answer :is(input, textarea)[name=value]")];
  words.toggleAttribute("data-changed", !inputs.every(isAsFilledIn));
}

function changed({ target }) {
  const field = target.name && target.closest("#answer .field");
  if (field) {
    hideErrors(field);
    mark(field);
  }
  sayFilledIn();
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);
document.addEventListener("htmx:after:swap", () => {
  document.querySelectorAll("#answer .field").forEach(mark);
  sayFilledIn();
});
sayFilledIn();
