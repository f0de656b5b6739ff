/* data-busy: the words of a button from when its form is sent until the next page is there */

addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.dataset.busy) return;
  const before = button.textContent;
  event.target.setAttribute("aria-busy", "true");
  button.textContent = button.dataset.busy;
  addEventListener("pagehide", () => {
    event.target.removeAttribute("aria-busy");
    button.textContent = before;
  }, { once: true });
});
