/* Writes how many questions are unread (#unread) before the page's title, and a dot on its icon. */

let written = null;
let title = "";
let icon = null;

const count = () => document.getElementById("unread")?.textContent.trim() ?? "";

export function write() {
  const number = count();
  const prefix = number ? `(${number}) ` : "";
  /* A new title: the server's has the number, a part of a page's has not */
  if (document.title !== written) title = prefix && document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
  written = prefix + title;
  if (document.title !== written) document.title = written;
  const link = document.querySelector("link[rel=icon]");
  if (!link) return;
  icon ??= link.getAttribute("href");
  const href = number ? link.dataset.unread : icon;
  if (link.getAttribute("href") !== href) link.setAttribute("href", href);
}

document.addEventListener("htmx:finally:swap", write);
write();
