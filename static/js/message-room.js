/* On a phone the bar of a held answer, the messages and the freshness mark stand below the bar of the page, each in a space of
   its own (static/css/small-screens.css). The space comes with the page, with what an answer has led to, or once the page is no
   longer live. It stays when the answer has been sent, the message is gone or the page is live again, until something else is
   opened: nothing moves under the thumb. In the list, where a wrong tap answers nothing and one may stay for long, the space of a
   held answer goes with its bar. */

const HELD = "data-held";
const TOASTS = "data-toasts";
const NOT_LIVE = "data-not-live";
const root = document.documentElement;
const opened = () => document.getElementById("detail")?.dataset.interactionId;
let before = opened();

/* Below the bar of the page and a notice of what failed, however many lines these and the messages have */
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets.push(sheet);
const sizes = {};

function size(name, height) {
  if (sizes[name] === height) return;
  sizes[name] = height;
  sheet.replaceSync(`:root { ${Object.entries(sizes).map(([each, pixels]) => `--${each}: ${pixels}px;`).join(" ")} }`);
}

const seen = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());

/* Where the part of the page below its bar is. The list beside a question isn't shown on a phone */
const top = () => seen("main .bar + *")[0]?.getBoundingClientRect().top ?? 0;

function keep(room, needed, another) {
  if (another) root.toggleAttribute(room, needed);
  else if (needed) root.setAttribute(room, "");
}

/* What is on the screen stays where it is: the page is scrolled by as much as it has become longer. another: something else
   has been opened */
function keepRoom(another) {
  const was = top();
  const heights = seen("#toasts > .toast").map((toast) => toast.offsetHeight);
  const height = heights.reduce((sum, each) => sum + each, 0);
  keep(HELD, document.querySelector(".toast--held") !== null, another || seen("#inbox-list").length > 0);
  keep(TOASTS, height > 0, another);
  if (height && (another || height > (sizes.toasts ?? 0))) size("toasts", height);
  const [mark] = seen("#freshness:not(.fresh--live, .fresh--unknown)");
  keep(NOT_LIVE, Boolean(mark), another);
  /* More than its own height if its text has become longer */
  if (mark) size("fresh", mark.scrollHeight);
  if (!another) scrollBy({ top: top() - was, behavior: "instant" });
}

document.addEventListener("htmx:after:swap", () => {
  const another = opened() !== before;
  before = opened();
  keepRoom(another);
});
new MutationObserver(() => keepRoom(false)).observe(root, { attributeFilter: ["data-live"] });
/* A tablet that was turned, or a window that has become as narrow as a phone: heights were those of another layout */
matchMedia("(max-width: 760px)").addEventListener("change", () => keepRoom(true));
keepRoom(true);

const bars = new ResizeObserver(([{ target }]) => {
  const { height } = target.getBoundingClientRect();
  if (height) size("page-bar", height);
});

function measure() {
  bars.disconnect();
  for (const bar of seen("main .bar")) bars.observe(bar);
}

document.addEventListener("htmx:after:swap", measure);
measure();

/* The bar of the page stays below the notice */
new ResizeObserver(([{ target }]) => size("failed", target.getBoundingClientRect().height)).observe(document.getElementById("request-status"));
