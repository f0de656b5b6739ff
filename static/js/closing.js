/* A text field outlives its question. When the question on the page closes, or somebody else claims it, while text is
   being typed or has been typed for it, the answer card stays as it is: the field keeps its focus and can be edited. What
   happened is shown above it, Copy and Discard take the place of the send buttons (data-closed on the card does that).
   Once the question is open again the card is an ordinary form again. */

const BANNER = "#outcome, #held, #no-token, #answered, #not-asked";
const TEXT = "textarea, input[name=value]:not([type=radio], [type=checkbox])";

const card = () => document.getElementById("answer-card");
const fieldsOf = (form) => [...form.querySelectorAll(TEXT)];
const textOf = (form, name) => fieldsOf(form).find((field) => field.name === name)?.value.replaceAll("\r\n", "\n").trim();

/* The person's own answer, as the server has it, is no text that was left behind */
function isAnswer(form, mine) {
  if (!mine) return false;
  const [values, comment] = JSON.parse(mine);
  const value = textOf(form, "value");
  return textOf(form, "comment") === comment.trim() && (value === undefined || value === values.join("").trim());
}

function isKept(form, incoming) {
  if (form.classList.contains("htmx-request") || isAnswer(form, incoming.dataset.mine)) return false;
  return fieldsOf(form).some((field) => field === document.activeElement || (field.value.trim() && (field.value !== field.defaultValue || form.closest("[data-closed]"))));
}

function showBanner(incoming) {
  const place = card().querySelector("[data-banner]");
  const banner = incoming.querySelector(BANNER);
  banner?.remove();
  /* Its place is the live region */
  banner?.removeAttribute("role");
  if (banner && banner.textContent.trim() !== place.textContent.trim()) place.replaceChildren(banner);
}

/* A place in the incoming page at which the swap leaves the card alone */
function keepCard(incoming) {
  let aside = incoming.querySelector(".decide");
  if (!aside) {
    const columns = document.createElement("div");
    columns.className = "detail-cols";
    aside = columns.appendChild(document.createElement("aside"));
    aside.className = "decide";
    incoming.querySelector(".detail-scroll").append(columns);
  }
  const place = document.createElement("section");
  place.id = card().id;
  aside.prepend(place);
  incoming.querySelector("#kept")?.remove();
  incoming.querySelector(".answerjump")?.remove();
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  const form = card()?.querySelector("form[data-answer]");
  const task = tasks?.find((each) => each.type === "main" && each.target?.id === "detail");
  const incoming = task?.fragment.querySelector("#detail");
  /* Another question comes by a swap of another kind */
  if (!form || !incoming || task.swapSpec.style !== "outerMorph") return;
  const open = incoming.querySelector("#answer-card");
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

/* The page as it is without the card */
function letGo() {
  const detail = document.getElementById("detail");
  card().remove();
  const path = detail.getAttribute("hx-get");
  if (path) htmx.ajax("GET", path, { source: detail, target: detail, swap: "outerMorph" });
}

function clear(form) {
  for (const input of form.querySelectorAll(`${TEXT}, .choice input`)) {
    if (input.matches(TEXT)) input.value = "";
    else input.checked = false;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/* Discard has data-save-now: static/js/draft.js saves the emptied form on the same click, after this listener */
document.addEventListener(
  "click",
  (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-closed] [data-discard]");
    if (!button) return;
    clear(button.form);
    setTimeout(letGo);
  },
  true,
);

/* A field that was left empty has nothing to keep */
document.addEventListener("focusout", (event) => {
  const form = event.target.closest("[data-closed] form[data-answer]");
  if (!form || fieldsOf(form).some((field) => field.value.trim())) return;
  setTimeout(() => form.isConnected && !form.contains(document.activeElement) && letGo());
});
