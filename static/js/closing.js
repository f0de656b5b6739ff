/* Keeps the answer form when the open question closes, or someone else claims it, while the person is typing or has typed text.
   Copy and Discard replace the send buttons (CSS does that for data-closed on the card); if the question is open again, they come
   back. Nothing else on the page moves. */

import { TEXT } from "./guard.js";
import { isAnswer } from "./unsent.js";

const BANNER = "#outcome, #claimed-by-another, #held-answer, #no-token, #answered, #not-asked";

const card = () => document.getElementById("answer-card");
const fieldsOf = (form) => [...form.querySelectorAll(TEXT)];

function isKept(form, incoming) {
  if (form.classList.contains("htmx-request") || isAnswer([...new FormData(form)], incoming.dataset.mine)) return false;
  return fieldsOf(form).some((field) => field === document.activeElement || (field.value.trim() && (field.value !== field.defaultValue || form.closest("[data-closed]"))));
}

/* The open question's ID; empty where none is */
const shown = () => document.getElementById("detail")?.dataset.interactionId ?? "";

/* reloads: what was shown when the page part began to reload itself. At the end of focus mode, it brings a new question */
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.id === "detail") ctx.reloads = shown();
});

/* Skip: the answer's own response will replace this pane, or another question has been opened */
function isOvertaken(form, ctx) {
  return ctx.reloads !== shown() || form?.classList.contains("htmx-request");
}

function showBanner(incoming) {
  const place = card().querySelector("[data-banner]");
  const banner = incoming.querySelector(BANNER);
  banner?.remove();
  /* The element around it is the live region already */
  banner?.removeAttribute("role");
  incoming.querySelector("#question-said")?.replaceChildren();
  banner?.querySelector("[data-draft-saved]")?.remove();
  if (banner && banner.textContent.trim() !== place.textContent.trim()) place.replaceChildren(banner);
}

/* Puts a placeholder into the incoming page, where the swap then keeps the card */
function keepCard(incoming) {
  let around = incoming.querySelector(".answer-place");
  if (!around) {
    const columns = document.createElement("div");
    columns.className = "detail-cols";
    const aside = columns.appendChild(document.createElement("aside"));
    aside.className = "decide";
    around = aside.appendChild(document.createElement("div"));
    around.className = "answer-place";
    incoming.querySelector(".detail-scroll").append(columns);
  }
  const place = document.createElement("section");
  place.id = card().id;
  around.prepend(place);
  incoming.querySelectorAll("#kept, #read-only-form").forEach((each) => each.remove());
  incoming.querySelector(".answerjump")?.remove();
}

/* The replacement of the form is often less tall. It gets the form's height, so that nothing moves by itself, until another question
   is opened, or the person clicks or looks elsewhere. Until then, what happened stays visible beside the end of a long form */
const room = new CSSStyleSheet();
document.adoptedStyleSheets.push(room);

function keepRoom(detail) {
  const height = (place) => detail.querySelector(place).getBoundingClientRect().height;
  room.replaceSync(`:root { --head-height: ${height(".detail-scroll > header")}px; --answer-height: ${height(".answer-place")}px; }`);
}

const giveUpRoom = () => room.replaceSync("");

document.addEventListener("click", giveUpRoom);
document.addEventListener("visibilitychange", () => document.hidden && giveUpRoom());

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  const form = card()?.querySelector("form[data-answer]");
  const task = tasks?.find((each) => each.type === "main" && each.target?.id === "detail");
  const incoming = task?.fragment.querySelector("#detail");
  if (ctx.reloads !== undefined && isOvertaken(form, ctx)) return event.preventDefault();
  if (task && task.swapSpec.style !== "outerMorph") giveUpRoom();
  /* Opening another question uses another kind of swap */
  if (!form || !incoming || task.swapSpec.style !== "outerMorph") return;
  const open = incoming.querySelector("#answer-card");
  if (!open && ctx.sourceElement !== form && !card().matches("[data-closed]")) keepRoom(ctx.target);
  if (open || ctx.sourceElement === form || !isKept(form, incoming)) {
    card().removeAttribute("hx-morph-skip");
    return;
  }
  form.dispatchEvent(new CustomEvent("answer:closed", { bubbles: true }));
  card().setAttribute("hx-morph-skip", "");
  card().setAttribute("data-closed", "");
  showBanner(incoming);
  keepCard(incoming);
});

/* Incoming HTML with the answer card removed */
function removeCard() {
  const detail = document.getElementById("detail");
  const losesFocus = card().contains(document.activeElement);
  card().remove();
  const path = detail.getAttribute("hx-get");
  if (path) htmx.ajax("GET", path, { source: detail, target: detail, swap: "outerMorph", losesFocus });
}

function clear(form) {
  for (const input of form.querySelectorAll(`${TEXT}, .choice input`)) {
    if (input.matches(TEXT)) input.value = "";
    else input.checked = false;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/* Discard has data-save-now: static/js/draft.js saves the emptied form on the same click, after this listener */
document.addEventListener(
  "click",
  (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-closed] [data-discard]");
    if (!button) return;
    clear(button.form);
    setTimeout(removeCard);
  },
  true,
);

/* An empty field has nothing to keep */
document.addEventListener("focusout", (event) => {
  const form = event.target.closest("[data-closed] form[data-answer]");
  if (!form || fieldsOf(form).some((field) => field.value.trim())) return;
  setTimeout(() => form.isConnected && !form.contains(document.activeElement) && removeCard());
});

/* The reason why Mobius did not accept an answer stays visible while the open question reloads itself */
const REFUSAL = "#outcome[data-outcome=not_accepted], #outcome[data-outcome=token_refused]";

document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  if (ctx.sourceElement?.id !== "detail") return;
  const refusal = ctx.sourceElement.querySelector(REFUSAL);
  const task = tasks?.find((each) => each.type === "main" && each.target?.id === "detail");
  const incoming = task?.fragment.querySelector("#detail");
  if (!refusal || !incoming?.querySelector("#answer-card, #no-token") || incoming.querySelector("#outcome")) return;
  incoming.querySelector(".answer-place").prepend(refusal.cloneNode(true));
});
