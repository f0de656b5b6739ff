/* When input may decide. This file sees keys, presses and submits before any other script, and drops what must not count:
   - What has just appeared or changed ignores keys and presses for FRESH_MS (GUARDED). A ring in its buttons fills meanwhile
     (data-fresh). If that was to choose an option, nothing is sent until the person has chosen one.
   - A confirm step ignores presses by pointer or touch for as long, and no keys: static/js/confirm.js.
   - An answer is sent once, as it stands: meanwhile its buttons do nothing and its fields take no text.
   - A question that the person has left takes no answer while the next one loads.
   - Enter in a field of an answer form doesn't send it, and a form whose question has closed sends nothing.
   - With "Send with undo", text that is typed without a field takes back what its letters have answered
     (static/js/answer-rules.js). An answer that is being sent is undone once its response is there. */

import { FRESH_MS, afterKey, answered, atRest, beforeKey, forgotten, isPrintable, isSend } from "./answer-rules.js";

/* Where typing is text */
export const FIELD = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";
/* Where an answer or a comment is typed */
export const TEXT = "textarea, form[data-answer] input.input";
export const STEP = "[data-step]:not([hidden])";
const FORM = "form[data-answer]";
const BATCH = "form[data-batch]";
const RESEND = "#request-status button[data-sends]";
const CLAIM = "button:is([data-sends=claim], [data-sends=release])";
/* A row that offers to claim or release it. Its buttons come only when they may be needed: what counts is when it began to */
const ROW = ".row-with:is([data-acts~=c], [data-acts~=e])";
const GUARDED = [FORM, BATCH, STEP, RESEND, `${CLAIM}:not([data-row-key])`, ROW].join();
const CHOICE = `${FORM} .choice`;
const DECIDES = `${FORM} button[type=submit]:not([formaction]), ${BATCH} :is(a, button), ${STEP} :is(a, button), ${RESEND}, ${CLAIM}`;
const UNDO = "#held-answers button[type=submit]";

const shownAt = new WeakMap();
const sending = new WeakSet();
/* Forms in which choosing an option was ignored */
const unchosen = new WeakSet();
/* The last press by pointer or touch, when it began */
let pressed = null;
/* A letter is being pressed */
let letter = false;
/* Requests that send an answer to the open question, undo one, or open another question; null once they have ended */
let answering = null;
let undoing = null;
let next = null;
/* How many more answers Z has been pressed for, and the questions whose answers are taken back, while one of these is on its way */
let owed = 0;
let takenBack = [];

function drop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/* The form says one of the texts of templates/interactions/_hint.html; nothing without a name */
export function say(form, name = "") {
  const hint = form?.querySelector("[data-hint]");
  if (!hint) return;
  hint.textContent = name && hint.dataset[name];
  hint.dataset.hint = name;
  /* A page part that reloads itself leaves it alone */
  hint.toggleAttribute("hx-morph-skip", Boolean(name));
}

/* ---- What has just appeared */

function noteShown(root) {
  if (!(root instanceof Element)) return;
  const found = [...root.querySelectorAll(GUARDED)].concat(root.matches(GUARDED) ? root : []);
  for (const element of found) {
    shownAt.set(element, performance.now());
    element.setAttribute("data-fresh", "");
  }
  if (found.length) setTimeout(() => found.forEach((element) => isFresh(element, performance.now()) || element.removeAttribute("data-fresh")), FRESH_MS);
}

/* What a row offers: to claim its question, to release it, or neither */
const claimOf = (acts) => /[ce]|$/.exec(acts ?? "")[0];

const isFresh = (element, at) => at - (shownAt.get(element) ?? -Infinity) < FRESH_MS;

/* Other options may have come to the places of those that were chosen. What the server has goes by their values */
function noteChanged(form) {
  noteShown(form);
  const options = [...form.querySelectorAll(".choice input")];
  for (const option of options) option.checked = option.defaultChecked;
  if (options.length) unchosen.add(form);
  say(form, "changed");
}

function onClick(event) {
  const control = event.target instanceof Element && event.target.closest(`${DECIDES}, ${CHOICE}`);
  if (!control) return;
  /* A click made by a key or by a script has neither */
  const byPointer = event.detail > 0 || Boolean(event.pointerType);
  const at = byPointer && event.pointerId === pressed?.pointerId ? pressed.timeStamp : event.timeStamp;
  const step = control.closest(STEP);
  const form = control.closest(`${FORM}, ${BATCH}`);
  const shown = step ?? (control.matches(`${RESEND}, ${CLAIM}`) ? (control.closest(ROW) ?? control) : form);
  const fresh = isFresh(shown, at) && (byPointer || !step);
  const chooses = control.matches(CHOICE);
  if (fresh || sending.has(control.form) || (next && form)) drop(event);
  else if (chooses) return settle(form);
  else if (unchosen.has(form)) {
    drop(event);
    say(form, "choose");
    (form.querySelector(".choice input:checked") ?? form.querySelector(".choice input")).focus();
  }
  if (fresh && chooses) unchosen.add(form);
}

