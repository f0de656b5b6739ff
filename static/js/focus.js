/* Where the reader is after a swap. Once the element with the focus has gone, or is hidden, the focus goes to what is
   new: what became of the answer, else the question, else the pane where none is left, else the list. After an answer that was not
   accepted it goes to the first field that is wrong. Fields are left alone by the swap, for the sake of what is typed;
   so it is written to them here what is wrong with them. */

function mark(field) {
  const input = field.querySelector(".input");
  const error = field.querySelector(".error[id]");
  if (!input) return;
  if (error) {
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", error.id);
  } else {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

function place(ctx) {
  const status = ctx?.response?.status;
  const wrong = status === 422 && document.querySelector("#answer .field:has(.error) :is(.input, input:not([type=search]))");
  if (wrong) return wrong;
  const focused = document.activeElement;
  if (focused && focused !== document.body && focused.checkVisibility()) return null;
  const places = ["#outcome", "#question", ...(ctx?.target?.id === "detail" ? ["#detail :is(h1, h2)", "#inbox-list"] : [])];
  /* On a narrow screen the list takes the place of an empty pane */
  const next = places.map((each) => document.querySelector(each)).find((each) => each?.checkVisibility());
  if (next) next.tabIndex = -1;
  return next;
}

/* htmx gives the focus back to the element with the same id. In another question that is another field: what is still being
   typed must not go into it. */
document.addEventListener("htmx:before:swap", (event) => {
  const task = event.detail.tasks?.find((each) => each.type === "main");
  const detail = document.getElementById("detail");
  if (task?.target === detail && task.swapSpec.style === "outerHTML" && detail?.contains(document.activeElement)) document.activeElement.blur();
});

document.addEventListener("htmx:after:swap", (event) => {
  document.querySelectorAll("#answer .field").forEach(mark);
  if (document.querySelector("dialog[open]")) return;
  const next = place(event.detail?.ctx);
  next?.focus({ preventScroll: next.tabIndex < 0 });
});
