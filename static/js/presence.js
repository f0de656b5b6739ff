/* Reports every few seconds that a group's question is in view, so that others see who else is there. The form with
   data-presence is in the question; it exists only if presence is on. */

const BEAT_MS = 5000;
let there = "";
let token = "";

/* A preview is not announced */
const form = () => document.querySelector("#detail:not([data-preview]) form[data-presence]");

function say(url, leaving) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", token);
  if (!leaving) return fetch(url, { method: "POST", body, redirect: "manual", headers: { "HX-Request": "true" } }).catch(() => {});
  body.append("leave", "");
  return navigator.sendBeacon(url, body);
}

function leave() {
  if (there) say(there, true);
  there = "";
}

function beat() {
  const place = form();
  const now = place && !document.hidden ? place.action : "";
  if (there && there !== now) leave();
  if (!now) return;
  token = place.elements.namedItem("csrfmiddlewaretoken").value;
  there = now;
  say(now, false);
}

setInterval(beat, BEAT_MS);
document.body.addEventListener("seen", beat);
document.addEventListener("visibilitychange", beat);
document.addEventListener("htmx:after:swap", () => {
  const place = form();
  if ((place ? place.action : "") !== there) beat();
});
addEventListener("pagehide", leave);
beat();
