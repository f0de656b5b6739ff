/* Keeps *Blocked* current without moving anything. Rows ([data-row]) are updated in place as long as they keep their height, and
   so are parts that have nothing below them ([data-part]). Everything else, above all new rows and those behind "and 4 more"
   (data-unlisted), waits until the person asks for it, or until no row waits any more. */

const bar = () => document.getElementById("show-blocked");
const textOf = (element) => element.textContent.replace(/\s+/g, " ").trim();

/* The button of a row, or what has taken its place; else its link */
function focusAgain(row, inNudge) {
  const places = inNudge ? ["[data-nudge] :is(button, a)", "[data-nudge]"] : ["a"];
  places.map((place) => row.querySelector(place)).find(Boolean)?.focus({ preventScroll: true });
}

/* False if it would change its height */
function update(row, fresh) {
  delete row.dataset.over;
  if (textOf(row) === textOf(fresh)) return true;
  const height = row.offsetHeight;
  const before = [...row.childNodes];
  const focused = row.contains(document.activeElement) && document.activeElement;
  const inNudge = Boolean(focused && focused.closest("[data-nudge]"));
  row.replaceChildren(...fresh.childNodes);
  const fits = row.offsetHeight === height;
  if (fits) htmx.process(row);
  else row.replaceChildren(...before);
  if (focused) focusAgain(row, inNudge);
  return fits;
}

/* The text in place of the button is as high (static/css/tables.css) */
function end(row, words) {
  row.dataset.over = "";
  const nudge = row.querySelector("[data-nudge]");
  if (!nudge) return;
  const focused = nudge.contains(document.activeElement);
  nudge.replaceChildren(Object.assign(document.createElement("span"), { className: "nudged", textContent: words }));
  if (focused) nudge.focus({ preventScroll: true });
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  const page = document.getElementById("blocked");
  const fresh = tasks.find(({ type }) => type === "main")?.fragment;
  if (!page || ctx.sourceElement !== page || !fresh) return;
  const rows = [...page.querySelectorAll("[data-row]")];
  const now = new Map([...fresh.querySelectorAll("[data-row]")].map((row) => [row.id, row]));
  if (!rows.some((row) => now.has(row.id))) return;
  event.preventDefault();
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const shown = document.getElementById(part.id);
    if (shown && textOf(shown) !== textOf(part)) shown.replaceChildren(...part.childNodes);
  }
  const unlisted = new Set(fresh.querySelector("[data-unlisted]")?.dataset.unlisted.split(" "));
  let changed = now.size > rows.length;
  for (const row of rows) {
    const next = now.get(row.id);
    if (!next && !unlisted.has(row.dataset.interactionId)) end(row, bar().dataset.over);
    if (!next || !update(row, next)) changed = true;
  }
  bar().hidden = !changed;
});
