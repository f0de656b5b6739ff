/* What a page does while no one is looking at it. While it is hidden, its stream is paused, so it fetches the numbers of the frame
   once a minute. While it is hidden or without the focus, it shows notifications of what is new if the person has allowed them.
   Of several pages only one does, and none while the person is looking at another. The response has the texts, and the point in
   time up to which they go. */

import { write } from "./counts.js";

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
    /* What came until now was there to see */
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
  write();
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
