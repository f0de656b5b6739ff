/* Toasts disappear by themselves, later if the pointer or the focus is on them, or when dismissed. New ones replace earlier
   ones: a stack would cover the question that is open by then. */

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

function all() {
  const toasts = [...document.querySelectorAll("[data-toast]")];
  const fresh = toasts.filter((toast) => !timers.has(toast));
  if (fresh.length) toasts.filter((toast) => timers.has(toast)).forEach((toast) => toast.remove());
  fresh.forEach(stay);
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element) event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
});
document.addEventListener("htmx:after:swap", all);
all();
