/* Rows of the list that are selected to be approved or rejected together: by checkbox, by X (static/js/keys.js), or up to another
   one by Shift; on a touch screen by a tap, once a button has shown the checkboxes. A checkbox keeps the version of the question
   that was selected. The tab keeps the selection until the list gets other filters or the batch is confirmed. Rows that can't be
   answered together with the selected ones have dashed checkboxes. */

import { fill, WORDS } from "./words.js";

const bar = () => document.getElementById("list-select");
const ticks = () => [...document.querySelectorAll("#inbox-list .row-tick")];
const checked = () => ticks().filter((tick) => tick.checked);
const all = () => bar()?.elements.all;
const entryOf = (element) => element.closest("#inbox-list .row-with");
/* The row that a range begins at */
let anchor = "";
/* A button was pressed although it can't be used. The reason is shown until the selection changes */
let isRefused = false;
/* How many selected rows an update of the list has removed, such as those that someone else has claimed.
   Shown until the selection changes, too */
let lost = 0;
/* The selection on other pages of the list: {value, alike} by the id of the row */
const elsewhere = new Map();
/* The value that a selected checkbox would have, if its question has changed since */
const newest = new WeakMap();

const isSelecting = () => document.body.hasAttribute("data-selecting");

export const hasSelection = () => Boolean(bar()) && (all().checked || checked().length + elsewhere.size > 0);

/* ---- What the tab keeps */

const KEPT = "selection";

/* The list on all its pages, as this person sees it */
function listOf() {
  const url = new URL(document.getElementById("inbox-list").dataset.here, location.href);
  url.searchParams.delete("cursor");
  return document.body.dataset.viewer + url.pathname + url.search;
}

function keep() {
  const rows = checked().map((tick) => {
    const { alike } = entryOf(tick).dataset;
    return [entryOf(tick).id, { value: tick.value, alike }];
  });
  const kept = { list: listOf(), all: all().checked, rows: [...elsewhere, ...rows] };
  if (hasSelection()) sessionStorage.setItem(KEPT, JSON.stringify(kept));
  else sessionStorage.removeItem(KEPT);
}

function restore() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT));
  if (!bar() || kept?.list !== listOf()) return;
  const paged = document.querySelector("#inbox-list .pager");
  for (const [id, row] of kept.rows) {
    const entry = document.getElementById(id);
    const tick = entry?.querySelector(".row-tick");
    if (tick) {
      newest.set(tick, tick.value);
      Object.assign(tick, { checked: true, value: row.value });
    }
    else if (!entry && paged) elsewhere.set(id, row);
  }
  all().checked = kept.all;
  if (kept.all) for (const tick of ticks()) set(entryOf(tick), true);
}

const selectedRows = () => [...elsewhere.values(), ...checked().map((tick) => entryOf(tick).dataset)];

const kindsOf = (rows) => new Set(rows.map((row) => row.alike));

/* Why the selected rows can't be approved or rejected together; empty if they can */
function obstacle() {
  if (all().checked) return "";
  const rows = selectedRows();
  if (rows.length > bar().dataset.most) return bar().dataset.tooMany;
  return kindsOf(rows).size > 1 ? bar().dataset.mixed : "";
}

