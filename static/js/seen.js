/* Reports that the question in the pane has been visible for SEEN_MS to a person who has used the page within INPUT_MS, and again
   when it has changed meanwhile or there is another notification about it. A preview has been seen when it ends, if that is
   later. A question that is marked as unread, here or in another tab, stays unread until the person leaves it; reloading the
   page doesn't count. */

const SEEN_MS = 2000;
const INPUT_MS = 60_000;
const KEPT = "kept-unread";
const [navigation] = performance.getEntriesByType("navigation");
const others = new BroadcastChannel("unread");
/* Whoever opens a page is there */
let inputAt = performance.now();
/* The question and version in sight, and whether it has been for long enough */
let shown = "";
let isLong = false;
let timer = 0;
let reported = "";
/* The question in the pane, and one that was marked as unread while it was there or about to be previewed */
let inPane = "";
let kept = "";

const detail = () => document.getElementById("detail");
const place = () => document.querySelector("#detail form[data-seen]");
const isThere = () => performance.now() - inputAt < INPUT_MS;
const keyOf = ({ dataset }) => [dataset.seen, dataset.version, "unread" in dataset].join(" ");

async function report() {
  const form = place();
  if (!form || !isLong || shown === reported || kept || detail().hasAttribute("data-preview")) return;
  const sent = (reported = shown);
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
  body.append("version", form.dataset.version);
  const response = await fetch(form.dataset.seen, { method: "POST", body, redirect: "manual", headers: { "HX-Request": "true" } }).catch(() => null);
  if (reported !== sent) return;
  if (!response?.ok) {
    reported = "";
    return;
  }
  form.removeAttribute("data-unread");
  if (shown === sent) shown = reported = keyOf(form);
}

function keep(id) {
  kept = id;
  sessionStorage.setItem(KEPT, id);
}

function look() {
  const form = place();
  const id = form?.dataset.marksUnread ?? "";
  if (id !== inPane && id !== kept) keep("");
  inPane = id;
  const now = form && isThere() && !document.hidden && detail().checkVisibility() ? keyOf(form) : "";
  if (now === shown) return;
  clearTimeout(timer);
  shown = now;
  isLong = false;
  if (!now) return;
  timer = setTimeout(() => {
    isLong = true;
    report();
  }, SEEN_MS);
}

function keepUnread(id) {
  const row = document.activeElement?.closest(".list .row");
  if (id !== inPane && id !== row?.dataset.interactionId) return;
  keep(id);
  reported = "";
}

function noteInput() {
  const wasThere = isThere();
  inputAt = performance.now();
  if (!wasThere) look();
}

for (const name of ["keydown", "pointerdown", "pointermove", "wheel", "pageshow"]) addEventListener(name, noteInput, { capture: true, passive: true });
document.body.addEventListener("seen", report);
document.addEventListener("visibilitychange", look);
document.addEventListener("htmx:after:swap", look);
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const id = ctx.sourceElement?.closest?.("[data-marks-unread]")?.dataset.marksUnread;
  if (!id) return;
  keepUnread(id);
  others.postMessage(id);
});
others.addEventListener("message", (event) => keepUnread(event.data));
keep((navigation?.type === "reload" && sessionStorage.getItem(KEPT)) || "");
look();
