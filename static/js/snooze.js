/* Opens the dialog #snooze when its form has arrived, and closes it when the question has been snoozed or a request failed. The
   browser returns the focus to where it was: before the swap, so that what is new can take it from there. */

const dialog = () => document.getElementById("snooze");

document.addEventListener("htmx:after:swap", ({ detail }) => {
  if (detail?.ctx?.target?.id === "snooze" && detail.ctx.swap !== "none" && !dialog().open) dialog().showModal();
});
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  if (dialog()?.open && dialog().contains(ctx.sourceElement) && ctx.response.status < 400) dialog().close();
});
/* What is opened next begins empty */
document.addEventListener("close", ({ target }) => target.id === "snooze" && target.replaceChildren(), true);
document.addEventListener("htmx:error", ({ detail }) => {
  if (dialog()?.contains(detail?.ctx?.sourceElement)) dialog().close();
});
document.addEventListener("click", (event) => {
  if (!dialog()?.open || !(event.target instanceof Element)) return;
  const closes = event.target.closest("[data-closes]");
  if (event.target !== dialog() && !closes) return;
  event.preventDefault();
  dialog().close();
});
