/* When input may decide. This file filters keys, presses and submits before any other script sees them. What it refuses is
   dropped, never queued, and nothing on the page says so unless a rule below does. The rules:

   1. Typing that has lost its field is still typing. Keys do nothing until the person has paused for PAUSE_MS, or has clicked,
      tapped, or pressed Tab or Esc, once
      - the field or choice with the focus has been removed, hidden or disabled;
      - a key that goes to a field finds none, because the question has just closed or another one is opening;
      - a letter has been typed on a choice that isn't one of the shortcuts there (isTextOnChoice).
      Sending an answer removes the field as well, but the person meant that, so there is no pause.
   2. What has just appeared decides nothing. Keys and presses are ignored for SHOWN_MS by
      - an answer form: its options as well as its buttons;
      - "Send again", Claim and Release;
      - Claim and Release of the rows beside one that has just left the list: they may have moved under the pointer;
      - the button that confirms a batch, which is on a page of its own.
      Presses alone are ignored for as long by the link back from that page, which is where the buttons of the selection were,
      and by Discard of a form that has closed and the link to the next open question, which are where its buttons were. The
      confirm step of a question ignores keys and presses for STEP_MS. A press counts from when it begins, not from when it is
      released.
      The form says that it has ignored a key or press (templates/interactions/_hint.html). If that was to choose an option,
      nothing is sent until the person has clicked, chosen or typed something else in the form: otherwise the option that was
      chosen before would be sent. The form of a question that changes while it is open does the same.
   3. Running text decides nothing. A key that answers, or confirms an answer, within KEY_MS of a letter that does neither is
      part of what someone types without looking. After G, which leads to another page, a letter answers nothing either. A digit
      that this rule or rule 1 takes for typing may have been meant to choose an option, which is treated as in rule 2.
   4. An undo takes back one answer, or what a message is about.
      - A second press does nothing until SHOWN_MS after its response.
      - The bar that offers it may appear under the thumb, so it ignores presses by pointer or touch for SHOWN_MS, and so does
        its place on a phone once it has gone. The bar of the answer just given on this page takes a click if the mouse was
        elsewhere when the bar appeared. The bar says that it has ignored a press.
      - A bar that isn't of the last answer given on this page came by itself, so it ignores keys too.
      - While an answer is being sent and its bar is still to come, the key does nothing: it is meant for that answer.
   5. A question that the person has left takes no answer while the next one loads.
   6. An answer is sent once, as it stands: while it is being sent, its buttons do nothing and its fields take no text, which
      would be lost once it has arrived.
   7. Enter in a field of an answer form does not send it, and a form whose question has closed sends nothing.
   8. A key means the row that the person has marked. When that row leaves the list, the mark moves to another one. The keys that
      open, select, claim, release or answer then do nothing until the person has moved the mark with J or K, has paused for
      PAUSE_MS, or has clicked, tapped, or pressed Tab or Esc. J or K within KEY_MS doesn't count: it was meant to move on from
      the row that has left.
   9. An answer leads to the next question by itself. While that one ignores answers, its buttons Next and Previous do nothing
      either: the press was meant for the question before, and would skip one. */

import { isGoing } from "./sequence.js";

const PAUSE_MS = 1500;
const KEY_MS = 400;
const SHOWN_MS = 600;
const STEP_MS = 400;
/* A click this far from where the mouse was before is meant for what has appeared */
const AIMED_PX = 48;

/* Where typing is text */
export const FIELD = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";
/* Where an answer or a comment is typed */
export const TEXT = "textarea, input[name=value]:not([type=radio], [type=checkbox])";
const FORM = "form[data-answer]";
const ROW = ".list .row";
const STEP = "[data-step]";
const RESEND = "#request-status button[data-sends]";
/* Where a held answer can be undone, and where a later action can */
const HELD = ".toast--held";
const UNDOES = "[data-undoes], #toasts [data-key=z]";
const UNDO = `${HELD} button, ${UNDOES}`;
/* One becomes the other in its place */
const CLAIM = "button:is([data-sends=claim], [data-sends=release])";
/* Where the buttons of the form were */
const INSTEAD = "#detail a[data-key=n], #detail [data-discard]";
const SHOWN = [FORM, STEP, RESEND, CLAIM, INSTEAD, HELD].join();
const STEPS = "#detail :is([data-key=j], [data-key=k])";
const CHOICE = `${FORM} .choice`;
const BATCH = "form[data-step]";
/* Forms that say when they have ignored a key or press */
const SAYS = `${FORM}, ${BATCH}`;
const DECIDES = `${FORM} button[type=submit]:not([formaction]), ${STEP} button[type=submit], ${RESEND}, ${CLAIM}`;

