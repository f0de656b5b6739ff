/* Arms an answer before it is sent. A submit button with data-arms="true" gives its place to the confirm step with
   data-for="true" (templates/components/_confirm_step.html). Keys there: static/js/answer-rules.js; a press or the focus
   elsewhere disarms it. With data-guard="undo" the button submits, except on a touch screen; so does a form without its answer,
   which the server refuses. Without this script the server asks. */

import { armedKey } from "./answer-rules.js";
import { clearErrors, isUnanswered, showError } from "./fields.js";
import { STEP, say } from "./guard.js";

const touches = matchMedia("(pointer: coarse)");
const asksFirst = (form, event) => form.dataset.guard !== "undo" || touches.matches || event.pointerType === "touch";
const armed = () => document.querySelector(STEP);
/* Where the focus was when an answer was armed */
let from = null;

const lacksAnswer = (button) => button.matches("[data-send]") && [...button.form.querySelectorAll("[data-needs-answer]")].some(isUnanswered);

function toggle(step, on) {
  const { form } = step;
  step.hidden = step.disabled = !on;
  form.querySelector("[data-asks]").hidden = on;
  /* A page part that reloads itself leaves an armed answer alone */
  form.toggleAttribute("hx-morph-skip", on);
  form.toggleAttribute("data-armed", on);
}

function arm(button) {
  disarm();
  from = document.activeElement;
  const step = button.form.querySelector(`[data-step][data-for="${button.dataset.arms}"]`);
  toggle(step, true);
  say(button.form, touches.matches ? "armedByTouch" : "armed");
  step.focus({ preventScroll: true });
}

/* back: the focus returns to where it was */
function disarm({ back = false } = {}) {
  const step = armed();
  if (!step) return;
  toggle(step, false);
  say(step.form, "disarmed");
  if (back) (from?.isConnected && from !== document.body ? from : step.form).focus({ preventScroll: true });
  step.form.dispatchEvent(new CustomEvent("answer:disarmed"));
}

function onKey(event) {
  const step = armed();
  if (!step || !step.contains(event.target)) return;
  const buttons = [...step.querySelectorAll("a, button")];
  const place = buttons.indexOf(event.target);
  const act = armedKey(event, place < 0 ? "step" : event.target.matches("[data-confirms]") ? "confirm" : "cancel");
  if (act === "pass") return;
  event.stopImmediatePropagation();
  if (act === "press") return;
  event.preventDefault();
  if (act === "send") step.querySelector("[data-confirms]").click();
  else if (act === "disarm") disarm({ back: true });
  else if (act === "tab") buttons.at((event.shiftKey ? (place < 0 ? -1 : place - 1) : place + 1) % buttons.length).focus();
}

function onClick(event) {
  if (!(event.target instanceof Element)) return;
  if (event.target.closest("[data-disarms]")) {
    event.preventDefault();
    return disarm({ back: true });
  }
  const button = event.target.closest("button[data-arms]");
  if (!button) return;
  if (button.form.id === "answer") clearErrors(button.form);
  const field = button.dataset.needs && button.form.elements.namedItem(button.dataset.needs);
  const byKey = event.detail === 0 && !event.pointerType;
  if (field && (!field.value.trim() || (byKey && document.activeElement !== field))) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (field.value.trim()) field.focus();
    else showError(field);
    /* Ctrl+Enter in the field arms this */
    button.form.dataset.chosen = button.dataset.arms;
    say(button.form, touches.matches ? "" : "reason");
  } else if (asksFirst(button.form, event) && !lacksAnswer(button)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    arm(button);
  }
}

addEventListener("keydown", onKey, true);
addEventListener("pointerdown", (event) => armed()?.contains(event.target) || disarm(), true);
document.addEventListener("click", onClick, true);
document.addEventListener("focusin", ({ target }) => armed()?.contains(target) || disarm());
document.addEventListener("focusout", ({ target }) => target.form && delete target.form.dataset.chosen);
/* The question has closed: there is nothing left to confirm */
document.addEventListener("answer:closed", () => disarm());
/* The response has its own form with the current question, so the old one must not stay */
document.addEventListener("htmx:before:swap", ({ detail }) => detail?.ctx?.request?.form?.removeAttribute("hx-morph-skip"));

/* The server has asked */
function ask() {
  const step = armed();
  if (!step || step.contains(document.activeElement)) return;
  toggle(step, true);
  say(step.form, touches.matches ? "armedByTouch" : "armed");
  step.focus({ preventScroll: true });
}
document.addEventListener("htmx:after:swap", ask);
ask();
