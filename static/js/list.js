/* A list beside or behind a question: previews, the mark of the open question, and where the list was. */

import { isRestored } from "./page.js";
import { fill } from "./words.js";

/* ---- The row that J or K has marked is shown in the pane once the marker has rested on it, where list and question are side by
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

function cancelPreview() {
  clearTimeout(resting);
  clearTimeout(seeing);
  const ctx = coming;
  coming = waiting = null;
  ctx?.request.abort();
  if (ctx?.overtakes) document.body.dispatchEvent(new CustomEvent("item"));
}

function showPreview(row) {
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

function restOn(row) {
  cancelPreview();
  if (isOn()) resting = setTimeout(showPreview, REST_MS, row);
}

function endPreview() {
  clearTimeout(seeing);
  const pane = detail();
  if (!pane?.hasAttribute("data-preview")) return;
  ended = pane;
  pane.removeAttribute("data-preview");
  pane.removeAttribute("hx-headers");
  document.body.dispatchEvent(new CustomEvent("seen"));
}

function endPreviewSoon() {
  clearTimeout(seeing);
  if (!document.hidden && detail()?.hasAttribute("data-preview")) seeing = setTimeout(endPreview, SEEN_MS);
}

document.addEventListener("row:marked", (event) => restOn(event.target));
/* A preview on its way or in the pane becomes the opened question */
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
  if (!coming?.isOpened) cancelPreview();
  endPreview();
}

document.addEventListener("focusin", goInto);
document.addEventListener("pointerdown", goInto);
document.addEventListener("visibilitychange", endPreviewSoon);

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!ctx.previewed) return;
  coming = ctx;
  ctx.beforePreview = history.state?.beforePreview ?? location.href;
});
/* Another question, or none, is about to come into the pane; a preview that came first would take its place away */
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.closest?.("#detail [data-sends]")) endPreview();
  if (ctx !== coming && ctx.target?.id === "detail" && ctx.sourceElement?.id !== "detail") cancelPreview();
});
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (ctx.previewed && ctx !== coming) event.preventDefault();
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  /* It has reloaded itself by a request from before */
  if (detail() === ended) endPreview();
  if (!ctx?.previewed) return;
  coming = null;
  if (ctx.isOpened) return endPreview();
  history.replaceState({ htmx: true, beforePreview: ctx.beforePreview }, "");
  endPreviewSoon();
});
document.addEventListener("htmx:finally:request", () => {
  if (waiting) restOn(waiting);
});

/* ---- Loads what only a question needs, the first time that one opens beside or over a list. The question is shown once all of it
   is there, so that no answer form is without its guards. It waits in <template data-question-assets>, in its place among the
   style sheets and scripts. */

let loading = null;

/* True if all of it could be loaded */
function loadAssets() {
  loading ??= Promise.all(
    [...document.querySelectorAll("template[data-question-assets]")].flatMap((template) => {
      const loaded = [...template.content.children].map((asset) => {
        /* Scripts run in their order */
        asset.async = false;
        return new Promise((resolve, reject) => {
          asset.addEventListener("load", resolve);
          asset.addEventListener("error", reject);
        });
      });
      template.replaceWith(template.content);
      return loaded;
    }),
  ).then(
    () => true,
    () => false,
  );
  return loading;
}

const isQuestion = ({ target, request }) => target?.id === "detail" || request.headers["HX-History-Restore-Request"];

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!isQuestion(ctx)) return;
  const loaded = loadAssets();
  const fetching = ctx.fetch;
  ctx.fetch = async (...request) => {
    const response = await fetching(...request);
    if (await loaded) return response;
    /* Browsers may not load a script again that has failed; a new page does */
    if (ctx.request.method === "GET") location.assign(ctx.request.action);
    else location.reload();
    return new Promise(() => {});
  };
});

/* ---- Marks the row of the open question, in any list, and scrolls to it. When another question opens in place, the mark moves and
   the page starts at its top. */

