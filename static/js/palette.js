/* The command palette (templates/components/_palette.html), loaded by static/js/keys.js the first time. It offers elements with a
   key, buttons of bars, saved views and themes; choosing one presses that element, so every guard applies. These and the pages
   are matched here; questions, runs and people are found by the server. */

import "./theme.js";
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
/* Compared with a search: the name, for an action on a row without the title of its question */
const searchable = (option) => comparable(option.dataset.action ?? nameOf(option));
const options = () => [...list.querySelectorAll("[role=option]")].filter((option) => option.checkVisibility());
const active = () => list.querySelector("[aria-selected=true]");

const isLetter = (text, at) => /[\p{L}\p{N}]/u.test(text[at] ?? "");
const beginsWord = (text, at) => isLetter(text, at) && !isLetter(text, at - 1);
const inOneWord = (text, from, to) => !/[^\p{L}\p{N}]/u.test(text.slice(from, to));
const places = (text) => [...text].map((_, at) => at);

/* True if the letters of a search are in a text in their order: each one begins a word, or is further on in the same word,
   which for two letters alone would fit too much */
function abbreviates(search, text) {
  let ends = places(text).filter((at) => text[at] === search[0] && beginsWord(text, at));
  for (const letter of search.slice(1)) {
    const follows = (at) => ends.some((end) => end < at && (beginsWord(text, at) || (search.length > 2 && inOneWord(text, end, at))));
    ends = places(text).filter((at) => text[at] === letter && follows(at));
  }
  return ends.length > 0;
}

/* True if a text begins with a search in which one letter is wrong, missing, too many, or swapped with the next one */
function almostBegins(search, text) {
  const at = [...search].findIndex((letter, place) => letter !== text[place]);
  const goesOn = (typed, meant) => text.startsWith(search.slice(at + typed), at + meant);
  const isSwapped = search[at] === text[at + 1] && search[at + 1] === text[at];
  return goesOn(1, 1) || goesOn(0, 1) || goesOn(1, 0) || (isSwapped && goesOn(2, 2));
}

const TYPO = 1;
const TYPO_FROM = 4;

/* How well a search without spaces fits a text; 0 if it doesn't */
function score(search, text) {
  if (!search) return 4;
  const starts = places(text).filter((at) => beginsWord(text, at)).map((at) => text.slice(at).replace(/[^\p{L}\p{N}]+/gu, ""));
  if (starts[0]?.startsWith(search)) return 4;
  if (starts.some((start) => start.startsWith(search))) return 3;
  if (abbreviates(search, text)) return 2;
  return search.length >= TYPO_FROM && starts.some((start) => almostBegins(search, start)) ? TYPO : 0;
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

const withoutSpaces = (text) => comparable(text).replace(/[^\p{L}\p{N}]+/gu, "");

/* Without the verb of a group: "go to runs" is the page "Runs", and "theme" is each of the themes */
function searchedIn(group, search) {
  const verb = withoutSpaces(group.dataset.verb ?? "");
  return verb && search.startsWith(verb) ? search.slice(verb.length) : search;
}

function match() {
  const search = withoutSpaces(input.value);
  const scores = groups.map((group) => {
    const wanted = searchedIn(group, search);
    const scored = [...group.querySelectorAll("[role=option]")].map((option) => ({ option, points: score(wanted, searchable(option)) }));
    return { group, wanted, scored };
  });
  /* "dark" is no mistyped "mark" where there is a dark theme */
  const least = scores.some(({ scored }) => scored.some(({ points }) => points > TYPO)) ? TYPO + 1 : TYPO;
  for (const { group, wanted, scored } of scores) {
    for (const { option, points } of scored) option.hidden = points < least;
    /* In the page's order where nothing is typed */
    scored.sort((one, other) => (wanted ? other.points - one.points : one.option.dataset.place - other.option.dataset.place));
    group.append(...scored.map(({ option }) => option));
    group.hidden = scored.every(({ points }) => points < least);
  }
  if (!search) found.replaceChildren();
  select(options()[0]);
  announce();
}

/* ---- What the page offers */

function labelOf(element) {
  const copy = (element.matches("button") ? element : (element.labels?.[0] ?? element)).cloneNode(true);
  /* Text for phones says the same in fewer words */
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
  if (element.dataset.rowKey) option.dataset.action = name.textContent.split(": ", 1)[0];
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
  for (const option of list.querySelectorAll("[name=theme]")) stands.set(option, document.querySelector(`#look [name=theme][value=${option.value}]`));
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
