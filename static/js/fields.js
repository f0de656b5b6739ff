/* The questions of the answer form (.field), the labels of options, and what is said beside the fields.
     .error[id]         what is wrong with its .field, which counts as invalid while it is shown. It goes once the field changes, or
                        another answer is chosen
     #answer-errors     how many fields are wrong. It goes with them once another answer is chosen
     [data-filled-in]   that the answer comes from the workflow; with [data-changed], which hides it, it no longer does
   A swap leaves fields alone, so that typed text stays; this script marks them then.
   Typing for Other… chooses it; pressing it goes to its text. */

const SHOWN = ".error[id]:not([hidden])";

export const labelOf = (option) => option.closest(".choice").querySelector("b").textContent.trim();
export const chosenLabels = (field) => [...field.querySelectorAll(".choice:not(.choice--other) input:checked:not([value=''])")].map(labelOf);
export const isUnanswered = (field) =>
  !field.querySelector(".choice input:checked:not([value=''])") && ![...field.querySelectorAll(".input")].some((input) => input.value.trim());

function mark(field) {
  const error = field.querySelector(SHOWN);
  const input = field.matches("fieldset") ? null : field.querySelector(".input");
  const described = input ?? field;
  const by = [field.dataset.described, error?.id].filter(Boolean).join(" ");
  if (by) described.setAttribute("aria-describedby", by);
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
  for (const words of document.querySelectorAll("#answer [data-filled-in]")) {
    const inputs = [...words.closest(".field").querySelectorAll(":is(input, textarea)[name]")];
    words.toggleAttribute("data-changed", !inputs.every(isAsFilledIn));
  }
}

/* Of several questions, the first that is wrong may be out of sight */
function toError() {
  const form = document.getElementById("answer");
  if (form?.querySelectorAll("[data-question]").length > 1) form.querySelector(`.field:has(${SHOWN}) :is(.choice input, .input)`)?.focus();
}

function chooseOther(input) {
  const option = input.closest(".choice--other")?.querySelector("[type=radio]");
  if (option && input.matches(".input") && input.value.trim()) option.checked = true;
}

function changed({ target }) {
  const field = target.name && target.closest("#answer .field");
  if (field) {
    hideErrors(field);
    mark(field);
  }
  sayFilledIn();
}

/* Before static/js/draft.js */
document.addEventListener("input", ({ target }) => chooseOther(target), true);
document.addEventListener("click", ({ target, detail }) => {
  if (detail > 0) target.closest?.(".choice--other > label")?.parentElement.querySelector(".input").focus();
});
document.addEventListener("input", changed);
document.addEventListener("change", changed);
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  document.querySelectorAll("#answer .field").forEach(mark);
  sayFilledIn();
  if (ctx?.sourceElement?.closest?.("form[data-answer]")) toError();
});
sayFilledIn();
