/* Single keys. What a key does is written on the element it acts on:
     data-key="a"      pressed like a click, or focused where it is a field; the first one that can be seen wins, but a
                         message is about something later than the bar of a held answer
     data-row-key="c"  pressed while the row beside it has the focus (static/js/list.js)
     data-go="i"       followed after g
     data-stop         J and K stop at it: a link of a page without rows, or in a line above the rows, which Esc dismisses
   X selects a row, and Shift with J or K the next one too; a and r are then the buttons of the bar below the list.
   Rows (.row) are moved through with j and k, which mark a row by the focus. Enter opens the row and goes to its question, or to
   its form if it was open; Esc comes back. 1 to 9 choose an option of the question that has the focus. Keys that
   answer, comment or insert a template act on the question in the pane only: on another row they open its question, and M also
   goes to its comment.
   Switched off with data-keys="off" on the body; silent while someone types. When a key may decide is static/js/guard.js's. */

import { FIELD, noShortcut, say } from "./guard.js";
import { clear, hasSelection, toggle } from "./row-selection.js";

/* G begins a sequence: the letter after it names the page to open, and never answers a question */
const LONGEST_MS = 3000;
let begunAt = -Infinity;
const isGoing = (event) => event.timeStamp - begunAt < LONGEST_MS;

const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled");
const first = (selector) => [...document.querySelectorAll(selector)].find(seen);
const typing = (event) => event.target instanceof Element && event.target.closest(FIELD) !== null;

/* static/js/list.js listens */
const dispatch = (row, name) => row.dispatchEvent(new CustomEvent(name, { bubbles: true }));

/* Press an element, or focus it where it is a field */
function press(element) {
  if (!element) return false;
  if (element.matches(FIELD)) {
    element.focus();
    /* A search is selected, to be replaced; in a text the cursor goes to the end */
    if (element.type === "search") element.select();
    else if (element.matches("textarea, input[type=text]")) element.setSelectionRange(element.value.length, element.value.length);
  } else {
    element.click();
  }
  return true;
}

/* add: select the row that was marked, and the next one */
function move(step, add) {
  const stops = [...document.querySelectorAll(".list .row, [data-stop]")].filter(seen);
  const link = first(`[data-key="${step > 0 ? "j" : "k"}"]`);
  if (link && !stops.some((stop) => stop.matches(".row"))) return press(link);
  if (!stops.length) return false;
  const here = stops.indexOf(markedRow() ?? document.activeElement);
  const from = here >= 0 ? here : stops.findIndex((stop) => stop.hasAttribute("aria-current"));
  const begin = Math.max(0, stops.findIndex((stop) => stop.matches(".row")));
  const to = from < 0 ? (step > 0 ? begin : stops.length - 1) : Math.min(stops.length - 1, Math.max(0, from + step));
  if (add && from >= 0) toggle(stops[from], { add });
  if (add) toggle(stops[to], { add });
  stops[to].focus();
  stops[to].scrollIntoView({ block: "nearest" });
  if (stops[to].matches(".row")) dispatch(stops[to], "row:marked");
  return true;
}

/* The marked row of a list, and whether it is another question than the open one */
const markedRow = () => document.activeElement?.closest(".list .row-with")?.querySelector(":scope > .row") ?? document.activeElement?.closest(".list .row") ?? null;
const openRow = () => first(".list .row[aria-current]");
/* The page decides, not the mark: a row is marked a moment later */
const isOpen = (row) => row.dataset.interactionId === document.getElementById("detail")?.dataset.interactionId;
/* Only once, however often it is requested, and even if a preview of it is on its way */
const open = (row) => dispatch(row, "row:opened") && (isOpen(row) || row.classList.contains("htmx-request") || press(row));

/* Of the question that has the focus, or of the first one */
function choose(place) {
  const question = document.activeElement?.closest("#answer .field:has(.choice)") ?? first("#answer .field:has(.choice)");
  const input = [...(question?.querySelectorAll(".choice") ?? [])].filter(seen)[place - 1]?.querySelector("input");
  if (!input || input.matches(":disabled")) return false;
  input.focus();
  if (!input.matches(".input")) input.click();
  input.closest(".choice--other")?.querySelector(".input").focus();
  return true;
}

