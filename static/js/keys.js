/* Single keys. What a key does is written on the element it acts on:
     data-key="a"      pressed like a click, or focused where it is a field; the first one that can be seen wins
     data-row-key="c"  pressed while the row beside it has the focus
     data-go="i"       followed after g
   Rows (.row) are moved through with j and k, which mark a row by the focus; Enter on the open one goes on to its form, Esc
   comes back. 1 to 9 choose an option of the answer form. Keys that answer act on the open question only: on another row
   they open it.
   Switched off with data-keys="off" on the body; silent while somebody types. When a key may decide is static/js/guard.js's. */

const FIELD = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";
const SEQUENCE_MS = 1200;
let goUntil = 0;

const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled;
const first = (selector) => [...document.querySelectorAll(selector)].find(seen);
const typing = (event) => event.target instanceof Element && event.target.closest(FIELD) !== null;

function act(element) {
  if (!element) return false;
  if (element.matches(FIELD)) {
    element.focus();
    /* A search is typed anew; a text goes on where it ended */
    if (element.type === "search") element.select();
    else if (element.matches("textarea")) element.setSelectionRange(element.value.length, element.value.length);
  } else {
    element.click();
  }
  return true;
}

function move(step) {
  const rows = [...document.querySelectorAll(".list .row")].filter(seen);
  if (!rows.length) return act(first(`[data-key="${step > 0 ? "j" : "k"}"]`));
  const here = rows.findIndex((row) => row === document.activeElement);
  const from = here >= 0 ? here : rows.findIndex((row) => row.hasAttribute("aria-current"));
  const to = from < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, from + step));
  rows[to].focus();
  rows[to].scrollIntoView({ block: "nearest" });
  return true;
}

/* The marked row of a list, and whether it is another question than the one that is open */
const markedRow = () => document.activeElement?.closest(".list .row") ?? null;
const openRow = () => first(".list .row[aria-current]");
/* What the page shows decides: the row is marked a moment later */
const isOpen = (row) => row.dataset.interactionId === document.getElementById("detail")?.dataset.interactionId;
/* Once, however often it is asked for */
const open = (row) => row.classList.contains("htmx-request") || act(row);

function choose(place) {
  const input = [...document.querySelectorAll(".choice input")].filter((each) => seen(each.closest(".choice")))[place - 1];
  if (!input || input.disabled) return false;
  input.focus();
  input.click();
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
  const form = event.target instanceof Element && event.target.closest("form[data-answer]");
  const button = (form || document).querySelector("[data-send]");
  if (button && seen(button)) return act(button);
  /* A yes or no is never chosen for the person: it is said what to press */
  const hint = form && form.querySelector("[data-how]");
  if (hint) hint.textContent = document.body.dataset.keys === "off" ? hint.dataset.how : hint.dataset.howByKey;
  return Boolean(hint);
}

/* Out of a confirm step, out of a field, and from there to the row of the open question, or to the list that it covers */
function back(event) {
  if (document.querySelector("dialog[open]")) return false;
  const field = event.target.closest(`${FIELD}, form[data-answer] input`);
  if (field?.type === "search" && field.value) {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }
  const step = first('[data-step] [data-key="Escape"]');
  if (step && !field) return act(step);
  if (field) {
    const place = field.closest("form[data-answer]:not([data-closed] *)") ?? openRow() ?? first(".list .row");
    if (place) place.focus({ preventScroll: true });
    else field.blur();
    return true;
  }
  const row = openRow();
  if (!row || row === document.activeElement) return act(first('[data-key="Escape"]'));
  row.focus();
  return true;
}

/* Enter opens a row. On the row of the open question, or where nothing has the focus but that question or its form, it goes
   to the first field, or to the question where there is none */
function enter(event) {
  const row = event.target.closest(".list .row");
  if (event.shiftKey || document.querySelector("dialog[open]")) return false;
  if (row && !isOpen(row)) return open(row);
  if (!row && !event.target.matches("body, #main, #question, form[data-answer]")) return false;
  const field = first("#answer .choice input:checked") ?? first(`#answer :is(${FIELD}, .choice input)`);
  const place = field ?? document.getElementById("question");
  if (!place) return false;
  if (field?.matches(FIELD)) return act(field);
  if (!field) place.tabIndex = -1;
  place.focus();
  return true;
}

function single(key) {
  if (document.querySelector("dialog[open]") && key !== "?") return false;
  if (Date.now() < goUntil) {
    goUntil = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) {
      link.click();
      return true;
    }
  }
  if (key === "g") {
    goUntil = Date.now() + SEQUENCE_MS;
    return true;
  }
  if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
  if (key === "?") return sheet();
  const row = markedRow();
  const another = row && !isOpen(row);
  if (another && /^[ar1-9]$/.test(key)) return open(row);
  if (key >= "1" && key <= "9") return choose(Number(key));
  const own = row?.parentElement.querySelector(`:scope > [data-row-key="${CSS.escape(key)}"]`);
  if (own) return act(own);
  if (another && (key === "c" || key === "e")) return false;
  return act(first(`[data-step] [data-key="${CSS.escape(key)}"]`) ?? first(`[data-key="${CSS.escape(key)}"]`));
}

/* What a key presses says so to a screen reader, only while keys are on */
function nameKeys() {
  if (document.body.dataset.keys === "off") return;
  const name = (element, key) => element.setAttribute("aria-keyshortcuts", key);
  for (const element of document.querySelectorAll("[data-key], [data-row-key]")) name(element, element.dataset.key || element.dataset.rowKey);
  for (const element of document.querySelectorAll("[data-send]:not([data-key])")) name(element, "Control+Enter");
  const options = [...document.querySelectorAll("#answer-options .choice:has(kbd) input")];
  options.forEach((input, place) => name(input, String(place + 1)));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  /* A key that is held moves on through the list; it must not answer what its first press has asked */
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
  else done = single(event.key.toLowerCase());
  if (done) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-opens=keys]")) sheet();
});
/* Enter in the search of a list goes on to what was found */
document.addEventListener("htmx:after:swap", (event) => {
  const { sourceElement: form, request } = event.detail?.ctx ?? {};
  if (request?.submitter !== undefined && form?.matches(".list [role=search]") && form.contains(document.activeElement)) first(".list .row")?.focus();
});
document.addEventListener("htmx:after:swap", nameKeys);
document.addEventListener("answer:asking", nameKeys);
nameKeys();
