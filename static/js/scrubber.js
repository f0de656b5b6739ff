/* The scrubber of a run: sliding asks for the run as it was, and slider and moment say the same.
   The slider is a field of a plain form; its button is for readers without this script. While somebody slides, an answer
   that comes late must not pull the slider back, so the newest place is asked for once the last answer is there. */

let busy = false;
let wanted = null;

const slider = () => document.querySelector("[data-scrub]");
const moment = () => document.getElementById("run-moment");

async function show(nth) {
  wanted = nth;
  if (busy) return;
  busy = true;
  while (wanted !== null) {
    const place = wanted;
    wanted = null;
    const input = slider();
    if (!input) break;
    const last = place >= Number(input.max);
    const address = last ? input.dataset.scrub : `${input.dataset.scrub}?nth=${place}`;
    try {
      await htmx.ajax("GET", address, { source: moment(), target: "#run-moment", swap: "outerMorph", byPerson: true });
    } catch {
      break; /* live.js says that the product is away */
    }
  }
  busy = false;
}

/* A bell, or one of the links, has moved it */
function follow() {
  const [input, now] = [slider(), moment()];
  if (!input || !now) return;
  document.getElementById("run-scrubber").hidden = Number(now.dataset.count) < 2;
  const atEnd = input.value === input.max;
  input.max = now.dataset.count;
  const sliding = wanted !== null || busy;
  if (!sliding || (atEnd && now.hasAttribute("data-now"))) input.value = now.dataset.nth;
  input.setAttribute("aria-valuetext", now.dataset.words);
}

function ready() {
  for (const button of document.querySelectorAll("[data-scrub-button]")) button.hidden = true;
  follow();
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-scrub]")) show(Number(event.target.value));
});
document.addEventListener("htmx:after:swap", follow);
ready();
