/* Saves the comment of a batch that isn't confirmed yet, also while it is typed: a browser may lose a request that a page makes
   as it is left. */

const WAIT_MS = 500;
let timer;

function save() {
  const form = document.querySelector("#batch form[data-comment]");
  const comment = form?.elements.namedItem("comment");
  if (comment && comment.value !== comment.defaultValue) navigator.sendBeacon(form.dataset.comment, new FormData(form));
}

document.addEventListener("input", ({ target }) => {
  if (target.id !== "batch-comment") return;
  clearTimeout(timer);
  timer = setTimeout(save, WAIT_MS);
});
addEventListener("pagehide", save);
