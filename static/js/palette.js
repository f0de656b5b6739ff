/* The command palette (templates/components/_palette.html). static/js/keys.js opens it by Ctrl/⌘ K, even while someone types,
   or by [data-opens=palette], and loads this script the first time. What can be done on the page is read when the palette opens:
   elements with a key, the buttons of its bars, and saved views. Choosing one presses that element, so every guard applies. It and
   the pages are matched here; questions, runs and people are found by the server, which is asked only for what is typed. */

import { comparable, fill } from "./words.js";

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
const found = document.getElementById("palette-found");
const status = document.getElementById("palette-status");
const groups = [...list.querySelectorAll("[data-options]")];
/* The element of the page that an option stands for */
const stands = new WeakMap();
let press = null;
let failed = false;

const nameOf = (option) => option.querySelector("span").textContent;
const options = () => [...list.querySelectorAll("[role=option]")].filter((option) => option.checkVisibility());
const active = () => list.querySelector("[aria-selected=true]");

/* How well the letters of a search fit a text, in their order; 0 if they don't. The first letter must begin a word */
function score(search, text) {
  if (!search) return 1;
  let best = 0;
  for (const { index } of text.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)) {
    if (text[index] !== search[0]) continue;
    let at = index - 1;
    let points = index === 0 ? 2 : 1;
    for (const letter of search) {
      const next = text.indexOf(letter, at + 1);
      if (next < 0) {
        points = 0;
        break;
      }
      const beginsWord = next === 0 || !/[\p{L}\p{N}]/u.test(text[next - 1]);
      points += next === at + 1 ? 3 : beginsWord ? 2 : 0.1;
      at = next;
    }
    best = Math.max(best, points);
  }
  return best;
}

/* Whether each word of a search begins a word of a text */
function begins(search, text) {
  const words = text.split(/[^\p{L}\p{N}]+/u);
  return search.split(/[^\p{L}\p{N}]+/u).every((part) => words.some((word) => word.startsWith(part)));
}

/* What is only like what was typed is no longer offered before something that is called so */
function prefer() {
  const search = comparable(input.value).trim();
  const called = (option) => begins(search, comparable(nameOf(option)));
  if (!search || ![...found.querySelectorAll("[role=option]")].some(called)) return;
  for (const group of groups) {
    const shown = [...group.querySelectorAll("[role=option]:not([hidden])")];
    for (const option of shown) option.hidden = !called(option);
    group.hidden = shown.every((option) => option.hidden);
  }
}

function select(option) {
  active()?.setAttribute("aria-selected", "false");
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", option.id);
}

function announce() {
  const count = options().length;
  const { one, count: words, none, failed: unavailable } = status.dataset;
  const results = count === 1 ? one : fill(words, { count });
  status.textContent = failed ? unavailable : count ? results : none;
}

const withoutSpaces = (text) => comparable(text).replace(/\s+/g, "");

/* What is searched for in a group: "go to runs" is the page "Runs" */
function searchedIn(group, search) {
  const verb = withoutSpaces(group.dataset.verb ?? "");
  return verb && search.startsWith(verb) ? search.slice(verb.length) : search;
}

function match() {
  const search = withoutSpaces(input.value);
  for (const group of groups) {
    const wanted = searchedIn(group, search);
    const scored = [...group.querySelectorAll("[role=option]")].map((option) => ({ option, points: score(wanted, comparable(nameOf(option))) }));
    for (const { option, points } of scored) option.hidden = !points;
    /* In the page's order where nothing is typed */
    scored.sort((one, other) => (wanted ? other.points - one.points : one.option.dataset.place - other.option.dataset.place));
    group.append(...scored.map(({ option }) => option));
    group.hidden = scored.every(({ points }) => !points);
  }
  if (!search) found.replaceChildren();
  prefer();
  select(options()[0]);
  announce();
}

/* ---- What the page offers */

function labelOf(element) {
  const copy = (element.matches("button") ? element : (element.labels?.[0] ?? element)).cloneNode(true);
  /* What only a phone shows is the same in fewer words */
  copy.querySelectorAll("kbd, svg, small, .meta, .count, .phone-only, input, select, textarea").forEach((each) => each.remove());
  return (element.getAttribute("aria-label") ?? copy.textContent).replace(/\s+/g, " ").trim();
}

