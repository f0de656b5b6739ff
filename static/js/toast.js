/* Toasts disappear by themselves, later if the pointer or the focus is on them, or when dismissed. New ones replace earlier
   ones: a stack would cover the question that is open by then. */

const STAY_MS = 7000;
const READ_MS = 500;
const timers = new WeakMap();
/* A touch screen keeps the last tap as :hover */
const hovers = matchMedia("(hover: hover)");

function leave(toast) {
  if (toast.matches(hovers.matches ? ":hover, :focus-within" : ":focus-within")) stay(toast);
  else toast.remove();
}

function stay(toast) {
  clearTimeout(timers.get(toast));
  timers.set(toast, setTimeout(leave, STAY_MS, toast));
}

/* An answer that could not be sent has a notice above the list. Where that isn't seen, a toast says so */
const returned = () => [...document.querySelectorAll("#returned-answers [data-returned]")];
const announced = new Set(returned().map(({ dataset }) => dataset.returned));

function announceReturned() {
  for (const toast of returned()) {
    const { returned: number } = toast.dataset;
    if (!announced.has(number) && !toast.parentElement.checkVisibility()) document.getElementById("toasts").append(toast.content.cloneNode(true));
    announced.add(number);
  }
}

function all() {
  announceReturned();
  const toasts = [...document.querySelectorAll("[data-toast]")];
  const fresh = toasts.filter((toast) => !timers.has(toast));
  if (fresh.length) toasts.filter((toast) => timers.has(toast)).forEach((toast) => toast.remove());
  fresh.forEach(stay);
}

/* A message about the last answer could be mistaken for one about this answer */
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.closest?.("[data-sends=respond]")) document.querySelectorAll("#toasts > [data-toast]").forEach((toast) => toast.remove());
});
document.addEventListener("click", (event) => {
  const toast = event.target instanceof Element && event.target.closest("[data-dismiss]")?.closest("[data-toast]");
  if (!toast) return;
  if (toast.contains(document.activeElement)) document.getElementById("main").focus({ preventScroll: true });
  toast.remove();
});
document.addEventListener("htmx:after:swap", all);
all();

/* A screen reader reads what is added to a live region, but not what came with the page. So that text is hidden from it for a
   moment, and is added once it knows the empty region */
const loaded = [...document.querySelectorAll("#toasts > [data-toast] > span")];
for (const text of loaded) text.setAttribute("aria-hidden", "true");
const read = () => setTimeout(() => loaded.forEach((text) => text.removeAttribute("aria-hidden")), READ_MS);
if (document.readyState === "complete") read();
else addEventListener("load", read);
