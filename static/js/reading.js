/* Reading a question's context: searching a tree, turning the pages of a table, the layout of a diff. Nothing needs this script. */

import { comparable, fill } from "./words.js";

const YEAR_S = 365 * 24 * 60 * 60;
const PAGE = 50;

/* The nodes that were open before a search, by its field */
const wereOpen = new WeakMap();

function search(input) {
  const tree = input.closest(".tree");
  const branches = [...tree.querySelectorAll("details")];
  const nodes = tree.querySelectorAll(".tree-nodes li");
  const words = comparable(input.value.trim());
  const said = tree.querySelector("[data-words]");
  for (const node of nodes) {
    node.hidden = false;
    delete node.dataset.match;
  }
  if (!words) {
    for (const branch of branches) branch.open = wereOpen.get(input)?.has(branch) ?? branch.open;
    wereOpen.delete(input);
    said.textContent = "";
    return;
  }
  if (!wereOpen.has(input)) wereOpen.set(input, new Set(branches.filter((branch) => branch.open)));
  const shown = new Set();
  let count = 0;
  for (const node of nodes) {
    const own = node.querySelector(":scope > details > summary") ?? node;
    if (node.hasAttribute("data-cut") || !comparable(own.textContent).includes(words)) continue;
    count += 1;
    node.dataset.match = "";
    for (const inside of node.querySelectorAll("li")) shown.add(inside);
    for (let up = node; up; up = up.parentElement.closest(".tree-nodes li")) shown.add(up);
  }
  for (const node of nodes) node.hidden = !shown.has(node);
  for (const branch of branches) branch.open = branch.querySelector("[data-match]") !== null;
  said.textContent = fill(said.dataset.words, { count });
}

function turn(pager, step) {
  const table = pager.parentElement.querySelector(".table");
  const { rows } = table.tBodies[0];
  const first = step ? Math.min(Math.max(0, Number(pager.dataset.first ?? 0) + step * PAGE), rows.length - 1) : 0;
  const last = step === 0 ? rows.length : Math.min(first + PAGE, rows.length);
  pager.dataset.first = first;
  for (const [place, row] of [...rows].entries()) row.toggleAttribute("data-off-page", place < first || place >= last);
  const [back, on] = pager.querySelectorAll("[data-turn]");
  back.disabled = first === 0;
  on.disabled = last === rows.length;
  pager.querySelector('[data-turn="0"]').setAttribute("aria-pressed", step === 0);
  const said = pager.querySelector("[data-words]");
  said.textContent = fill(said.dataset.words, { from: first + 1, to: last, total: rows.length });
  table.parentElement.scrollTop = 0;
}

/* In all diffs of the page, and remembered in a cookie, so that the server renders it and the page doesn't flash */
function lay(layout) {
  document.cookie = `diff=${layout}; path=/; samesite=lax; max-age=${layout === "split" ? YEAR_S : 0}${location.protocol === "https:" ? "; secure" : ""}`;
  for (const input of document.querySelectorAll(`[data-diff-layout] input[value="${layout}"]`)) input.checked = true;
}

function showWhole(button) {
  const whole = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", whole);
  for (const fold of button.closest("details").querySelectorAll("details.fold")) fold.open = whole;
}

function ready() {
  for (const pager of document.querySelectorAll("[data-pager][hidden]")) {
    pager.hidden = false;
    turn(pager, -1);
  }
}

document.addEventListener("input", (event) => {
  if (event.target.closest?.("[data-tree-search]")) search(event.target);
});
document.addEventListener("change", (event) => {
  if (event.target.closest?.("[data-diff-layout]")) lay(event.target.value);
});
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-turn], [data-whole-file]");
  if (!button) return;
  if (button.hasAttribute("data-turn")) {
    const pager = button.closest("[data-pager]");
    /* Pressing "Show all" again turns paging back on */
    turn(pager, button.getAttribute("aria-pressed") === "true" ? -1 : Number(button.dataset.turn));
    /* On the last page it is disabled, and would lose the focus to the page */
    if (button.disabled) pager.querySelector("[data-turn]:enabled")?.focus();
  } else showWhole(button);
});
document.addEventListener("htmx:after:swap", ready);
ready();
/* Text and choices from before this script arrived */
for (const input of document.querySelectorAll("[data-tree-search] input")) if (input.value) search(input);
for (const input of document.querySelectorAll("[data-diff-layout] input:checked")) if (!input.defaultChecked) lay(input.value);
