/* Buttons that copy: data-copy="#id" takes that element's text or value, data-copy-link the address of the page.
   They are hidden until this script can serve them. */

async function copy(button) {
  const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
  const text = source ? (source.value ?? source.innerText) : new URL(button.dataset.copyLink || location.href, location.href).href;
  await navigator.clipboard.writeText(text);
  const words = button.querySelector("span") ?? button;
  const was = words.textContent;
  if (was === "Copied") return;
  words.textContent = "Copied";
  setTimeout(() => (words.textContent = was), 2000);
}

const ready = () => document.querySelectorAll(":is([data-copy], [data-copy-link])[hidden]").forEach((button) => (button.hidden = !navigator.clipboard));

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copy], [data-copy-link]");
  if (button) copy(button);
});
document.addEventListener("htmx:after:swap", ready);
ready();
