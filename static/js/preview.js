/* The row that J or K has marked is shown in the pane once the marker has rested on it, where list and question are side by
   side. A preview leaves the focus in the list and takes the place of the last address. While it is one, the question has
   data-preview: no one is told that the person is there, and its notifications stay unread. It ends, with the event "seen" on
   the body, when the marker has rested for SEEN_MS, or at once when the person opens the question, goes into it or answers it.
   The state of its entry in the history has beforePreview, the address that it has replaced: Enter restores that and opens the
   question in an entry of its own. Switched off with data-preview="off" on the body. */

const REST_MS = 150;
const SEEN_MS = 2000;

let resting = 0;
let seeing = 0;
/* The request of a preview that is on its way */
let coming = null;
/* The pane whose preview has ended */
let ended = null;
/* The row whose preview waits until an answer or a claim has arrived, which will change the pane */
let waiting = null;

const detail = () => document.getElementById("detail");
const isOn = () => document.body.dataset.preview === "on" && document.body.dataset.keys !== "off";
const isInPane = (row) => row.dataset.interactionId === detail()?.dataset.interactionId;
const isBesidePane = (row) => row.checkVisibility() && detail()?.checkVisibility();

function cancel() {
  clearTimeout(resting);
  clearTimeout(seeing);
  const ctx = coming;
  coming = waiting = null;
  ctx?.request.abort();
  if (ctx?.overtakes) document.body.dispatchEvent(new CustomEvent("item"));
}

function show(row) {
  if (row !== document.activeElement || isInPane(row) || !isBesidePane(row)) return;
  if (detail().querySelector(":is(form, button).htmx-request")) {
    waiting = row;
    return;
  }
  const href = row.getAttribute("href");
  /* This aborts the pane's own reload, if one is running */
  const overtakes = detail().matches(".htmx-request");
  htmx.ajax("GET", href, { source: row, target: "#detail", swap: "outerHTML", push: null, replace: "true", headers: { Preview: "true" }, previewed: row, overtakes, byPerson: true });
}

function rest(row) {
  cancel();
  if (isOn()) resting = setTimeout(show, REST_MS, row);
}

function see() {
  clearTimeout(seeing);
  const pane = detail();
  if (!pane?.hasAttribute("data-preview")) return;
  ended = pane;
  pane.removeAttribute("data-preview");
  pane.removeAttribute("hx-headers");
  document.body.dispatchEvent(new CustomEvent("seen"));
}

function seeSoon() {
  clearTimeout(seeing);
  if (!document.hidden && detail()?.hasAttribute("data-preview")) seeing = setTimeout(see, SEEN_MS);
}

document.addEventListener("row:marked", (event) => rest(event.target));
/* What is on its way or in the pane becomes the question that was opened */
document.addEventListener("row:opened", ({ target: row }) => {
  const { href } = location;
  if (coming?.previewed === row) Object.assign(coming, { push: "true", replace: null, isOpened: true });
  if (!isInPane(row)) return;
  history.replaceState({ htmx: true }, "", history.state.beforePreview);
  history.pushState({ htmx: true }, "", href);
});
/* The person starts to work on the question that is shown. A preview that is still loading would replace it */
function goInto(event) {
  if (!(event.target instanceof Element && event.target.closest("#detail"))) return;
  if (!coming?.isOpened) cancel();
  see();
}

document.addEventListener("focusin", goInto);
document.addEventListener("pointerdown", goInto);
document.addEventListener("visibilitychange", seeSoon);

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!ctx.previewed) return;
  coming = ctx;
  ctx.beforePreview = history.state?.beforePreview ?? location.href;
});
/* Another question, or none, is about to come into the pane; a preview that came first would take its place away */
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.closest?.("#detail [data-sends]")) see();
  if (ctx !== coming && ctx.target?.id === "detail" && ctx.sourceElement?.id !== "detail") cancel();
});
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (ctx.previewed && ctx !== coming) event.preventDefault();
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  /* It has reloaded itself by a request from before */
  if (detail() === ended) see();
  if (!ctx?.previewed) return;
  coming = null;
  if (ctx.isOpened) return see();
  history.replaceState({ htmx: true, beforePreview: ctx.beforePreview }, "");
  seeSoon();
});
document.addEventListener("htmx:finally:request", () => {
  if (waiting) rest(waiting);
});
