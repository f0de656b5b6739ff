/* Replaced parts of a page: where the focus goes, Back and Forward, the snooze dialog, messages. */

import { isPerson } from "./failures.js";

/* ---- Moves the focus after a swap, and on a page that tells what has been done or that focus mode leads to. If the element with
   the focus is gone or hidden, the focus goes to what is new: the result of the answer, else the question, else the empty pane,
   else the list. After a rejected answer it goes to the first invalid field, and once results above the list are dismissed by
   a key, to the list. What the page updates by itself takes no focus: only if the element with the focus was part of it. */


function nextFocus(ctx) {
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
  /* In the list, or in the pane that says nothing beside an empty list. The swap of a question may focusFirst before this one ends */
  ctx.focusInList = ctx.target === list && document.activeElement?.matches("#inbox-list *, [data-select] *");
  const detail = document.getElementById("detail");
  if (task?.target === detail && task.swapSpec.style === "outerHTML" && detail?.contains(document.activeElement)) document.activeElement.blur();
});

document.addEventListener("htmx:after:swap", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const next = nextFocus(event.detail?.ctx);
  next?.focus({ preventScroll: next.tabIndex < 0 });
});

/* The results above the list can be dismissed with the mouse while one types an answer */
document.addEventListener("mousedown", (event) => {
  if (event.target instanceof Element && event.target.closest("#batches button, #returned-answers button")) event.preventDefault();
});

/* A page that was loaded by a form or by leaving focus mode */
function focusFirst() {
  if (document.activeElement !== document.body || document.querySelector("[autofocus], dialog[open]")) return;
  const focusMode = document.querySelector('.list [data-key="f"]');
  const left = focusMode && document.referrer && new URL(document.referrer).pathname === new URL(focusMode.href).pathname;
  if (left || document.querySelector("[data-toast]")) (document.getElementById("inbox-list") ?? document.getElementById("main")).focus({ preventScroll: true });
}
focusFirst();

/* ---- After Back or Forward, htmx fetches the page again and replaces all of it. By then, someone may be typing into it. */

const address = () => location.pathname + location.search;
export const isRestored = (ctx) => Boolean(ctx?.request?.headers["HX-History-Restore-Request"]);
/* The address of what the page shows: that of the browser changes before the response is there */
let shownAddress = address();

document.addEventListener("htmx:after:history:push", () => (shownAddress = address()));
document.addEventListener("htmx:after:history:replace", () => (shownAddress = address()));
/* Back, and then Forward before the page has changed */
document.addEventListener("htmx:before:history:restore", (event) => {
  if (event.detail.path === shownAddress) event.preventDefault();
});
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!isRestored(ctx)) return;
  /* The person has opened something else since */
  if (ctx.request.action !== address()) return event.preventDefault();
  shownAddress = address();
});

/* ---- Opens the dialog #snooze when its form has arrived, and closes it when the question has been snoozed or a request failed.
   The browser returns the focus to where it was: before the swap, so that what is new can take it from there. */

const snoozeDialog = () => document.getElementById("snooze");

document.addEventListener("htmx:after:swap", ({ detail }) => {
  if (detail?.ctx?.target?.id === "snooze" && detail.ctx.swap !== "none" && !snoozeDialog().open) snoozeDialog().showModal();
});
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  if (snoozeDialog()?.open && snoozeDialog().contains(ctx.sourceElement) && ctx.response.status < 400) snoozeDialog().close();
});
/* The next dialog begins empty */
document.addEventListener("close", ({ target }) => target.id === "snooze" && target.replaceChildren(), true);
document.addEventListener("htmx:error", ({ detail }) => {
  if (snoozeDialog()?.contains(detail?.ctx?.sourceElement)) snoozeDialog().close();
});
document.addEventListener("click", (event) => {
  if (!snoozeDialog()?.open || !(event.target instanceof Element)) return;
  const closes = event.target.closest("[data-closes]");
  if (event.target !== snoozeDialog() && !closes) return;
  event.preventDefault();
  snoozeDialog().close();
});

/* ---- Toasts disappear by themselves, later if the pointer or the focus is on them, or when dismissed. New ones replace earlier
   ones: a stack would cover the question that is open by then. */

const STAY_MS = 7000;
const READ_MS = 500;
const timers = new WeakMap();
/* A touch screen keeps the last tap as :hover */
const hovers = matchMedia("(hover: hover)");

function removeToast(toast) {
  if (toast.matches(hovers.matches ? ":hover, :focus-within" : ":focus-within")) keepToast(toast);
  else toast.remove();
}

function keepToast(toast) {
  clearTimeout(timers.get(toast));
  timers.set(toast, setTimeout(removeToast, STAY_MS, toast));
}

/* An answer that could not be sent has a notice above the list. Where that isn't seen, a toast says so */
const returned = () => [...document.querySelectorAll("#returned-answers [data-returned]")];
const announced = new Set(returned().map(({ dataset }) => dataset.returned));