const shownAt = new WeakMap();
const sending = new WeakSet();
/* Requests that send an answer, and the question that was open then */
const answered = new WeakMap();
/* The request that sends an answer; null once its response is there */
let answering = null;
/* The bar of the last answer that was given on this page, by its id */
let ownBar = "";
/* Bars that came by themselves: of an answer given elsewhere, or of an earlier one */
const unexpected = new WeakSet();
/* Where the mouse is, and where it was when each bar appeared */
let mouse = null;
/* The last press by pointer or touch, when it began */
let pressed = null;
const mouseAt = new WeakMap();
/* Forms that say that a key came too early, and whether it was to choose an option */
const ignored = new WeakMap();
let field = null;
let pausedUntil = 0;
let row = null;
let rowLostAt = -Infinity;
let rowPausedUntil = 0;
let strayAt = -Infinity;
/* The request of an undo; null once it has ended */
let undo = null;
let undoneAt = -Infinity;
let heldGoneAt = -Infinity;
/* When an answer has led to the next question */
let movedOnAt = -Infinity;
/* The request for another question that the person has opened; null once it has ended */
let next = null;

function drop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

const isPaused = () => performance.now() < pausedUntil;
const pause = () => (pausedUntil = performance.now() + PAUSE_MS);
const isRowPaused = () => performance.now() < rowPausedUntil;
const pauseRow = () => (rowPausedUntil = performance.now() + PAUSE_MS);
const resume = () => (pausedUntil = rowPausedUntil = 0);
const isGone = (element) => !element.isConnected || element.matches(":disabled") || !element.checkVisibility();

function pauseIfGone() {
  if (field && isGone(field)) {
    field = null;
    pause();
  }
  if (row && !row.isConnected) {
    row = null;
    rowLostAt = performance.now();
    pauseRow();
  }
}

function noteShown(root) {
  if (!(root instanceof Element)) return;
  const found = [...root.querySelectorAll(SHOWN)];
  if (root.matches(SHOWN)) found.push(root);
  for (const element of found) shownAt.set(element, performance.now());
}

const isHeld = (node) => node instanceof Element && node.matches(HELD);

/* gone: the bars that these changes remove. A bar that is only rendered again is not a new one */
function noteHeld({ addedNodes }, gone) {
  for (const bar of [...addedNodes].filter(isHeld)) {
    const before = gone.find((each) => each.id === bar.id);
    if (before) shownAt.set(bar, shownAt.get(before));
    if (before ? unexpected.has(before) : bar.id !== ownBar) unexpected.add(bar);
    mouseAt.set(bar, before ? mouseAt.get(before) : mouse);
  }
}

/* Between two rows there may be white space */
function noteMoved({ previousSibling: above, nextSibling: below }) {
  noteShown(above instanceof Text ? above.previousElementSibling : above);
  noteShown(below instanceof Text ? below.nextElementSibling : below);
}

/* element: one of SHOWN, or something in it. event: when the person acted; a busy page hears of it later */
function isTooEarly(element, event) {
  const at = event.type === "click" && event.pointerId === pressed?.pointerId ? pressed.timeStamp : event.timeStamp;
  const shown = element.closest(`${STEP}, ${RESEND}, ${CLAIM}, ${INSTEAD}, ${HELD}`) ?? element.closest(FORM);
  const wait = shown?.matches(`${FORM} ${STEP}`) ? STEP_MS : SHOWN_MS;
  return at - (shownAt.get(shown) ?? -Infinity) < wait;
}

function isAimed(bar, { pointerType, clientX, clientY }) {
  const before = mouseAt.get(bar);
  if (pointerType !== "mouse" || !before || unexpected.has(bar)) return false;
  return Math.hypot(clientX - before.clientX, clientY - before.clientY) > AIMED_PX;
}

