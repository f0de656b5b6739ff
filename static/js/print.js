/* The button that prints the page. It's hidden without scripts: then the browser's menu prints. */

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
  button.hidden = false;
}
