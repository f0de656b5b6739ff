/* Updates the page when its stream says that something changed.

   The data of such an event is JSON. "within" is in milliseconds: each page waits for a random part of it, so that not all pages
   fetch at once, and events that arrive meanwhile are merged. "changed" has the ids of the questions; without it, any may have
   changed. The event is then dispatched on the body, where elements that reload themselves listen.

   The inbox fetches only these rows, and after "inbox" the numbers too. New rows wait behind the bar, unless the list has no open
   question. A row whose question was closed elsewhere stays until the person opens another question, or until new rows come into
   a list that has no other. */

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

/* A queued reload targets whatever is open when it runs */
document.addEventListener("htmx:before:request", ({ target, detail: { ctx } }) => {
  if (target.matches?.("#focus-place, #run-list, #run-body")) ctx.request.action = target.getAttribute("hx-get");
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

/* The user undid an answer: show the question at once, with what waits behind the bar */
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
    /* The row was changed in the list as it was; it has been filtered since */
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

/* ---- Writes how many questions are open (the rail's number) before the page's title, and a dot on its icon while some are
   unread (#unread). */

let writtenTitle = null;
let title = "";
let icon = null;

const openCount = () => document.getElementById("count-inbox")?.firstChild?.textContent.trim() ?? "";
const unreadCount = () => document.getElementById("unread")?.textContent.trim() ?? "";

function writeCount() {
  const number = openCount();
  const prefix = number ? `(${number}) ` : "";
  /* A new title: the server's has the number, a part of a page's has not */
  if (document.title !== writtenTitle) title = prefix && document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
  writtenTitle = prefix + title;
  if (document.title !== writtenTitle) document.title = writtenTitle;
  const link = document.querySelector("link[rel=icon]");
  if (!link) return;
  icon ??= link.getAttribute("href");
  const href = unreadCount() ? link.dataset.unread : icon;
  if (link.getAttribute("href") !== href) link.setAttribute("href", href);
}

document.addEventListener("htmx:finally:swap", writeCount);
writeCount();

/* ---- What a page does while no one is looking at it. While it is hidden, its stream is paused, so it fetches the numbers of the
   frame once a minute. While it is hidden or without the focus, it shows notifications of what is new if the person has allowed them.
   Of several pages only one does, and none while the person is looking at another. The response has the texts, and the point in
   time up to which they go. */

const EVERY_MS = 60_000;
const SOON_MS = 2000;
const { viewer, counts } = document.body.dataset;
const LOOKING = `looking ${viewer}`;
const NOTIFIER_LOCK = `telling ${viewer}`;
const UNTIL = `news ${viewer}`;
let soon = 0;
let leave = null;

const isLooking = () => !document.hidden && document.hasFocus();
const mayNotify = () => document.body.hasAttribute("data-notify") && "Notification" in window && Notification.permission === "granted" && Boolean(navigator.locks);

/* Holds a lock for as long as the person is looking at this page, so that other pages know */
function updateLooking() {
  if (isLooking() && !leave) {
    const left = new Promise((resolve) => {
      leave = resolve;
    });
    navigator.locks?.request(LOOKING, { mode: "shared" }, () => left);
  } else if (!isLooking() && leave) {
    leave();
    leave = null;
    /* Everything so far was visible */
    if (!mayNotify()) return;
    localStorage.removeItem(UNTIL);
    fetchNews();
  }
}

/* The response, once its numbers are in the page */
async function fetchCounts(query = "") {
  const response = await fetch(counts + query, { redirect: "manual", headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok || !response.headers.has("Reviewer-Inbox")) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  /* Someone else may have signed in since */
  if (page.querySelector("[data-viewer]")?.dataset.viewer !== viewer) return null;
  for (const part of page.querySelectorAll("[id]")) document.getElementById(part.id)?.replaceChildren(...part.childNodes);
  writeCount();
  return page;
}

function notify(link, until) {
  const { news, body, icon } = link.dataset;
  try {
    const shown = new Notification(link.textContent, { body, icon, tag: `${news} ${until}`, lang: document.documentElement.lang });
    shown.addEventListener("click", () => {
      shown.close();
      window.focus();
      location.assign(link.getAttribute("href"));
    });
  } catch {
    /* This browser shows none from a page: static/js/notify.js says so */
  }
}

async function notifyOfNews() {
  const page = await fetchCounts(`?after=${encodeURIComponent(localStorage.getItem(UNTIL) ?? "")}`);
  const list = page?.querySelector("[data-until]");
  if (!list) return;
  const { until } = list.dataset;
  localStorage.setItem(UNTIL, until);
  const { held } = await navigator.locks.query();
  if (held.some(({ name }) => name === LOOKING)) return;
  for (const link of list.querySelectorAll("[data-news]")) notify(link, until);
}

function fetchNews() {
  if (isLooking()) return;
  if (mayNotify()) navigator.locks.request(NOTIFIER_LOCK, { ifAvailable: true }, (lock) => (lock ? notifyOfNews() : fetchCounts()));
  else if (document.hidden) fetchCounts();
}

/* The stream of a page that can be seen says when something has changed */
for (const name of ["inbox", "notices"]) {
  document.body.addEventListener(name, () => {
    if (isLooking() || !mayNotify()) return;
    clearTimeout(soon);
    soon = setTimeout(fetchNews, SOON_MS);
  });
}
for (const name of ["focus", "blur"]) addEventListener(name, updateLooking);
document.addEventListener("visibilitychange", updateLooking);
setInterval(fetchNews, EVERY_MS);
updateLooking();