function sayPressAgain(bar) {
  const place = bar.querySelector("[data-too-early]");
  place.textContent = place.dataset.tooEarly;
  place.setAttribute("hx-morph-skip", "");
}

/* Where the bar that offers an undo has just been; only on a phone it keeps its place */
function wasHeld({ timeStamp, clientX, clientY }) {
  const place = timeStamp - heldGoneAt < SHOWN_MS && document.getElementById("held-answers")?.getBoundingClientRect();
  return place && !document.querySelector(HELD) && clientX >= place.left && clientX < place.right && clientY >= place.top && clientY < place.bottom;
}

/* The confirm step has its own, where it moves none of its buttons */
const hintOf = (form) => form.querySelector("[data-step] [data-hint]") ?? form.querySelector("[data-hint]");

/* why: "how" or "howByKey" for a key that sends where the answer is a button, "tooEarly", "typed" for a key on an option or one that would have chosen one, or "changed" for the question */
export function sayIgnored(form, chooses, why = "tooEarly") {
  const hint = hintOf(form);
  /* A preview that can't be confirmed has none */
  if (!hint) return;
  ignored.set(form, chooses || ignored.get(form) === true);
  hint.textContent = hint.dataset[ignored.get(form) ? `${why}ToChoose` : why];
  /* A page part that reloads itself leaves it alone */
  hint.setAttribute("hx-morph-skip", "");
}

/* Other options may have come to the places of those that were chosen. What the server has goes by their values */
function noteChanged(form) {
  noteShown(form);
  const options = [...form.querySelectorAll(".choice input")];
  for (const option of options) option.checked = option.defaultChecked;
  sayIgnored(form, options.length > 0, "changed");
}

/* The person has gone on in the form on purpose */
function settle(form) {
  if (!ignored.delete(form)) return;
  for (const hint of form.querySelectorAll("[data-hint]")) {
    hint.textContent = "";
    hint.removeAttribute("hx-morph-skip");
  }
}

const isLetter = (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
const isSend = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey);

/* The key of the button in a confirm step */
const confirms = (event) => isLetter(event) && Boolean(document.querySelector(`${STEP} [data-key="${CSS.escape(event.key.toLowerCase())}"]`));

/* Letters that neither answer nor move through the list; Space presses a button */
const isStray = (event) => isLetter(event) && !/[ar1-9jk? ]/i.test(event.key) && !confirms(event);
const isRunningText = (event) => event.timeStamp - strayAt < KEY_MS;

/* m, / and Enter go to a field. Where there is none (any more), what is typed next was meant for it */
function missesField({ key }, target) {
  if (/^m$/i.test(key) && isElsewhere(target)) return true;
  /* On the row of a preview, Enter opens the question */
  if (key === "Enter" && target.matches(ROW) && history.state?.beforePreview) return false;
  if (key === "Enter") return target.matches("body, #main, #question, .row[aria-current]") && document.getElementById("question") && !document.querySelector(FORM);
  return /^[m/]$/i.test(key) && ![...document.querySelectorAll(`[data-key="${key.toLowerCase()}"]`)].some((each) => !isGone(each));
}

/* On the row of another question, keys for the question open it */
function isElsewhere(target) {
  const marked = target.closest(ROW);
  return marked !== null && marked.dataset.interactionId !== document.getElementById("detail")?.dataset.interactionId;
}

/* While rows are selected, A and R lead to the preview of their batch, which asks */
const isForSelection = ({ key }) => document.body.hasAttribute("data-selected") && document.querySelector(`#list-select [data-key="${CSS.escape(key.toLowerCase())}"]`)?.checkVisibility();

/* Whether a key that answers would do so in this form: not every form has options, or the buttons A and R */
function answersIn(form, event) {
  if (isSend(event)) return true;
  if (document.body.dataset.keys === "off") return false;
  return form.querySelector(/[1-9]/.test(event.key) ? ".choice" : `[data-key="${event.key.toLowerCase()}"]`) !== null;
}

/* The hint says to choose again */
const leadToOptions = (form) => (form.querySelector(".choice input:checked") ?? form.querySelector(".choice input")).focus();

