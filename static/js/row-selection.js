/* Rows of the list that are selected to be answered, claimed or released together. A row is selected by its checkbox, by X
   (static/js/keys.js), or up to another one by Shift. The checkbox has the version of the question that was shown when it was
   selected, and stays as it is while the row is brought up to date. On a touch screen, a button above the list shows the checkboxes,
   and a tap on a row then selects it. The tab keeps the selection on the other pages of the list
   and through a reload, until the list gets other filters or the batch is confirmed. The buttons of the bar lead to a preview,
   which asks; one that can't be used with these rows says why. The checkboxes of rows with another workflow, step, type or answer
   form than the selected ones are dashed. */

import { fill, WORDS } from "./words.js";

const bar = () => document.getElementById("list-select");
const ticks = () => [...document.querySelectorAll("#inbox-list .row-tick")];
const checked = () => ticks().filter((tick) => tick.checked);
const all = () => bar()?.elements.all;
const entryOf = (element) => element.closest("#inbox-list .row-with");
/* The row that a range begins at */
let anchor = "";
/* The button that was pressed although it can't be used. The reason is shown until the selection changes */
let refused = "";
/* How many selected rows an update of the list has removed, such as those that someone else has claimed.
   Shown until the selection changes, too */
let lost = 0;
/* What is selected on other pages of the list: {value, can, alike, askedBy} by the id of the row */
const elsewhere = new Map();

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
    const { can, alike, askedBy } = entryOf(tick).dataset;
    return [entryOf(tick).id, { value: tick.value, can, alike, askedBy }];
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
    if (tick) Object.assign(tick, { checked: true, value: row.value });
    else if (!entry && paged) elsewhere.set(id, row);
  }
  all().checked = kept.all;
  if (kept.all) for (const tick of ticks()) set(entryOf(tick), true);
}

const selectedRows = () => [...elsewhere.values(), ...checked().map((tick) => entryOf(tick).dataset)];

/* Why a button can't be used with the selected rows; empty if it can */
function obstacle(verb) {
  if (all().checked) return "";
  const rows = selectedRows();
  if (rows.length > bar().dataset.most) return bar().dataset.tooMany;
  const can = (action) => rows.filter((row) => row.can.split(" ").includes(action));
  if (verb === "claim") return can("claim").length ? "" : bar().dataset.unclaimable;
  if (verb === "release") return can("release").length ? "" : bar().dataset.unreleasable;
  return difference(rows);
}

/* Why these rows can't be approved or rejected together; empty if they can */
function difference(rows) {
  const kinds = new Set(rows.map((row) => row.alike));
  if (kinds.has("")) return bar().dataset.unanswerable;
  /* A step that is unknown is no reason: the server compares as well */
  const steps = new Set(rows.map((row) => row.askedBy).filter(Boolean));
  return kinds.size <= 1 && steps.size <= 1 ? "" : bar().dataset.mixed;
}

/* Show which other rows differ from the selected ones, so that they can't be approved or rejected together */
function markOthers() {
  const rows = all().checked ? [] : selectedRows();
  const alike = rows.length > 0 && !difference(rows);
  for (const tick of ticks()) {
    const row = entryOf(tick).dataset;
    const differs = alike && !tick.checked && Boolean(difference([...rows, row]));
    tick.toggleAttribute("data-differs", differs);
    if (differs) tick.title = row.alike ? bar().dataset.mixed : bar().dataset.unfit;
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
  for (const button of form.querySelectorAll("button[name=verb]")) {
    const why = obstacle(button.value);
    button.ariaDisabled = why ? "true" : null;
    button.title = why;
  }
  const why = hasSelection() && refused ? obstacle(refused) : "";
  const mixed = hasSelection() ? obstacle("approve") : "";
  const fewer = lost ? fill(form.dataset.lost, { count: lost }) : "";
  write(form.querySelector("[data-why]"), why || fewer || mixed);
  form.querySelector("[data-why]").classList.toggle("tone-bad", Boolean(why));
  const matching = all().checked ? all().labels[0].textContent.trim() : "";
  write(document.getElementById("selection-status"), why || [matching, words, fewer].filter(Boolean).join(" · "));
  markOthers();
  keep();
}

function changed() {
  refused = "";
  lost = 0;
  update();
}

function set(entry, on) {
  const tick = entry?.querySelector(".row-tick");
  if (!tick) return false;
  if (on) tick.value = entry.dataset.value;
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
      refused = button.value;
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
document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const { fragment } of tasks ?? []) {
    for (const tick of fragment?.querySelectorAll?.(".row-tick[checked]") ?? []) {
      const entry = document.getElementById(tick.closest(".row-with").id);
      if (!entry?.querySelector(".row-tick")?.checked) tick.removeAttribute("checked");
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
  if (ctx.sourceElement.matches?.("#batch form[data-step]")) sessionStorage.removeItem(KEPT);
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
