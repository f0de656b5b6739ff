/* What a page does when its stream says that something changed.

   The data of such an event is JSON. "within": the milliseconds over which all pages that hear it spread what they fetch;
   each waits for a random part of that, and what comes meanwhile joins it. "changed": the questions concerned; without it,
   any may be. The event is then dispatched on the body, for everything that reads itself again on it.

   The inbox asks only what became of the questions named. Rows change and leave in their places; new ones wait behind the
   bar, except where the list is empty. */

const MOST = 50;
const coming = new Map();
const asked = new Set();
let everything = false;
let busy = false;

function data(message) {
  try {
    const said = JSON.parse(message.data);
    return typeof said?.within === "number" ? said : null;
  } catch {
    return null;
  }
}

document.addEventListener("htmx:sse:before:message", (event) => {
  const { message } = event.detail;
  const said = message.event && data(message);
  if (!said) return;
  event.preventDefault();
  const held = coming.get(message.event);
  if (held) {
    held.changed = held.changed && said.changed && [...held.changed, ...said.changed];
    return;
  }
  coming.set(message.event, { changed: said.changed });
  const pass = () => {
    const { changed } = coming.get(message.event);
    coming.delete(message.event);
    document.body.dispatchEvent(new CustomEvent(message.event, { detail: { changed } }));
  };
  if (said.within) setTimeout(pass, Math.random() * said.within);
  else pass();
});

/* ---- The inbox */

const inbox = () => document.getElementById("inbox-list");
const rows = () => [...document.querySelectorAll("#inbox-list .row")];

/* The address of a search does not say which question is open */
function withOpen(href) {
  const url = new URL(href, location.href);
  const id = document.getElementById("detail")?.dataset.interactionId;
  if (id) url.searchParams.set("item", id);
  return url;
}

function changesHref(list, ids) {
  const url = withOpen(list.dataset.changes);
  for (const id of ids) {
    url.searchParams.append("changed", id);
    if (document.getElementById(`entry-${id}`)) url.searchParams.append("shown", id);
  }
  return url.pathname + url.search;
}

function fetchRows(list) {
  const waiting = document.getElementById("arrivals").dataset.ids.split(" ").filter(Boolean);
  const ids = new Set([...waiting, ...asked]);
  const whole = everything || ids.size > MOST;
  const empty = rows().length === 0;
  everything = false;
  asked.clear();
  const { pathname, search } = withOpen(empty ? list.dataset.here : list.dataset.again);
  if (empty || whole) return htmx.ajax("GET", pathname + search, { source: list, target: list, swap: "outerMorph", ofList: list.dataset.again });
  return htmx.ajax("GET", changesHref(list, ids), { source: list, swap: "none", ofList: list.dataset.again });
}

async function catchUp() {
  if (busy) return;
  busy = true;
  try {
    while (inbox() && (everything || asked.size)) await fetchRows(inbox());
  } finally {
    busy = false;
  }
}

document.body.addEventListener("inbox", (event) => {
  const changed = event.detail?.changed;
  if (changed) changed.forEach((id) => asked.add(id));
  else everything = true;
  catchUp();
});
document.body.addEventListener("resync", () => {
  everything = true;
  catchUp();
});

/* How long rows that were revealed are marked */
const NEW_MS = 4000;
/* The ids that waited behind the bar, while its request is on its way */
let revealed = null;
/* What stays where it is while rows leave above it: the row under the pointer, else the one with the focus */
let anchor = null;
let focused = null;

/* New rows are marked for a moment. The focus stays in the list: where the person has moved it meanwhile, else on the row of
   the open question */
function markNew(ids) {
  const fresh = rows().filter((row) => ids.includes(row.dataset.interactionId));
  for (const row of fresh) {
    row.toggleAttribute("data-new", true);
    setTimeout(() => row.removeAttribute("data-new"), NEW_MS);
  }
  const open = rows().find((row) => row.hasAttribute("aria-current"));
  if (!rows().includes(document.activeElement)) (open ?? inbox()).focus({ preventScroll: true });
  fresh[0]?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  revealed = ctx.sourceElement?.id === "show-arrivals" ? document.getElementById("arrivals").dataset.ids.split(" ") : null;
  if (ctx.ofList === undefined) return;
  /* The list shows other rows by now: it was filtered, or the new ones were asked for */
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

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (revealed) markNew(revealed);
  revealed = null;
  if (ctx.ofList === undefined) return;
  for (const count of document.querySelectorAll("#inbox-list [data-by-rows]")) {
    const shown = count.closest(".stretch").querySelectorAll(".row").length;
    count.textContent = count.textContent.endsWith("+") ? `${shown}+` : shown;
  }
  if (anchor?.row.isConnected) {
    const scroller = document.querySelector("#inbox-list .list-scroll");
    scroller.scrollTop += anchor.row.getBoundingClientRect().top - anchor.top;
  }
  if (focused && !focused.row.isConnected) (focused.next.find((each) => each.isConnected) ?? inbox()).focus({ preventScroll: true });
  /* The last row has left: what waits behind the bar comes, or the words for an empty list */
  if (ctx.swap === "none" && rows().length === 0) {
    everything = true;
    catchUp();
  }
});