function dropTooEarly(form, event, target, why) {
  drop(event);
  if (!event.repeat && !isElsewhere(target) && answersIn(form, event)) sayIgnored(form, /[1-9]/.test(event.key), why);
}

/* A key that is taken for typing */
function dropTyped(form, event, target) {
  if (form && /^[1-9]$/.test(event.key)) dropTooEarly(form, event, target, "typed");
  else drop(event);
}

const movesMark = (event) => isLetter(event) && /[jk]/i.test(event.key) && event.timeStamp - rowLostAt >= KEY_MS;
const actsOnMark = (event) => event.key === "Enter" || (isLetter(event) && /[acerx1-9]/i.test(event.key));

const isTextOnChoice = (event, target) => isLetter(event) && /^(?![acegijkmnrtz])\p{L}$/iu.test(event.key) && target.matches(`${FORM} input`);

function onKey(event) {
  if (event.key === "Tab" || event.key === "Escape") return resume();
  const target = event.target instanceof Element ? event.target : document.body;
  const typing = target.closest(FIELD) !== null;
  const form = target.closest(FORM) ?? document.querySelector(FORM);
  if (isPaused() && !typing) {
    pause();
    if (isLetter(event) || event.key === "Enter") dropTyped(form, event, target);
    return;
  }
  if (!typing && isLetter(event) && isGoing(event)) {
    strayAt = event.timeStamp;
    return;
  }
  if (!typing && movesMark(event)) rowPausedUntil = 0;
  if (!typing && isRowPaused() && actsOnMark(event)) {
    pauseRow();
    drop(event);
    return;
  }
  const isText = !typing && isTextOnChoice(event, target);
  if (isText || (!typing && missesField(event, target))) pause();
  const answers = isSend(event) || (!typing && isLetter(event) && /[ar1-9]/i.test(event.key) && !isForSelection(event));
  if (!typing && isStray(event)) strayAt = event.timeStamp;
  if (isText) {
    drop(event);
    if (document.body.dataset.keys !== "off") sayIgnored(form, false, "typed");
  } else if (form && answers && next && !isElsewhere(target)) drop(event);
  else if (form && answers && isTooEarly(form.querySelector(STEP) ?? form, event)) dropTooEarly(form, event, target);
  else if (form && isSend(event) && ignored.get(form) && !isElsewhere(target)) {
    drop(event);
    leadToOptions(form);
  } else if (form && answers && !typing && isRunningText(event)) {
    strayAt = event.timeStamp;
    dropTyped(form, event, target);
  }
  else if (event.key === "Enter" && !isSend(event) && target.matches(`${FORM} input`)) event.preventDefault();
}

function onClick(event) {
  if (!(event.target instanceof Element)) return;
  /* A click made by a key or by a script has neither */
  const byPointer = event.detail > 0 || Boolean(event.pointerType);
  if (byPointer && wasHeld(event)) return drop(event);
  if (event.target.closest(STEPS) && event.timeStamp - movedOnAt < SHOWN_MS) return drop(event);
  const choice = event.target.closest(CHOICE);
  if (choice && byPointer && isTooEarly(choice, event)) {
    sayIgnored(choice.closest(FORM), true);
    return drop(event);
  }
  const held = event.target.closest(HELD);
  if (held && (byPointer ? !isAimed(held, event) : unexpected.has(held)) && isTooEarly(held, event)) {
    if (event.target.closest(UNDO)) sayPressAgain(held);
    return drop(event);
  }
  if (event.target.closest(UNDO)) {
    const isForAnother = answering && !byPointer && held?.id !== ownBar;
    if (undo || event.timeStamp - undoneAt < SHOWN_MS || isForAnother) return drop(event);
    undoneAt = event.timeStamp;
  }
  const instead = event.target.closest(INSTEAD);
  if (instead && byPointer && isTooEarly(instead, event)) return drop(event);
  const back = event.target.closest(`${BATCH} a`);
  if (back && byPointer && isTooEarly(back, event)) {
    sayIgnored(back.closest(BATCH), false);
    return drop(event);
  }
  const control = event.target.closest(DECIDES);
  if (!control) return settle(event.target.closest(SAYS));
  const isStrayPress = !byPointer && !control.matches(CLAIM) && isRunningText(event);
  const form = control.closest(SAYS);
  const tooEarly = isTooEarly(control, event);
  const isLeft = form && next;
  const choosesFirst = ignored.get(form) === true;
  if (sending.has(control.form) || tooEarly || isLeft || isStrayPress || choosesFirst) drop(event);
  else settle(form);
  if (form && tooEarly) sayIgnored(form, false);
  else if (choosesFirst) leadToOptions(form);
}

