/* The scrubber of a run: sliding requests the run at that event, and keeps slider and moment in line. The slider is a field of
   a plain form, whose button is for browsers without scripts. A late response must not pull the slider back, so the newest
   position is requested once the previous response has arrived. */

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
      await htmx.ajax("GET", address, { source: document.getElementById("run-scrubber"), swap: "outerMorph", byPerson: true });
    } catch {
      break; /* live.js reports that the app can't be reached */
    }
  }
  [busy, wanted] = [false, null];
}

/* An event of the stream, or one of the links, has moved it */
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
