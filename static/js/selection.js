/* The question beside the list is the row that is marked, in whatever list. When another one opens in place, the mark moves
   and the page begins at its top. */

let open = document.getElementById("detail")?.dataset.interactionId ?? "";

function mark(id) {
  for (const row of document.querySelectorAll(".list .row[aria-current]")) {
    if (row.dataset.interactionId !== id) row.removeAttribute("aria-current");
  }
  const row = id && document.querySelector(`.list .row[data-interaction-id="${CSS.escape(id)}"]`);
  if (!row) return;
  row.setAttribute("aria-current", "true");
  if (id !== open) row.scrollIntoView({ block: "nearest" });
}

function moved() {
  const detail = document.getElementById("detail");
  const id = detail?.dataset.interactionId ?? "";
  mark(id);
  if (id === open) return;
  open = id;
  scrollTo(0, 0);
}

document.addEventListener("htmx:after:swap", moved);