function onSubmit(event) {
  const form = event.target;
  if (!form.matches(FORM) || event.submitter?.hasAttribute("formaction")) return;
  if (sending.has(form) || form.closest("[data-closed]") || isTooEarly(form.querySelector(STEP) ?? form, event)) drop(event);
}

function onInput(event) {
  if (sending.has(event.target.form)) drop(event);
}

addEventListener("keydown", onKey, true);
addEventListener("beforeinput", onInput, true);
addEventListener("click", onClick, true);
addEventListener("input", ({ target }) => settle(target.form), true);
addEventListener("submit", onSubmit, true);
addEventListener("pointerdown", resume, true);
addEventListener("pointerdown", ({ pointerId, timeStamp }) => (pressed = { pointerId, timeStamp }), true);
addEventListener("mousemove", ({ clientX, clientY }) => (mouse = { clientX, clientY }), true);

addEventListener("focusin", (event) => {
  pauseIfGone();
  /* A dialog with a field is left by the person, and the focus returns to where it was */
  field = event.target.closest("dialog") ? null : event.target.closest(`${FIELD}, ${FORM} input`);
  row = event.target.closest(ROW);
});
/* After whatever took the focus away is done: the field or row is gone, or the person has left it */
addEventListener("focusout", () =>
  queueMicrotask(() => {
    pauseIfGone();
    if (field !== document.activeElement) field = null;
    if (row !== document.activeElement) row = null;
  }),
);

const isAnswer = (ctx) => Boolean(ctx.sourceElement?.closest?.("[data-sends=respond]"));
const isUndo = (ctx) => Boolean(ctx.sourceElement?.matches?.(UNDOES));

/* By the link to the next question, or by the row of another one. Previews and a pane that reloads itself don't count */
const isNext = (ctx) => ctx.target?.id === "detail" && ctx.request.method === "GET" && !ctx.previewed && ctx.sourceElement?.id !== "detail";

const openQuestion = () => document.getElementById("detail")?.dataset.interactionId;

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (isNext(ctx)) next = ctx;
  if (isUndo(ctx)) undo = ctx;
  if (!isAnswer(ctx)) return;
  sending.add(ctx.request.form);
  answered.set(ctx, openQuestion());
  answering = ctx;
  ownBar = `held-${openQuestion()}`;
  field = null;
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx === answering) answering = null;
});
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (answered.has(ctx) && answered.get(ctx) !== openQuestion()) movedOnAt = performance.now();
});
/* By now an answer that was accepted has brought the next question; any other may be sent again */
document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  if (ctx === next) next = null;
  if (ctx === answering) answering = null;
  if (ctx === undo) {
    undo = null;
    undoneAt = performance.now();
  }
  if (isAnswer(ctx)) sending.delete(ctx.request.form);
});

new MutationObserver((changes) => {
  const gone = changes.flatMap(({ removedNodes }) => [...removedNodes].filter(isHeld));
  if (gone.length) heldGoneAt = performance.now();
  for (const change of changes) {
    change.addedNodes.forEach(noteShown);
    if (change.attributeName === "data-sends" || change.attributeName === "data-closed") noteShown(change.target);
    if (change.attributeName === "data-version" && change.oldValue) noteChanged(change.target);
    if (change.removedNodes.length && change.target.matches(".rows")) noteMoved(change);
    noteHeld(change, gone);
  }
  pauseIfGone();
}).observe(document.body, { childList: true, subtree: true, attributes: true, attributeOldValue: true, attributeFilter: ["disabled", "hidden", "data-closed", "data-sends", "data-version"] });
addEventListener("pageshow", (event) => event.persisted && noteShown(document.body));
/* Until then, a page that has been loaded shows nothing yet */
new PerformanceObserver(() => noteShown(document.body)).observe({ type: "paint", buffered: true });
noteShown(document.body);