let openId = document.getElementById("detail")?.dataset.interactionId ?? "";

const rowOf = (id) => document.querySelector(`.list .row[data-interaction-id="${CSS.escape(id)}"]`);

function markRow(id) {
  for (const row of document.querySelectorAll(".list .row[aria-current]")) {
    if (row.dataset.interactionId !== id) row.removeAttribute("aria-current");
  }
  const row = id && rowOf(id);
  if (!row) return;
  row.setAttribute("aria-current", "true");
  if (id !== openId) row.scrollIntoView({ block: "nearest" });
}

/* The last request wins the pane, even if the response to an answer that was on its way has replaced the pane */
let newest = null;
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.id === "detail") return;
  if (ctx.target?.id === "detail" || ctx.request.headers["HX-History-Restore-Request"]) newest = ctx;
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx === newest && ctx.swap === "outerHTML" && !ctx.target.isConnected) ctx.target = document.getElementById("detail");
});

/* The question that was open when an answer that can be undone was sent, or an answer or a snooze was undone */
const LEADS_ON = "form[data-guard=undo], [data-undoes], #undo-typed, #toasts [hx-target='#detail']";
let leaves = "";
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.matches?.(LEADS_ON)) leaves = document.getElementById("detail").dataset.interactionId;
});

/* Its row stays in the list. If that has the focus, the focus goes to the row of the question that has opened: keys are meant
   for that one */
function followOpened(left) {
  const row = document.activeElement;
  if (left !== leaves || !row?.matches(".list .row") || row.dataset.interactionId !== left) return;
  const next = document.querySelector(".list .row[aria-current]");
  if (next) next.focus({ preventScroll: true });
  else row.blur();
}

/* After any swap: that of another part of the page may end before that of the question */
function followSwap() {
  const detail = document.getElementById("detail");
  const id = detail?.dataset.interactionId ?? "";
  markRow(id);
  if (id === openId) return;
  const left = openId;
  openId = id;
  followOpened(left);
  scrollTo(0, 0);
}

document.addEventListener("htmx:after:swap", followSwap);
/* A question that was opened by its address */
document.querySelector(".list .row[aria-current]")?.scrollIntoView({ block: "nearest" });

/* ---- The buttons of a row (templates/inbox/_row_acts.html). It gets them, and the whole title if that is cut, once it is pointed
   at or has the focus, and keeps them when it is brought up to date. */

function addActs(entry, template) {
  const acts = template.content.firstElementChild.cloneNode(true);
  const { interactionId: id } = entry.querySelector(".row").dataset;
  const title = entry.querySelector(".row-title").textContent;
  for (const act of acts.querySelectorAll("[data-row-key]")) {
    const key = act.dataset.rowKey;
    if (!entry.dataset.acts.includes(key)) {
      act.remove();
      continue;
    }
    for (const { name, value } of act.attributes) if (value.includes("/_/")) act.setAttribute(name, value.replace("/_/", `/${encodeURIComponent(id)}/`));
    if (act.dataset.marksUnread) act.dataset.marksUnread = id;
    act.setAttribute("aria-label", fill(act.getAttribute("aria-label"), { title }));
    if (document.body.dataset.keys !== "off") act.setAttribute("aria-keyshortcuts", key);
  }
  entry.append(acts);
  return acts;
}

const hasActs = (entry) => entry?.querySelector(":scope > .row-acts");

function offerActs(entry) {
  if (!entry) return;
  const title = entry.querySelector(".row-title");
  if (title.scrollHeight > title.clientHeight) title.title = title.textContent;
  else title.removeAttribute("title");
  if (entry.dataset.acts && !hasActs(entry)) htmx.process(addActs(entry, document.getElementById("row-acts")));
}

for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, ({ target }) => offerActs(target.closest?.(".list .row-with")));
}
document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const { fragment } of tasks ?? []) {
    const template = fragment?.querySelector?.("#row-acts") ?? document.getElementById("row-acts");
    for (const entry of fragment?.querySelectorAll?.(".row-with[data-acts]") ?? []) if (hasActs(document.getElementById(entry.id))) addActs(entry, template);
  }
});
document.addEventListener("htmx:after:swap", () => document.querySelectorAll(".list .row-with:is(:hover, :focus-within)").forEach(offerActs));

