/* Marks the row of the open question, in any list, and scrolls to it. When another question opens in place, the mark moves and
   the page starts at its top. */

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

/* What was asked for last is shown in the pane, even if the response to an answer that was on its way has replaced the pane */
let newest = null;
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.id === "detail") return;
  if (ctx.target?.id === "detail" || ctx.request.headers["HX-History-Restore-Request"]) newest = ctx;
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx === newest && ctx.swap === "outerHTML" && !ctx.target.isConnected) ctx.target = document.getElementById("detail");
});

/* The question that was open when an answer that can be undone was sent, or an answer or a snooze was undone */
const LEADS_ON = "form[data-guard=undo], [data-undoes], #toasts [hx-target='#detail']";
let leaves = "";
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.matches?.(LEADS_ON)) leaves = document.getElementById("detail").dataset.interactionId;
});

/* Its row stays in the list. If that has the focus, the focus goes to the row of the question that has opened: keys are meant
   for that one */
function followOpened(left) {
  const row = document.activeElement;
  if (left !== leaves || !row?.matches(".list .row") || row.dataset.interactionId !== left) return;
  const next = document.querySelector(".list .row[aria-current]");
  if (next) next.focus({ preventScroll: true });
  else row.blur();
}

/* After any swap: that of another part of the page may end before that of the question */
function moved() {
  const detail = document.getElementById("detail");
  const id = detail?.dataset.interactionId ?? "";
  mark(id);
  if (id === open) return;
  const left = open;
  open = id;
  followOpened(left);
  scrollTo(0, 0);
}

document.addEventListener("htmx:after:swap", moved);
/* A question that was opened by its address */
document.querySelector(".list .row[aria-current]")?.scrollIntoView({ block: "nearest" });