function announceReturned() {
  for (const toast of returned()) {
    const { returned: number } = toast.dataset;
    if (!announced.has(number) && !toast.parentElement.checkVisibility()) document.getElementById("toasts").append(toast.content.cloneNode(true));
    announced.add(number);
  }
}

function updateToasts() {
  announceReturned();
  const toasts = [...document.querySelectorAll("[data-toast]")];
  const fresh = toasts.filter((toast) => !timers.has(toast));
  if (fresh.length) toasts.filter((toast) => timers.has(toast)).forEach((toast) => toast.remove());
  fresh.forEach(keepToast);
}

/* A message about the last answer could be mistaken for one about this answer */
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.closest?.("[data-sends=respond]")) document.querySelectorAll("#toasts > [data-toast]").forEach((toast) => toast.remove());
});
document.addEventListener("click", (event) => {
  const toast = event.target instanceof Element && event.target.closest("[data-dismiss]")?.closest("[data-toast]");
  if (!toast) return;
  if (toast.contains(document.activeElement)) document.getElementById("main").focus({ preventScroll: true });
  toast.remove();
});
document.addEventListener("htmx:after:swap", updateToasts);
updateToasts();

/* A screen reader reads what is added to a live region, but not what came with the page. So that text is hidden from it for a
   moment, and is added once it knows the empty region */
const loadedTexts = [...document.querySelectorAll("#toasts > [data-toast] > span")];
for (const text of loadedTexts) text.setAttribute("aria-hidden", "true");
const readLoaded = () => setTimeout(() => loadedTexts.forEach((text) => text.removeAttribute("aria-hidden")), READ_MS);
if (document.readyState === "complete") readLoaded();
else addEventListener("load", readLoaded);

/* ---- On a phone the bar of a held answer, the messages and the freshness mark stand below the bar of the page, each in a space
   of its own (static/css/small-screens.css). The space comes with the page, with what an answer has led to, or once the page is no
   longer live. It stays when the answer has been sent, the message is gone or the page is live again, until something else is
   opened: nothing moves under the thumb. In the list, where a wrong tap answers nothing and one may stay for long, the space of a
   held answer goes with its bar. */

const HELD = "data-held";
const TOASTS = "data-toasts";
const NOT_LIVE = "data-not-live";
const root = document.documentElement;
const opened = () => document.getElementById("detail")?.dataset.interactionId;
let openedBefore = opened();

/* Below the bar of the page and a notice of what failed, however many lines these and the messages have */
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets.push(sheet);
const sizes = {};

function setSize(name, height) {
  if (sizes[name] === height) return;
  sizes[name] = height;
  sheet.replaceSync(`:root { ${Object.entries(sizes).map(([each, pixels]) => `--${each}: ${pixels}px;`).join(" ")} }`);
}

const visible = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());

/* Where the part of the page below its bar is. The list beside a question isn't shown on a phone */
const contentTop = () => visible("main .bar + *")[0]?.getBoundingClientRect().top ?? 0;

function keepSpace(room, needed, another) {
  if (another) root.toggleAttribute(room, needed);
  else if (needed) root.setAttribute(room, "");
}

/* Keeps the view in place: the page is scrolled by as much as it has become longer. another: something else
   has been opened */
function keepRoom(another) {
  const was = contentTop();
  const heights = visible("#toasts > .toast").map((toast) => toast.offsetHeight);
  const height = heights.reduce((sum, each) => sum + each, 0);
  keepSpace(HELD, document.querySelector(".toast--held") !== null, another || visible("#inbox-list").length > 0);
  keepSpace(TOASTS, height > 0, another);
  if (height && (another || height > (sizes.toasts ?? 0))) setSize("toasts", height);
  const [mark] = visible("#freshness:not(.fresh--live, .fresh--unknown)");
  keepSpace(NOT_LIVE, Boolean(mark), another);
  /* More than its own height if its text has become longer */
  if (mark) setSize("fresh", mark.scrollHeight);
  if (!another) scrollBy({ top: contentTop() - was, behavior: "instant" });
}

document.addEventListener("htmx:after:swap", () => {
  const another = opened() !== openedBefore;
  openedBefore = opened();
  keepRoom(another);
});
new MutationObserver(() => keepRoom(false)).observe(root, { attributeFilter: ["data-live"] });
/* A tablet that was turned, or a window that has become as narrow as a phone: heights were those of another layout */
matchMedia("(max-width: 760px)").addEventListener("change", () => keepRoom(true));
keepRoom(true);

const bars = new ResizeObserver(([{ target }]) => {
  const { height } = target.getBoundingClientRect();
  if (height) setSize("page-bar", height);
});

function measure() {
  bars.disconnect();
  for (const bar of visible("main .bar")) bars.observe(bar);
}

document.addEventListener("htmx:after:swap", measure);
measure();

/* The bar of the page stays below the notice */
new ResizeObserver(([{ target }]) => setSize("failed", target.getBoundingClientRect().height)).observe(document.getElementById("request-status"));
