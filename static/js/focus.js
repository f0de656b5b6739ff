/* Moves the focus after a swap, and on a page that tells what has been done or that focus mode leads to. If the element with
   the focus is gone or hidden, the focus goes to what is new: the result of the answer, else the question, else the empty pane,
   else the list. After a rejected answer it goes to the first invalid field, and once results above the list are dismissed by
   a key, to the list. What the page updates by itself takes no focus: only if the element with the focus was part of it. */

import { isPerson } from "./failures.js";

function place(ctx) {
  const status = ctx?.response?.status;
  const wrong = status === 422 && document.querySelector("#batch-comment[aria-invalid], #answer .field:has(.error:not([hidden])) :is(.input, input:not([type=search]))");
  if (wrong) return wrong;
  const focused = document.activeElement;
  if (focused && focused !== document.body && focused.checkVisibility()) return null;
  if (ctx?.leavesFocus) return null;
  if (ctx?.focusAfter) return document.querySelector(ctx.focusAfter) ?? document.getElementById("main");
  const list = document.getElementById("inbox-list");
  if ((ctx?.focusInList || ctx?.target?.id === "batches") && list?.checkVisibility()) return list;
  if (ctx?.target?.matches?.("[data-nudge]")) return ctx.target;
  const another = ctx?.target?.id === "detail" || ctx?.request?.headers["HX-History-Restore-Request"];
  const places = ["#outcome", "#question", ...(another ? ["#detail :is(h1, h2)", "#inbox-list"] : [])];
  /* On a narrow screen the list replaces an empty pane */
  const next = places.map((each) => document.querySelector(each)).find((each) => each?.checkVisibility());
  if (next) next.tabIndex = -1;
  return next;
}

/* htmx restores the focus to the element with the same id. In another question that is another field, and what is still being
   typed must not go into it. */
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  const task = tasks?.find((each) => each.type === "main");
  const list = document.getElementById("inbox-list");
  ctx.leavesFocus = document.activeElement === document.body && !ctx.losesFocus && !isPerson(ctx);
  /* The swap may remove the link that was pressed */
  if (ctx.sourceElement === document.activeElement) ctx.focusAfter = ctx.sourceElement.dataset.focusAfter;
  /* In the list, or in the pane that says nothing beside an empty list. The swap of a question may begin before this one ends */
  ctx.focusInList = ctx.target === list && document.activeElement?.matches("#inbox-list *, [data-select] *");
  const detail = document.getElementById("detail");
  if (task?.target === detail && task.swapSpec.style === "outerHTML" && detail?.contains(document.activeElement)) document.activeElement.blur();
});

document.addEventListener("htmx:after:swap", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const next = place(event.detail?.ctx);
  next?.focus({ preventScroll: next.tabIndex < 0 });
});

/* The results above the list can be dismissed with the mouse while one types an answer */
document.addEventListener("mousedown", (event) => {
  if (event.target instanceof Element && event.target.closest("#batches button, #returned-answers button")) event.preventDefault();
});

/* A page that was loaded by a form or by leaving focus mode */
function begin() {
  if (document.activeElement !== document.body || document.querySelector("[autofocus], dialog[open]")) return;
  const focusMode = document.querySelector('.list [data-key="f"]');
  const left = focusMode && document.referrer && new URL(document.referrer).pathname === new URL(focusMode.href).pathname;
  if (left || document.querySelector("[data-toast]")) (document.getElementById("inbox-list") ?? document.getElementById("main")).focus({ preventScroll: true });
}
begin();