function add(group, element, icon) {
  const option = document.createElement("button");
  option.type = "button";
  option.className = "option";
  option.role = "option";
  option.tabIndex = -1;
  const name = document.createElement("span");
  name.className = "cut";
  name.textContent = labelOf(element);
  option.append(icon?.cloneNode(true) ?? document.createElement("i"), name);
  const key = element.dataset.key ?? element.dataset.rowKey;
  if (key && document.body.dataset.keys !== "off") {
    const hint = document.createElement("kbd");
    hint.ariaHidden = "true";
    hint.textContent = key.length === 1 ? key.toUpperCase() : "Esc";
    option.append(hint);
  }
  stands.set(option, element);
  group.append(option);
}

const ACTIONS = "[data-key], [data-send], .bar .btn:not([data-opens])";

function readPage(from) {
  const [actions, pages, views] = groups;
  for (const group of [actions, views]) group.querySelectorAll("[role=option]").forEach((option) => option.remove());
  const row = from?.closest(".list .row");
  /* What can be done with the open question is beside the list */
  const isOpen = row?.dataset.interactionId === document.getElementById("detail")?.dataset.interactionId;
  const ofRow = row && !isOpen ? row.parentElement.querySelectorAll("[data-row-key]") : [];
  const names = new Set();
  for (const element of [...ofRow, ...document.querySelectorAll(ACTIONS)]) {
    const name = labelOf(element);
    if (!name || names.has(name) || element.matches(":disabled") || !element.checkVisibility({ visibilityProperty: true })) continue;
    names.add(name);
    add(actions, element, element.querySelector("svg"));
  }
  /* Focus mode of this list, and not of the whole inbox */
  for (const page of pages.querySelectorAll("[role=option]")) page.toggleAttribute("data-double", names.has(nameOf(page)));
  document.querySelectorAll("a[data-view]").forEach((view) => add(views, view, view.querySelector("svg")));
  groups.flatMap((group) => [...group.querySelectorAll("[role=option]")]).forEach((option, place) => {
    option.id = `palette-${place}`;
    option.dataset.place = place;
  });
}

/* ---- Opening and choosing */

/* from: the element that had the focus; pressElement: how keys press an element, from static/js/keys.js */
export function start(from, pressElement) {
  press = pressElement;
  readPage(from);
  failed = false;
  match();
}

/* The focus is back where it was before the element is pressed */
function choose(option) {
  const element = stands.get(option);
  if (option.href && !element) return;
  dialog.close();
  if (element?.isConnected) press(element);
}

dialog.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) choose(option);
  else if (event.target === dialog) dialog.close();
});
dialog.addEventListener("close", () => input.blur());
dialog.addEventListener("keydown", (event) => {
  /* The button that closes it is pressed by Enter, too */
  if (event.isComposing || (event.key === "Enter" && event.target.closest("[method=dialog]"))) return;
  const all = options();
  const place = all.indexOf(active());
  if (event.key === "ArrowDown") select(all[(place + 1) % all.length]);
  else if (event.key === "ArrowUp") select(all.at(place - 1));
  else if (event.key === "Enter" && !event.repeat && !event.ctrlKey && !event.metaKey && active()) active().click();
  /* The first Esc of a search would only empty it */
  else if (event.key === "Escape") dialog.close();
  else if (event.key !== "Enter" || !(event.repeat || event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
});
input.addEventListener("input", () => {
  failed = false;
  match();
});
const isOwn = (event) => event.detail?.ctx?.sourceElement === input;
document.addEventListener("htmx:after:swap", (event) => {
  if (!isOwn(event)) return;
  if (!dialog.open || !input.value.trim()) found.replaceChildren();
  prefer();
  if (!active()?.checkVisibility()) select(options()[0]);
  announce();
});
/* Neither swapped nor replaced by the request for what was typed next */
document.addEventListener("htmx:finally:request", (event) => {
  const { status: state, request } = event.detail.ctx;
  if (!isOwn(event) || state === "swapped" || (request.signal.aborted && request.signal.reason !== "timeout")) return;
  failed = true;
  found.replaceChildren();
  if (!active()?.checkVisibility()) select(options()[0]);
  announce();
});
