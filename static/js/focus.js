/* Where the reader is after a swap. Once the element with the focus has gone, or is hidden, the focus goes to the new
   question's heading: a screen reader reads it, and the next key goes on from there. */

document.addEventListener("htmx:after:swap", () => {
  const focused = document.activeElement;
  if (focused && focused !== document.body && focused.checkVisibility()) return;
  if (document.querySelector("dialog[open]")) return;
  const heading = document.getElementById("outcome") ?? document.getElementById("question");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});
