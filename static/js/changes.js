/* Updates the page when its stream says that something changed.

   The data of such an event is JSON. "within" is in milliseconds: each page waits for a random part of it, so that not all
   pages fetch at once, and events that arrive while it waits are merged. "changed" has the ids of the questions concerned;
   without it, any question may have changed. The event is then dispatched on the body, where the elements listen that
   reload themselves.

   The inbox fetches only the rows of these questions, and after "inbox" the numbers too ("questions" changes none). Rows are
   updated or removed in place; new ones wait behind the bar, unless the list has no open question. A row whose question has been
   closed by others, or answered on another page, stays until the person opens another question, or until new rows come into a
   list that has no other. */

import { WORDS } from "./words.js";

const MOST = 50;
const pending = new Map();
const requestedIds = new Set();
/* The next request is also for the numbers */
let counted = false;
let everything = false;
let restored = false;
let movedOn = false;
let busy = false;
/* How many times the notices above the list have been refreshed without the list, as when one was dismissed */
let noticesRead = 0;

function payloadOf(message) {
  try {
    const payload = JSON.parse(message.data);
    return typeof payload?.within === "number" ? payload : null;
  } catch {
    return null;
  }
}

document.addEventListener("htmx:sse:before:message", (event) => {
  const { message } = event.detail;
  const payload = message.event && payloadOf(message);
  if (!payload) return;
  event.preventDefault();
  const held = pending.get(message.event);
  if (held) {
    held.changed = held.changed && payload.changed && [...held.changed, ...payload.changed];
    return;
  }
  pending.set(message.event, { changed: payload.changed });
  const pass = () => {
    const { changed } = pending.get(message.event);
    pending.delete(message.event);
    document.body.dispatchEvent(new CustomEvent(message.event, { detail: { changed } }));
  };
  if (payload.within) setTimeout(pass, Math.random() * payload.within);
  else pass();
});

/* A reload that waited for another request, which has changed what is shown, is for what is shown by then */
document.addEventListener("htmx:before:request", ({ target, detail: { ctx } }) => {
  if (target.matches?.("#focus-place, #run-list, #run-body, #run-moment")) ctx.request.action = target.getAttribute("hx-get");
});

/* ---- The inbox */

const inbox = () => document.getElementById("inbox-list");
const rows = () => [...document.querySelectorAll("#inbox-list .row")];
const arrived = () => document.getElementById("arrivals").dataset.ids.split(" ").filter(Boolean);
/* The list has nothing to do, or only behind the bar */
const isEmpty = () => !rows().length || (arrived().length > 0 && rows().every((row) => row.closest("[data-over]")));

/* The questions that the person has answered on this page */
const answered = new Set();
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const id = ctx.sourceElement?.closest?.("[data-sends=respond]") && document.getElementById("detail")?.dataset.interactionId;
  if (id) answered.add(id);
});

/* The URL of a search does not include the open question */
function withOpen(href) {
  const url = new URL(href, location.href);
  const id = document.getElementById("detail")?.dataset.interactionId;
  if (id) url.searchParams.set("item", id);
  /* Also those whose row has left: a list that is read again would bring it back */
  for (const each of [...answered].slice(-MOST)) url.searchParams.append("answered_here", each);
  return url;
}

function changesUrl(list, ids) {
  const url = withOpen(list.dataset.changes);
  if (!counted) url.searchParams.set("rows_only", "yes");
  for (const id of ids) {
    url.searchParams.append("changed", id);
    if (document.getElementById(`entry-${id}`)) url.searchParams.append("shown", id);
  }
  return url;
}

function fetchRows(list) {
  const ids = new Set([...arrived(), ...requestedIds]);
  const whole = everything || ids.size > MOST;
  const anew = restored || isEmpty();
  const url = withOpen(anew ? list.dataset.here : list.dataset.again);
  if (movedOn) url.searchParams.set("moved_on", "yes");
  const { pathname, search } = anew || whole ? url : changesUrl(list, ids);
  const swap = anew || whole ? { target: list, swap: "outerMorph" } : { swap: "none" };
  everything = restored = movedOn = counted = false;
  requestedIds.clear();
  return htmx.ajax("GET", pathname + search, { source: list, ofList: list.dataset.again, ...swap });
}

async function catchUp() {
  if (busy) return;
  busy = true;
  try {
    while (inbox() && (everything || restored || requestedIds.size)) await fetchRows(inbox());
  } finally {
    busy = false;
  }
}

function requestRows(changed) {
  if (changed) changed.forEach((id) => requestedIds.add(id));
  else everything = true;
  catchUp();
}