/* Show which other rows differ from the selected ones, so that they can't be approved or rejected together */
function markOthers() {
  const kinds = kindsOf(all().checked ? [] : selectedRows());
  for (const tick of ticks()) {
    const differs = kinds.size === 1 && !kinds.has(entryOf(tick).dataset.alike);
    tick.toggleAttribute("data-differs", differs);
    if (differs) tick.title = bar().dataset.mixed;
    else tick.removeAttribute("title");
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function update() {
  const form = bar();
  if (!form) return;
  const count = checked().length + elsewhere.size;
  /* Of all that match, those on other pages and behind the bar for new rows are not counted */
  const known = count > 0 && !(all().checked && document.querySelector("#inbox-list .pager, #show-arrivals"));
  const words = !known ? "" : fill(elsewhere.size ? WORDS.selectedOnPages : WORDS.selectedRows, { count });
  write(form.querySelector("[data-count]"), words);
  form.querySelector("[data-elsewhere]").replaceChildren(
    ...[...elsewhere.values()].map(({ value }) => Object.assign(document.createElement("input"), { type: "hidden", name: "item", value })),
  );
  if (!hasSelection()) anchor = "";
  document.body.toggleAttribute("data-selected", hasSelection());
  document.querySelector("[data-selects]")?.setAttribute("aria-pressed", isSelecting());
  const why = obstacle();
  for (const button of form.querySelectorAll("button[name=verb]")) {
    button.ariaDisabled = why ? "true" : null;
    button.title = why;
  }
  const refusal = isRefused ? why : "";
  const fewer = lost ? fill(form.dataset.lost, { count: lost }) : "";
  write(form.querySelector("[data-why]"), refusal || fewer || why);
  form.querySelector("[data-why]").classList.toggle("tone-bad", Boolean(refusal));
  const matching = all().checked ? all().labels[0].textContent.trim() : "";
  write(document.getElementById("selection-status"), refusal || [matching, words, fewer].filter(Boolean).join(" · "));
  markOthers();
  keep();
}

function changed() {
  isRefused = false;
  lost = 0;
  update();
}

function set(entry, on) {
  const tick = entry?.querySelector(".row-tick");
  if (!tick) return false;
  if (on && newest.has(tick)) tick.value = newest.get(tick);
  tick.checked = on;
  if (!on && all().checked) all().checked = false;
  return true;
}

/* Select a row, or all from the last one to it, by Shift */
function select(entry, on, upTo) {
  const entries = ticks().map(entryOf);
  const from = entries.findIndex((each) => each.id === anchor);
  const to = entries.indexOf(entry);
  if (upTo && from >= 0 && to >= 0) entries.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => set(each, on));
  else if (!set(entry, on)) return false;
  anchor = entry.id;
  changed();
  return true;
}

/* For keys: a row of the list, and whether it is added to those that are selected */
export function toggle(row, { add = false } = {}) {
  const entry = row && entryOf(row);
  const tick = entry?.querySelector(".row-tick");
  return Boolean(tick) && select(entry, add || !tick.checked, false);
}

export function clear() {
  document.body.removeAttribute("data-selecting");
  for (const tick of ticks()) tick.checked = false;
  elsewhere.clear();
  all().checked = false;
  changed();
}

document.addEventListener(
  "click",
  (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("#list-select button");
    if (button?.type === "reset") {
      event.preventDefault();
      clear();
    } else if (button?.ariaDisabled === "true") {
      event.preventDefault();
      isRefused = true;
      document.getElementById("selection-status").textContent = "";
      update();
    }
    if (event.target.closest("[data-selects]")) {
      if (isSelecting()) return clear();
      document.body.toggleAttribute("data-selecting", true);
      return update();
    }
    const entry = entryOf(event.target);
    if (!entry) return;
    const tick = event.target.closest(".row-tick");
    if (tick) {
      select(entry, tick.checked, event.shiftKey);
      /* Keys then act on this row. One who pressed Space stays on the checkbox */
      if (event.detail > 0) entry.querySelector(".row").focus({ preventScroll: true });
    } else if (isSelecting() && event.target.closest(".row") && toggle(entry)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (event.shiftKey && event.target.closest(".row")) {
      /* A browser would open a window */
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!anchor) anchor = document.querySelector("#inbox-list .row-with:has(.row[aria-current])")?.id ?? "";
      select(entry, true, true);
    }
  },
  true,
);
/* A range would be selected as text too */
document.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target instanceof Element && entryOf(event.target)) event.preventDefault();
});
/* Enter in a checkbox would press the first button of its form */
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target instanceof Element && event.target.matches(".row-tick, #list-select .tick")) event.preventDefault();
});
document.addEventListener("change", (event) => {
  if (event.target !== all()) return;
  for (const tick of ticks()) set(entryOf(tick), event.target.checked);
  changed();
});
/* Questions that failed in a batch are selected when the list is loaded without an open question. A page that is open stays as
   it is; otherwise a key meant for the open question would act on the selection */
document.addEventListener("htmx:before:swap", (event) => {
  if (event.defaultPrevented) return;
  for (const { fragment } of event.detail.tasks ?? []) {
    for (const tick of fragment?.querySelectorAll?.(".row-tick") ?? []) {
      const own = document.getElementById(tick.closest(".row-with").id)?.querySelector(".row-tick");
      if (own) newest.set(own, tick.value);
      if (!own?.checked) tick.removeAttribute("checked");
    }
  }
});
/* With other filters it is another list: what was selected may not be in it */
let list = bar() && listOf();
let before = [];
document.addEventListener("htmx:before:swap", () => {
  before = checked().map((tick) => entryOf(tick).id);
});
document.addEventListener("htmx:after:swap", () => {
  const now = bar() && listOf();
  if (now && list && now !== list) clear();
  else lost += before.filter((id) => document.querySelector(`#${CSS.escape(id)}:not(:has(.row-tick))`)).length;
  before = [];
  list = now;
  update();
});
/* While the browser loads the preview, the buttons do nothing: pressed again, they would request another one. Only for a while,
   in case the person stops it */
const LEAVING_MS = 10_000;
let leavingSince = -Infinity;
document.addEventListener("htmx:before:request", (event) => {
  if (event.detail.ctx.sourceElement === bar() && performance.now() - leavingSince < LEAVING_MS) event.preventDefault();
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (!ctx.hx?.redirect) return;
  if (ctx.sourceElement === bar()) leavingSince = performance.now();
  if (ctx.sourceElement.matches?.("#batch form[data-batch]")) sessionStorage.removeItem(KEPT);
});
/* The browser has brought back the page as it was left */
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted || !bar()) return;
  document.body.removeAttribute("data-selecting");
  leavingSince = -Infinity;
  for (const tick of ticks()) tick.checked = false;
  all().checked = false;
  elsewhere.clear();
  restore();
  changed();
});
restore();
update();