function sheet() {
  const dialog = document.getElementById("keys");
  if (!dialog) return false;
  if (dialog.open) dialog.close();
  else dialog.showModal();
  return true;
}

function send(event) {
  const row = markedRow();
  if (row && !isOpen(row)) return open(row);
  const form = event.target instanceof Element && event.target.closest("form:is([data-answer], [data-batch])");
  /* In a search field, it is not the answer that is sent */
  if (!form && typing(event)) return false;
  const chosen = form?.dataset.chosen && form.querySelector(`[data-arms="${form.dataset.chosen}"]`);
  const button = chosen || (form ?? document).querySelector("form [data-send]");
  if (button && seen(button)) return press(button);
  /* Approve or Reject is never chosen for the person: say which keys to press */
  if (!form) return false;
  say(form, document.body.dataset.keys === "off" ? "how" : "howByKey");
  return true;
}

function clearSearch(search) {
  if (!search?.value) return false;
  search.value = "";
  search.dispatchEvent(new Event("input", { bubbles: true }));
  return true;
}

/* The focus does not disappear with the line */
function dismiss(line) {
  (openRow() ?? first(".list .row") ?? document.getElementById("inbox-list")).focus();
  return press(line.querySelector("[data-dismiss-line]"));
}

function closeMenu(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
  return true;
}

/* Leave a field, and from there go to the row of the open question, or to the list that it covers */
function back(event) {
  if (document.querySelector("dialog[open]")) return false;
  const line = event.target.closest("[data-line]");
  if (line?.querySelector("[data-dismiss-line]")) return dismiss(line);
  const menu = event.target.closest("details.menu[open]") ?? first("details.menu[open]");
  if (menu) return closeMenu(menu);
  const field = event.target.closest(`${FIELD}, form[data-answer] input`);
  if (field?.type === "search") clearSearch(field);
  const cancel = event.target.closest("[data-panel]")?.querySelector('[data-key="Escape"]');
  if (cancel) {
    /* Its field does not disappear under the focus: static/js/guard.js */
    cancel.focus();
    return press(cancel);
  }
  if (field) {
    const place = field.closest("form[data-answer]:not([data-closed] *)") ?? openRow() ?? first(".list .row") ?? first("[data-stop]");
    if (place) place.focus({ preventScroll: true });
    else field.blur();
    return true;
  }
  if (hasSelection()) {
    clear();
    return true;
  }
  const row = openRow();
  if (!row || row === document.activeElement) return press(first('[data-key="Escape"]')) || clearSearch(first(".list [role=search] [type=search]"));
  row.focus();
  return true;
}

function toQuestion() {
  const heading = document.getElementById("question");
  if (!heading) return false;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return true;
}

const toComment = () => press(first('#detail [data-key="m"]'));

/* Focus the first field of the answer form, or the question if there is none */
function toForm() {
  const field = document.querySelector("#answer .field")?.querySelector(".choice input:checked") ?? first(`#answer :is(${FIELD}, .choice input)`);
  if (!field) return toQuestion();
  if (field.matches(FIELD)) return press(field);
  field.focus();
  return true;
}

/* Moves the focus once the question that M or Enter opens is there */
let goOn = null;

function openAnd(row, to) {
  goOn = () => {
    if (!isOpen(row)) return;
    goOn = null;
    to();
  };
  open(row);
  goOn();
  return true;
}

/* Enter opens a row, also one whose question is only previewed. The focus goes to the question, so that the keys that scroll act
   on it. On the row of the open question, or if only that question or its form has the focus, Enter goes to the form */
function enter(event) {
  const row = event.target.closest(".list .row");
  if (event.shiftKey || document.querySelector("dialog[open]")) return false;
  goOn = null;
  if (row && (!isOpen(row) || history.state?.beforePreview)) return openAnd(row, toQuestion);
  if (!row && !event.target.matches("body, #main, #question, form[data-answer]")) return false;
  return toForm();
}

