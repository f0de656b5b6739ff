/* Toasts leave by themselves, later while somebody points at them or has the focus in them, or when dismissed. */

const STAY_MS = 7000;
const timers = new WeakMap();

function leave(toast) {
  if (toast.matches(":hover, :focus-within")) stay(toast);
  else toast.remove();
}

function stay(toast) {
  clearTimeout(timers.get(toast));
  timers.set(toast, setTimeout(leave, STAY_MS, toast));
}

const all = () => document.querySelectorAll("[data-toast]").forEach((toast) => timers.has(toast) || stay(toast));

document.addEventListener("click", (event) => {
  if (event.target instanceof Element) event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
});
document.addEventListener("htmx:after:swap", all);
all();
