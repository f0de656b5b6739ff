/* Comment templates. The list opens below the field (templates/interactions/_templates.html) with nothing chosen; the arrow keys
   move through it, Enter or a click inserts the text where the cursor is, Esc or a letter closes it. Nothing is sent. */

import { noShortcut } from "./guard.js";

const list = () => document.getElementById("comment-templates");
const field = () => document.getElementById("answer-comment");
/* Where the focus was when the list was opened by key */
let from = null;
/* Fields whose cursor the person has placed */
const placed = new WeakSet();

function close() {
  list().replaceChildren();
  list().hidden = true;
}

function leave() {
  close();
  (from?.isConnected ? from : field())?.focus();
}

function insert(text) {
  const place = field();
  if (!place) return;
  const end = place.value.length;
  const [from, to] = placed.has(place) ? [place.selectionStart, place.selectionEnd] : [end, end];
  const before = from && !/\s/.test(place.value[from - 1]) ? " " : "";
  place.setRangeText(before + text, from, to, "end");
  close();
  place.focus();
  place.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("focusin", ({ target }) => target.id === "answer-comment" && placed.add(target));
document.addEventListener("htmx:after:swap", ({ detail }) => {
  if (detail?.ctx?.target?.id !== "comment-templates") return;
  /* By now the person may be typing */
  if (document.activeElement === field()) return close();
  list().hidden = false;
  list().focus();
});
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const link = event.target.closest("[data-templates]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    from = document.activeElement === link ? null : document.activeElement;
    /* Not from the link: what comes from within the form counts as an answer */
    const source = document.getElementById("question");
    htmx.ajax("GET", link.getAttribute("href"), { source, target: list(), swap: "innerHTML", byPerson: true });
    return;
  }
  const chosen = event.target.closest("[data-insert]");
  if (chosen) insert(chosen.dataset.insert);
  else if (list()?.childElementCount && !event.target.closest("#comment-templates")) close();
});
document.addEventListener(
  "keydown",
  (event) => {
    if (!list()?.contains(event.target)) return;
    const items = [...list().querySelectorAll("[role=menuitem]")];
    const place = items.indexOf(document.activeElement);
    const to = { ArrowDown: place + 1, ArrowUp: place < 0 ? -1 : place - 1, Home: 0, End: -1 }[event.key];
    const isText = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (to !== undefined && items.length) items.at(to % items.length).focus();
    else if (event.key === "Escape") leave();
    else if (isText) {
      event.stopPropagation();
      leave();
      noShortcut(event);
    } else return;
    event.preventDefault();
  },
  true,
);