function settle(form) {
  if (unchosen.delete(form) || form?.querySelector('[data-hint="disarmed"]')) say(form);
}

/* ---- Typing */

const now = (event) => performance.timeOrigin + event.timeStamp;
let state = { ...atRest(), ...JSON.parse(sessionStorage.typing ?? "{}") };

/* It survives a change of page. JSON has no -Infinity */
function become(following) {
  state = following;
  sessionStorage.typing = JSON.stringify(state, (_, value) => (value === -Infinity ? undefined : value));
}

function apply(event, { state: following, drop: ignored, undo }) {
  become(following);
  if (ignored) drop(event);
  takenBack.push(...undo);
  goOn();
}

const hasKeys = () => document.body.dataset.keys !== "off";
const undoes = () => document.getElementById("held-answers")?.dataset.guard === "undo" && hasKeys();

/* static/js/keys.js calls this for a key that did nothing here */
export const noShortcut = (event) => undoes() && apply(event, afterKey(state, event, now(event)));

function onKey(event) {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Tab" || event.key === "Escape") return become(atRest());
  if (event.key === "Enter" && !isSend(event) && target.matches(`${FORM} input`)) return event.preventDefault();
  if (target.closest(FIELD) || document.querySelector(STEP)) return;
  letter = isPrintable(event);
  if (letter && event.key.toLowerCase() === "z" && (answering || undoing) && hasKeys()) {
    if (!event.repeat) owed += 1;
    return drop(event);
  }
  setTimeout(() => (letter = false));
  if (undoes() && !event.repeat) apply(event, beforeKey(state, event, now(event)));
}

/* ---- Requests */

const isUndo = (ctx) => Boolean(ctx.sourceElement?.closest?.("#held-answers, [data-undoes]"));
const isAnswer = (ctx) => Boolean(ctx.sourceElement?.closest?.("[data-sends=respond]"));
/* By the link to the next question, or by the row of another one. Previews and a pane that reloads itself don't count */
const isNext = (ctx) => ctx.target?.id === "detail" && ctx.request.method === "GET" && !ctx.previewed && ctx.sourceElement?.id !== "detail";

/* Undoes what has been typed or pressed for since, once nothing is on its way */
function goOn() {
  if (answering || undoing) return;
  const form = document.getElementById("undo-typed");
  if (takenBack.length && form) {
    const ids = takenBack.splice(0);
    form.replaceChildren(...form.querySelectorAll("[type=hidden]:not([name=id])"), ...ids.map((id) => Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: id })));
    form.requestSubmit();
  } else if (owed > 0) {
    owed -= 1;
    document.querySelector(UNDO)?.click();
  }
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (isNext(ctx)) next = ctx;
  if (isUndo(ctx) && ctx.request.method !== "GET") {
    undoing = ctx;
    become(forgotten(state, ctx.sourceElement.dataset.undoes?.split("/").at(-2)));
  }
  if (!isAnswer(ctx)) return;
  answering = ctx;
  sending.add(ctx.request.form);
  say(ctx.request.form);
  ctx.answers = document.getElementById("detail")?.dataset.interactionId;
  if (letter && undoes()) become(answered(state, ctx.answers, performance.timeOrigin + performance.now()));
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.answers && ctx.response?.status >= 400) become(forgotten(state, ctx.answers));
});
/* By now an answer that was accepted has brought the next question; any other may be sent again */
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx === next) next = null;
  if (ctx === answering) answering = null;
  if (ctx === undoing) undoing = null;
  if (isAnswer(ctx)) sending.delete(ctx.request.form);
  goOn();
});

addEventListener("keydown", onKey, true);
addEventListener("click", onClick, true);
addEventListener("beforeinput", (event) => sending.has(event.target.form) && drop(event), true);
addEventListener("input", ({ target }) => settle(target.form), true);
addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches(FORM) || event.submitter?.hasAttribute("formaction")) return;
    if (sending.has(form) || form.closest("[data-closed]")) drop(event);
  },
  true,
);
addEventListener(
  "pointerdown",
  ({ pointerId, timeStamp }) => {
    pressed = { pointerId, timeStamp };
    become(atRest());
  },
  true,
);

new MutationObserver((changes) => {
  for (const { addedNodes, attributeName, oldValue, target } of changes) {
    addedNodes.forEach(noteShown);
    if (attributeName === "data-sends" || (attributeName === "hidden" && target.matches(STEP))) noteShown(target);
    if (attributeName === "data-acts" && claimOf(oldValue) !== claimOf(target.dataset.acts)) noteShown(target);
    if (attributeName === "data-version" && oldValue) noteChanged(target);
  }
}).observe(document.body, { childList: true, subtree: true, attributes: true, attributeOldValue: true, attributeFilter: ["hidden", "data-acts", "data-sends", "data-version"] });
addEventListener("pageshow", (event) => event.persisted && noteShown(document.body));
/* Until then, a page that has been loaded shows nothing yet */
new PerformanceObserver(() => noteShown(document.body)).observe({ type: "paint", buffered: true });
noteShown(document.body);