/* ---- Scroll positions that the browser forgets. On a small screen the question covers the list. Back in the list, by the page's
   arrow or the browser's, the scroll position is restored and the focus is on the row of the question that was open. Beside
   the question, the list stays where it was after Back and Forward. The position of a page that scrolls inside the window is
   kept until the person comes back to the page or reloads it. */

const list = () => document.getElementById("inbox-list");
const scroller = () => list().querySelector(".list-scroll");
const isDetail = ({ detail: { ctx } }) => (ctx?.target?.id === "detail" || isRestored(ctx)) && list();
let leftAt = { list: "", inner: 0, page: 0 };
let covered = "";
/* The ID of the link that has opened a panel, by the panel's */
const openers = new Map();
const openerOf = (panel) => document.getElementById(openers.get(panel));

document.addEventListener("htmx:before:swap", (event) => {
  if (!isDetail(event)) return;
  covered = list().checkVisibility() ? "" : document.getElementById("detail").dataset.interactionId;
  if (!covered) leftAt = { list: list().dataset.here, inner: scroller().scrollTop, page: scrollY };
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isDetail(event) || !list().checkVisibility()) return;
  if (isRestored(event.detail.ctx) && leftAt.list === list().dataset.here) scroller().scrollTop = leftAt.inner;
  if (!covered) return;
  scroller().scrollTop = leftAt.inner;
  scrollTo(0, leftAt.page);
  rowOf(covered)?.focus({ preventScroll: true });
});

/* A panel ([data-panel]) is a form that a link opens in the page. Its Cancel closes it without loading anything, and the focus
   returns to that link. On a page of its own, Cancel is an ordinary link. The panel over the list stays open while the list is
   brought up to date. It closes, and the focus returns, when the person changes the list. A search that was typed just before
   the filters were opened opens them again: they are for what was typed */
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.target?.matches?.("[data-panel]") && ctx.sourceElement.matches("a")) {
    openers.set(ctx.target.id, ctx.sourceElement.id);
    /* The link has other filters by now, those of a search that was on its way */
    if (ctx.request.action !== ctx.sourceElement.getAttribute("hx-get")) {
      event.preventDefault();
      ctx.sourceElement.click();
    }
  }
  if (ctx.target?.id !== "inbox-list" || ctx.ofList !== undefined) return;
  const panel = document.getElementById("list-panel");
  ctx.closesPanel = panel.contains(document.activeElement);
  ctx.opensPanelAgain = ctx.closesPanel && ctx.sourceElement.matches("[role=search]");
  panel.removeAttribute("hx-morph-skip");
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.closesPanel) openerOf("list-panel")?.focus();
  if (ctx.opensPanelAgain) openerOf("list-panel")?.click();
});

document.addEventListener("click", (event) => {
  const panel = event.target instanceof Element && event.target.closest('[data-panel] [data-key="Escape"]')?.closest("[data-panel]");
  if (!panel || !openers.has(panel.id) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  (openerOf(panel.id) ?? document.getElementById("main")).focus();
  panel.hidden = true;
  panel.removeAttribute("hx-morph-skip");
  panel.replaceChildren();
});

/* The filter in use, of those that don't all fit beside each other */
if (!CSS.supports("scroll-initial-target", "nearest")) {
  document.querySelector(".filter-line > .filters > .filter[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

const scrolledPage = document.querySelector(".page-scroll");
const PLACE = `place ${location.pathname}${location.search}`;

if (scrolledPage) {
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation?.type !== "navigate") scrolledPage.scrollTop = Number(sessionStorage.getItem(PLACE));
  addEventListener("pagehide", () => sessionStorage.setItem(PLACE, scrolledPage.scrollTop));
}
