/* Keeps the freshness mark in line with the connection. htmx reconnects the stream and pauses it in hidden tabs. If it is broken
   for longer than a moment, #freshness and <html data-live="lost"> say so, and the page reloads itself once the app responds
   again. A stream that could not begin, or is silent, is restarted here: the app sends something every 15 s. */

import { isStream } from "./failures.js";
import { WORDS } from "./words.js";

const PATIENCE_MS = 3000;
const SILENCE_MS = 35_000;
const RECONNECT_S = [1, 2, 5, 10, 30];
const RETRY_S = [1, 2, 5, 10];
const CALM_MS = 20_000;
const JITTER = 0.3;
const root = document.documentElement;
let patience = 0;
let silence = 0;
let streamLost = false;
let streamTries = 0;
let unreachable = false;
let tries = 0;
let retry = 0;
let recoveredAt = -Infinity;
/* The next connection need not wait: this page was hidden or offline, and is not one of a crowd that lost the server */
let atOnce = false;
/* The request that opens the stream of an element, until it has a response */
const beginning = new WeakMap();
/* The last event of an element's closed stream */
const heardUntil = new WeakMap();

const resync = () => document.body.dispatchEvent(new CustomEvent("resync"));
const later = (delays, count) => delays[Math.min(count, delays.length - 1)] * 1000 * (1 + JITTER * (2 * Math.random() - 1));

function mark(state) {
  root.dataset.live = state;
  const place = document.getElementById("freshness");
  if (!place) return;
  place.className = `fresh fresh--${state === "ended" ? "ended" : "stale"}`;
  place.querySelector("span").textContent = WORDS[state];
}

function lost() {
  clearTimeout(patience);
  patience = 0;
  if (root.dataset.live !== "ended") mark("lost");
}

function broken() {
  streamLost = true;
  if (!patience && !["lost", "ended"].includes(root.dataset.live)) patience = setTimeout(lost, PATIENCE_MS);
}

function retryLater() {
  if (retry) return;
  retry = setTimeout(() => {
    retry = 0;
    resync();
  }, later(RETRY_S, tries++));
}

/* #freshness reloads itself on resync; so do the list and the question, in case something was missed. Where the connection
   comes and goes, or one address keeps failing while others respond, they do so after growing pauses */
function catchUp() {
  const calm = performance.now() - recoveredAt > CALM_MS;
  recoveredAt = performance.now();
  if (!calm) return retryLater();
  clearTimeout(retry);
  retry = tries = 0;
  resync();
}

function settle() {
  if (streamLost || unreachable || root.dataset.live === "ended") return;
  clearTimeout(patience);
  patience = 0;
  const was = root.dataset.live;
  root.dataset.live = "on";
  if (was === "lost") catchUp();
}

/* Where a swap changes the address of an element, htmx sets it up again and forgets the event that its throttle held back */
const forgotten = [];
document.addEventListener("htmx:before:cleanup", ({ target }) => {
  for (const { throttledEvent } of target._htmx?.triggerSpecs ?? []) if (throttledEvent) forgotten.push(throttledEvent);
});
document.addEventListener("htmx:after:swap", () => {
  for (const { type, detail } of forgotten.splice(0)) document.body.dispatchEvent(new CustomEvent(type, { detail }));
});

/* ---- The stream */

function begin(element) {
  if (element.isConnected && !element._htmx?.sse && !beginning.has(element)) htmx.ajax("GET", element.getAttribute("hx-sse:connect"), { source: element });
}

function beginAgain(element) {
  broken();
  setTimeout(begin, later(RECONNECT_S, streamTries++), element);
}

/* Ends the wait for the next connection. evenOpen: replace one that seems open, which may have broken silently; if one is being
   opened and that fails, the next one comes at once */
function reconnect({ evenOpen }) {
  for (const element of document.querySelectorAll("[hx-sse\\:connect]")) {
    const connection = element._htmx?.sse;
    if (!connection) begin(element);
    else if (connection.delayCanceller) connection.delayCanceller();
    else if (evenOpen) {
      atOnce = true;
      connection.reader?.cancel();
    }
  }
}

