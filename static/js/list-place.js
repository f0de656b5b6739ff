/* Scroll positions that the browser forgets. On a small screen the question covers the list. Back in the list, by the page's
   arrow or the browser's, the scroll position is restored and the focus is on the row of the question that was open. Beside
   the question, the list stays where it was after Back and Forward. The position of a page that scrolls inside the window is
   kept until the person comes back to the page or reloads it. */

import { isRestored } from "./history.js";

const list = () => document.getElementById("inbox-list");
const scroller = () => list().querySelector(".list-scroll");
const isDetail = ({ detail: { ctx } }) => (ctx?.target?.id === "detail" || isRestored(ctx)) && list();
let left = { list: "", inner: 0, page: 0 };
let covered = "";
/* The ID of the link that has opened a panel, by the panel's */
const openers = new Map();
const openerOf = (panel) => document.getElementById(openers.get(panel));

document.addEventListener("htmx:before:swap", (event) => {
  if (!isDetail(event)) return;
  covered = list().checkVisibility() ? "" : document.getElementById("detail").dataset.interactionId;
  if (!covered) left = { list: list().dataset.here, inner: scroller().scrollTop, page: scrollY };
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isDetail(event) || !list().checkVisibility()) return;
  if (isRestored(event.detail.ctx) && left.list === list().dataset.here) scroller().scrollTop = left.inner;
  if (!covered) return;
  scroller().scrollTop = left.inner;
  scrollTo(0, left.page);
  document.getElementById(`row-${covered}`)?.focus({ preventScroll: true });
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

const page = document.querySelector(".page-scroll");
const PLACE = `place ${location.pathname}${location.search}`;

if (page) {
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation?.type !== "navigate") page.scrollTop = Number(sessionStorage.getItem(PLACE));
  addEventListener("pagehide", () => sessionStorage.setItem(PLACE, page.scrollTop));
}
