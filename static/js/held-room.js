/* On a phone the bar of a held answer stands below the bar of the page, in a room of its own (static/css/small-screens.css). The
   room comes with the page, or with what an answer has led to. It stays when the answer has been sent, until something else
   is opened: nothing moves under the thumb. */

const ROOM = "data-held";
const root = document.documentElement;
const opened = () => document.getElementById("detail")?.dataset.interactionId;
let before = opened();

const seen = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());

/* Where the part of the page below its bar is. The list beside a question isn't shown on a phone */
const top = () => seen("main .bar + *")[0]?.getBoundingClientRect().top ?? 0;

/* What is on the screen stays where it is: the page is scrolled by as much as it has become longer */
function makeRoom() {
  const was = top();
  root.setAttribute(ROOM, "");
  scrollBy({ top: top() - was, behavior: "instant" });
}

function keepRoom() {
  const another = opened() !== before;
  before = opened();
  const held = document.querySelector(".toast--held") !== null;
  if (another) root.toggleAttribute(ROOM, held);
  else if (held && !root.hasAttribute(ROOM)) makeRoom();
}

document.addEventListener("htmx:after:swap", keepRoom);

/* Below the bar of the page, however many lines that has */
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets.push(sheet);
const sizes = new ResizeObserver(([{ target }]) => {
  const { height } = target.getBoundingClientRect();
  if (height) sheet.replaceSync(`:root { --page-bar: ${height}px; }`);
});

function measure() {
  sizes.disconnect();
  for (const bar of seen("main .bar")) sizes.observe(bar);
}

document.addEventListener("htmx:after:swap", measure);
measure();