document.body.addEventListener("inbox", (event) => {
  counted = true;
  requestRows(event.detail?.changed);
});
document.body.addEventListener("questions", (event) => requestRows(event.detail.changed));
/* A row is marked while the viewer has a draft of its question */
document.addEventListener("inbox:drafted", ({ detail }) => {
  requestedIds.add(detail.id);
  catchUp();
});
document.body.addEventListener("resync", () => {
  everything = true;
  catchUp();
});

/* A question is back by the person's own hand: it is shown at once, with what waits behind the bar */
document.body.addEventListener("inbox:restored", () => {
  restored = true;
  catchUp();
});

/* How long new rows stay marked */
const NEW_MS = 4000;
/* The row that stays in place when rows above it are removed: the one under the pointer, else the one with the focus */
let anchor = null;
let focused = null;

/* Highlights new rows for a moment. If the person has moved the focus since, it stays there; otherwise it goes to the row
   of the open question */
function markNew(ids) {
  const fresh = rows().filter((row) => ids.includes(row.dataset.interactionId));
  for (const row of fresh) {
    const mark = document.createElement("span");
    mark.className = "row-new";
    mark.textContent = WORDS.newRow;
    row.querySelector(".row-line").prepend(mark);
    row.toggleAttribute("data-new", true);
    setTimeout(() => {
      mark.remove();
      row.removeAttribute("data-new");
    }, NEW_MS);
  }
  const open = rows().find((row) => row.hasAttribute("aria-current"));
  if (!rows().includes(document.activeElement)) (open ?? inbox()).focus({ preventScroll: true });
  fresh[0]?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "inbox-list") Object.assign(ctx, { noticesRead, listBefore: inbox().dataset.again });
});

/* A list that was requested before a result or a notice above it was dismissed would bring it back */
function keepNotices(list) {
  for (const id of ["returned-answers", "batches"]) list.querySelector(`#${id}`)?.replaceWith(document.getElementById(id).cloneNode(true));
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (ctx.target?.id !== "inbox-list") return;
  if (ctx.request.method === "GET") {
    const list = tasks?.find((each) => each.type === "main")?.fragment;
    if (list && ctx.noticesRead !== noticesRead) keepNotices(list);
  } else if (ctx.listBefore !== inbox()?.dataset.again) {
    /* What was done with a row is shown in the list as it was; it has been filtered since */
    event.preventDefault();
    everything = true;
    catchUp();
  }
});

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement?.id === "show-arrivals") ctx.revealed = arrived();
  if (ctx.ofList === undefined) return;
  /* The list has changed since the request: it was filtered, or the new rows were shown */
  if (ctx.ofList !== inbox()?.dataset.again) {
    event.preventDefault();
    everything = true;
    return;
  }
  const all = rows();
  const place = all.indexOf(document.activeElement);
  focused = place < 0 ? null : { row: all[place], next: [...all.slice(place + 1), ...all.slice(0, place).reverse()] };
  const row = all.find((each) => each.matches(":hover")) ?? focused?.row;
  anchor = row && { row, top: row.getBoundingClientRect().top };
});

let opened = document.getElementById("detail")?.dataset.interactionId;
document.addEventListener("htmx:after:swap", () => {
  const id = document.getElementById("detail")?.dataset.interactionId;
  if (id === opened) return;
  opened = id;
  if (!rows().some((row) => row.dataset.interactionId !== id && row.closest("[data-over]"))) return;
  everything = movedOn = true;
  catchUp();
});

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (["batches", "returned-answers", "held-answers"].includes(ctx.target?.id)) noticesRead++;
  if (ctx.revealed?.length) markNew(ctx.revealed);
  if (ctx.ofList === undefined) return;
  for (const count of document.querySelectorAll("#inbox-list [data-by-rows]")) {
    const shown = count.closest(".stretch").querySelectorAll(".row-with:not([data-over])").length;
    const more = count.textContent.endsWith("+") ? "+" : "";
    count.textContent = shown ? `${shown}${more}` : "";
  }
  if (anchor?.row.isConnected) {
    const scroller = document.querySelector("#inbox-list .list-scroll");
    scroller.scrollTop += anchor.row.getBoundingClientRect().top - anchor.top;
  }
  if (focused && !focused.row.isConnected) (focused.next.find((each) => each.isConnected) ?? inbox()).focus({ preventScroll: true });
  /* The last open question has left: show the rows behind the bar, or the text for an empty list */
  if (isEmpty() && (ctx.swap === "none" || arrived().length)) {
    everything = true;
    catchUp();
  }
});