function heard() {
  clearTimeout(silence);
  silence = setTimeout(silent, SILENCE_MS);
}

function silent() {
  /* A hidden page has closed its stream */
  if (document.hidden) return;
  streamLost = true;
  lost();
  reconnect({ evenOpen: true });
}

function ended() {
  clearTimeout(patience);
  mark("ended");
}

let away = false;
document.addEventListener("visibilitychange", () => {
  away ||= document.hidden;
});
/* The wait before a new connection begins right after this event, hence the microtask */
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (!(atOnce || away) || document.hidden) return;
  away = atOnce = false;
  queueMicrotask(() => event.detail.connection.delayCanceller?.());
});
/* Each stream begins with this event. A proxy's page, which is no stream, does not */
document.addEventListener("live", () => {
  streamLost = atOnce = false;
  streamTries = 0;
  settle();
  /* htmx pauses the stream of a page that becomes hidden. One that was hidden before, such as a tab opened in the background,
     would keep its connection, and a browser has six for all tabs */
  if (document.hidden) document.dispatchEvent(new Event("visibilitychange"));
});
document.addEventListener("htmx:sse:before:message", heard);
document.addEventListener("htmx:sse:error", broken);
document.addEventListener("htmx:sse:close", ({ target, detail: { connection, reason } }) => {
  clearTimeout(silence);
  if (reason === "message") ended();
  if (reason !== "cleanup") return;
  if (connection.lastEventId) heardUntil.set(target, connection.lastEventId);
  /* A swap that changes an element around it closes the stream and opens another. As the element is still in the page, htmx
     would open this one again as well; one that is being opened by now has a new abortController */
  connection.config.reconnect = false;
  setTimeout(() => connection.abortController.abort());
});
/* htmx opens the stream of each element in what was swapped, also of one that was left as it is and whose stream is just being
   opened. Two streams of one element would end each other again and again, until the browser has no connection left */
document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (!isStream(ctx)) return;
  const element = ctx.sourceElement;
  if (beginning.has(element) || element._htmx?.sse) return event.preventDefault();
  beginning.set(element, ctx);
  /* Its address has the position of the page; what has been heard since would come again, and again reload what it concerns */
  if (heardUntil.has(element)) ctx.request.headers["Last-Event-ID"] = heardUntil.get(element);
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (beginning.get(ctx.sourceElement) === ctx) beginning.delete(ctx.sourceElement);
});
/* The response was not a stream: signed out and not found end it, anything else is tried again */
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (!isStream(ctx)) return;
  event.preventDefault();
  if ([401, 403, 404].includes(ctx.response.status) && ctx.response.headers.has("Reviewer-Inbox")) ended();
  else beginAgain(ctx.sourceElement);
});
document.addEventListener("htmx:error", (event) => {
  const ctx = event.detail?.ctx;
  if (isStream(ctx) && ctx.text === undefined) beginAgain(ctx.sourceElement);
});

/* ---- The network */

/* The mark was rendered by the server, which does not know how this page is connected */
document.addEventListener("htmx:after:swap", () => {
  if (["lost", "ended"].includes(root.dataset.live)) mark(root.dataset.live);
});

document.addEventListener("inbox:unreachable", () => {
  unreachable = true;
  lost();
  retryLater();
});
document.addEventListener("inbox:reached", () => {
  if (unreachable && streamLost) reconnect({ evenOpen: false });
  unreachable = false;
  settle();
});
/* The stream ended with the session */
document.addEventListener("inbox:signed-in", () => {
  if (root.dataset.live !== "ended") return;
  streamLost = true;
  mark("lost");
  reconnect({ evenOpen: true });
});
addEventListener("offline", () => {
  unreachable = true;
  lost();
});
addEventListener("online", () => {
  streamTries = tries = 0;
  reconnect({ evenOpen: true });
  resync();
});
