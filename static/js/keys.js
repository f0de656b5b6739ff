/* Single keys. What a key does is written on the element it acts on:
     data-key="a"      pressed like a click, or focused where it is a field; the first one that can be seen wins
     data-row-key="c"  pressed while the row beside it has the focus
     data-go="i"       followed after g
   Rows (.row) are moved through with j and k; 1 to 9 choose an option of the answer form.
   Switched off with data-keys="off" on the body; silent while somebody types. */

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
    element.select?.();
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
  const form = event.target instanceof Element && event.target.closest("form[data-answer]");
  const button = (form || document).querySelector("[data-send]");
  return button && seen(button) ? act(button) : false;
}

function back(event) {
  if (document.querySelector("dialog[open]")) return false;
  if (typing(event)) {
    event.target.blur();
    return true;
  }
  return act(first('[data-step] [data-key="Escape"]') ?? first('[data-key="Escape"]'));
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
  if (key >= "1" && key <= "9") return choose(Number(key));
  const row = document.activeElement?.closest(".list .row");
  if (row) {
    const own = row.parentElement.querySelector(`:scope > [data-row-key="${CSS.escape(key)}"]`);
    if (own) return act(own);
  }
  return act(first(`[data-key="${CSS.escape(key)}"]`));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  /* A key that is held moves on through the list; it must not answer what its first press has asked */
  if (event.repeat && !["j", "k"].includes(event.key.toLowerCase())) return;
  let done = false;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done = send(event);
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "Escape") done = back(event);
  else if (document.body.dataset.keys === "off" || typing(event) || event.key.length !== 1) return;
  else done = single(event.key.toLowerCase());
  if (done) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-opens=keys]")) sheet();
});
