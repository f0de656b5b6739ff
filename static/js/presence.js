/* Reports every few seconds that a group's question is in view. data-presence, the address, exists only if presence is on. */

const BEAT_MS = 5000;
let there = "";
let token = "";

/* A preview is not announced */
const place = () => document.querySelector("#detail:not([data-preview]) [data-presence]");

function report(url, leaving) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", token);
  if (!leaving) return fetch(url, { method: "POST", body, redirect: "manual", headers: { "HX-Request": "true" } }).catch(() => {});
  body.append("leave", "");
  return navigator.sendBeacon(url, body);
}

function leave() {
  if (there) report(there, true);
  there = "";
}

function beat() {
  const { presence = "", csrfToken } = place()?.dataset ?? {};
  const now = document.hidden ? "" : presence;
  if (there && there !== now) leave();
  if (!now) return;
  token = csrfToken;
  there = now;
  report(now, false);
}

setInterval(beat, BEAT_MS);
document.body.addEventListener("seen", beat);
document.addEventListener("visibilitychange", beat);
document.addEventListener("htmx:after:swap", () => {
  if ((place()?.dataset.presence ?? "") !== there) beat();
});
addEventListener("pagehide", leave);
beat();