function single(event) {
  const key = event.key.toLowerCase();
  goOn = null;
  if (document.querySelector("dialog[open]") && key !== "?") return false;
  if (isGoing(event)) {
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    /* Pressed again while the page loads, the key still means the page */
    if (link) link.click();
    else begunAt = -Infinity;
    return link !== null;
  }
  if (key === "g") {
    begunAt = event.timeStamp;
    return true;
  }
  if (key === "j" || key === "k") return move(key === "j" ? 1 : -1, event.shiftKey);
  if (key === "?") return sheet();
  const row = markedRow();
  if (key === "x" && toggle(row ?? openRow())) return true;
  const together = /^[ar]$/.test(key) && hasSelection() && first(`#list-select [data-key="${key}"]`);
  if (together) return press(together);
  const another = row && !isOpen(row);
  if (another && key === "m") return openAnd(row, toComment);
  if (another && /^[art1-9]$/.test(key)) return open(row);
  if (key >= "1" && key <= "9") return choose(Number(key));
  const own = row?.parentElement.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
  if (own) return press(own);
  if (another && /^[cehu]$/.test(key)) return false;
  const named = `[data-key="${CSS.escape(key)}"]`;
  return press(first(`#detail ${named}:not(.vh)`) ?? first(`#toasts ${named}`) ?? first(named));
}

/* Tell screen readers which key presses an element, only while shortcuts are on */
function nameKeys() {
  if (document.body.dataset.keys === "off") return;
  const name = (element, key) => element.setAttribute("aria-keyshortcuts", key);
  for (const element of document.querySelectorAll("[data-key]")) name(element, element.dataset.key);
  for (const element of document.querySelectorAll("[data-send]:not([data-key])")) name(element, "Control+Enter");
  for (const input of document.querySelectorAll("#answer .choice:has(kbd) input:not(.input)")) name(input, input.closest(".choice").querySelector("kbd").textContent);
}

/* Opened at once; what is typed before its script has arrived is in its field then */
async function togglePalette() {
  const dialog = document.getElementById("palette");
  if (!dialog || document.querySelector("dialog[open]:not(#palette)")) return;
  if (dialog.open) return dialog.close();
  const from = document.activeElement;
  dialog.querySelector("input").value = "";
  dialog.showModal();
  const { start } = await import("./palette.js");
  start(from, press);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    if (!event.repeat) togglePalette();
    return;
  }
  if (event.target instanceof Element && event.target.closest("#palette")) return;
  /* A key held down moves on through the list; it must not answer what its first press has opened */
  if (event.repeat && !["j", "k"].includes(event.key.toLowerCase())) {
    if (event.key === "Enter" && event.target.closest(".list .row")) event.preventDefault();
    return;
  }
  let done = false;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done = send(event);
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "Escape") done = back(event);
  else if (event.key === "Enter" && document.body.dataset.keys !== "off") done = enter(event);
  else if (document.body.dataset.keys === "off" || typing(event) || event.key.length !== 1) return;
  else {
    done = single(event);
    if (!done) noShortcut(event);
  }
  if (done) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const opens = event.target instanceof Element && event.target.closest("[data-opens]")?.dataset.opens;
  if (opens === "keys") sheet();
  if (opens !== "palette" || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  togglePalette();
});
/* Enter in the search of a list goes to its results */
document.addEventListener("htmx:after:swap", (event) => {
  const { sourceElement: form, request } = event.detail?.ctx ?? {};
  if (request?.submitter !== undefined && form?.matches(".list [role=search]") && form.contains(document.activeElement)) first(".list .row")?.focus();
});
document.addEventListener("htmx:after:swap", () => goOn?.());
document.addEventListener("pointerdown", ({ target }) => {
  goOn = null;
  const menu = first("details.menu[open]");
  if (menu && !menu.contains(target)) menu.open = false;
});
/* A page part that reloads itself leaves an open menu alone */
document.addEventListener("toggle", ({ target }) => target.matches("details.menu") && target.toggleAttribute("hx-morph-skip", target.open), true);
document.addEventListener("htmx:after:swap", nameKeys);
nameKeys();
