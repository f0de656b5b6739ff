/* The comment of a batch that is left before it is confirmed: its preview, or the next one of the same questions, has it again. */

addEventListener("pagehide", () => {
  const form = document.querySelector("#batch form[data-comment]");
  const comment = form?.elements.namedItem("comment");
  if (comment && comment.value !== comment.defaultValue) navigator.sendBeacon(form.dataset.comment, new FormData(form));
});
