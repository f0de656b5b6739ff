/* On a touch screen, a swipe over the head of a question goes to the next one or back. It begins well inside the screen, whose
   edges belong to the system's gestures, and counts only with one finger, clearly sideways, unzoomed, and while no answer is on
   its way. */

const HEAD = "#detail > .bar--detail, #detail > .detail-scroll > header";
const EDGE_PX = 24;
const FAR_PX = 72;
/* Sideways is at least so many times as far as up or down */
const SIDEWAYS = 2;
/* How far the head follows the finger */
const FOLLOWS = 0.4;
const still = matchMedia("(prefers-reduced-motion: reduce)");
let swipe = null;

const target = (dx) => document.querySelector(`#detail [data-key="${dx < 0 ? "j" : "k"}"]`);

function end() {
  swipe?.shown?.cancel();
  swipe = null;
}

/* Without a style attribute, which the content security policy forbids */
function follow(dx) {
  if (still.matches) return;
  if (!swipe.shown) {
    const head = document.querySelector("#detail > .detail-scroll > header");
    swipe.shown = head.animate({ translate: [`${-FOLLOWS * innerWidth}px`, `${FOLLOWS * innerWidth}px`] }, { duration: 2 * innerWidth, fill: "both" });
    swipe.shown.pause();
  }
  swipe.shown.currentTime = innerWidth + (target(dx) ? dx : 0);
}

document.addEventListener("pointerdown", (event) => {
  end();
  /* A second finger is not primary */
  if (event.pointerType !== "touch" || !event.isPrimary) return;
  const inside = event.clientX >= EDGE_PX && event.clientX <= innerWidth - EDGE_PX;
  if (!inside || !event.target.closest(HEAD) || visualViewport.scale > 1) return;
  swipe = { id: event.pointerId, x: event.clientX, y: event.clientY };
});
document.addEventListener("pointermove", (event) => {
  if (event.pointerId !== swipe?.id) return;
  const dx = event.clientX - swipe.x;
  if (Math.abs(dx) > SIDEWAYS * Math.abs(event.clientY - swipe.y)) follow(dx);
});
document.addEventListener("pointerup", (event) => {
  if (event.pointerId !== swipe?.id) return;
  const [dx, dy] = [event.clientX - swipe.x, event.clientY - swipe.y];
  end();
  if (Math.abs(dx) < FAR_PX || Math.abs(dx) < SIDEWAYS * Math.abs(dy) || document.querySelector("#answer.htmx-request")) return;
  target(dx)?.click();
});
document.addEventListener("pointercancel", end);
