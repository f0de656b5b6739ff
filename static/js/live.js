/* Says when the page is not live. The stream itself is htmx's: it reconnects with its cursor and pauses in hidden tabs.
   While it is broken for longer than a moment, #freshness says so and <html data-live="lost">; when it is back the
   page is told to read itself again. A stream that could not even begin is begun again here, which htmx does not do. */

const PATIENCE_MS = 3000;
const RETRY_S = [1, 2, 5, 10, 30];
let patience = 0;
let tries = 0;

const root = document.documentElement;
const isStream = (element) => element instanceof Element && element.hasAttribute("hx-sse:connect");

function tell(state, words) {
  root.dataset.live = state;
  const place = document.getElementById("freshness");
  if (!place) return;
  if (words) {
    place.classList.add("fresh--stale");
    place.querySelector("span").textContent = words;
  }
}

function lost() {
  if (root.dataset.live === "gone" || patience) return;
  patience = setTimeout(() => tell("lost", "Not live: trying to connect again"), PATIENCE_MS);
}

function back() {
  clearTimeout(patience);
  patience = 0;
  tries = 0;
  const was = root.dataset.live;
  root.dataset.live = "on";
  /* #freshness reads itself again on this; the list and the question as well, in case something was missed */
  if (was === "lost") document.body.dispatchEvent(new CustomEvent("resync"));
}

function beginAgain(element) {
  lost();
  const wait = RETRY_S[Math.min(tries++, RETRY_S.length - 1)];
  setTimeout(() => {
    if (!element.isConnected || element._htmx?.sse) return;
    htmx.ajax("GET", element.getAttribute("hx-sse:connect"), { source: element });
  }, wait * 1000);
}

/* The wait before a new connection spreads a crowd that lost the server together. A tab that is shown again is no
   crowd: it connects at once. The wait begins right after this event, hence the microtask. */
let away = false;
document.addEventListener("visibilitychange", () => {
  away ||= document.hidden;
});
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (!away || document.hidden) return;
  away = false;
  queueMicrotask(() => event.detail.connection.delayCanceller?.());
});

document.addEventListener("htmx:sse:after:connection", back);
document.addEventListener("htmx:sse:error", lost);
document.addEventListener("htmx:sse:close", (event) => {
  if (event.detail?.reason === "message") {
    clearTimeout(patience);
    tell("gone", "No longer live: reload the page");
  }
});
/* The first request of the stream failed: signed out and not found end it, all else is tried again */
document.addEventListener("htmx:response:error", (event) => {
  const ctx = event.detail?.ctx;
  if (!isStream(ctx?.sourceElement)) return;
  const status = ctx.response?.status;
  if (status === 401 || status === 403 || status === 404) tell("gone", "No longer live: reload the page");
  else beginAgain(ctx.sourceElement);
});
document.addEventListener("htmx:error", (event) => {
  const ctx = event.detail?.ctx;
  if (isStream(ctx?.sourceElement) && !ctx.response) beginAgain(ctx.sourceElement);
});
/* Whatever a failed stream answered is not a fragment of the page */
document.addEventListener("htmx:before:swap", (event) => {
  const ctx = event.detail?.ctx;
  if (isStream(ctx?.sourceElement) && ctx.response && !ctx.response.raw?.ok) event.preventDefault();
});
addEventListener("offline", lost);
