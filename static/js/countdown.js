/* Keeps times current: every half minute, every second in the first and the last minute, and when the tab is shown again.
   <time data-due="…"> is a deadline, <time data-ago="…"> a time in the past, <time data-for="…"> the start of something that
   continues, as is <time data-since="…"> in a text of static/js/phrases.js. <time data-left="…"> has the milliseconds until a
   held answer is sent, and data-pattern how to write them. The server renders all of them; a distant deadline shows the time of
   day and stays as it is until it is near. At <time data-turns="…"> the page has to be reloaded. */

import { duration, spelledDuration } from "./duration.js";
import { moment } from "./moment.js";
import { writePhrase } from "./phrases.js";
import { fill, WORDS } from "./words.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AGAIN_MS = 5000;
let timer = 0;
let resyncedAt = 0;
let resyncDue = false;

/* Whether the words are new */
function write(element, words) {
  if (!element || element.textContent === words) return false;
  element.textContent = words;
  return true;
}

function tone(element, name) {
  const was = element.classList.contains("due--late") ? "late" : element.classList.contains("due--soon") ? "soon" : "";
  if (was === name) return false;
  element.classList.toggle("due--soon", name === "soon");
  element.classList.toggle("due--late", name === "late");
  const use = element.querySelector("use");
  use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, name === "late" ? "#alert" : "#clock"));
  return true;
}

function tickDue(element, now) {
  const [shown, spoken] = [element.querySelector("[data-words]"), element.querySelector("[data-spoken]")];
  const left = Math.ceil((Date.parse(element.dataset.due) - now) / 1000);
  if (left <= 0) {
    const crossed = tone(element, "late");
    if (element.hasAttribute("data-soft")) {
      const late = (text) => fill(WORDS.late, { duration: text });
      if (write(shown, late(duration(-left)))) write(spoken, late(spelledDuration(-left)));
    } else if (crossed) {
      write(shown, WORDS.expired);
      write(spoken, WORDS.expired);
    }
    return { left, crossed };
  }
  const crossed = tone(element, left <= HOUR ? "soon" : "");
  if (left <= HOUR || element.hasAttribute("data-near")) {
    const time = element.dataset.clock;
    const words = WORDS[`${element.hasAttribute("data-soft") ? "dueIn" : "expiresIn"}${time ? "At" : ""}`];
    const due = (text) => fill(words, { duration: text, time });
    if (write(shown, time ? due(duration(left)) : duration(left))) write(spoken, due(spelledDuration(left)));
  }
  return { left, crossed };
}

function tickAgo(element, now) {
  const age = Math.floor((now - Date.parse(element.dataset.ago)) / 1000);
  if (age >= DAY) write(element, moment(new Date(element.dataset.ago)));
  else write(element, age < 10 ? WORDS.justNow : fill(WORDS.ago, { duration: duration(age) }));
}

function tickFor(element, now) {
  const age = Math.floor((now - Date.parse(element.dataset.for)) / 1000);
  if (age >= 0) write(element, duration(age));
}

function tickSince(element, now) {
  const { ago, for: begin, since } = element.dataset;
  if (ago) tickAgo(element, now);
  else if (begin) tickFor(element, now);
  else writePhrase(element);
  return Date.parse(ago ?? begin ?? since);
}

/* When a held answer is sent, by this page's own clock */
const sends = new WeakMap();

function tickLeft(element) {
  const { left, pattern } = element.dataset;
  if (sends.get(element)?.left !== left) sends.set(element, { left, at: performance.now() + Number(left) });
  const seconds = Math.ceil((sends.get(element).at - performance.now()) / 1000);
  write(element, seconds > 0 ? fill(pattern, { duration: duration(seconds) }) : WORDS.sending);
  element.toggleAttribute("data-over", seconds <= 0);
  return seconds;
}

function tick() {
  clearTimeout(timer);
  const now = Date.now();
  let soonest = Infinity;
  let crossed = false;
  for (const element of document.querySelectorAll("time[data-due]")) {
    const due = tickDue(element, now);
    crossed ||= due.crossed;
    if (due.left > 0) soonest = Math.min(soonest, due.left);
  }
  for (const element of document.querySelectorAll("time:is([data-ago], [data-for], [data-since])")) {
    if (now - tickSince(element, now) < MINUTE * 1000) soonest = 0;
  }
  for (const element of document.querySelectorAll("time[data-left]")) {
    const left = tickLeft(element);
    soonest = Math.min(soonest, Math.max(left, 0));
    /* A stream would have said by now what became of the answer, but this page may have none */
    if (left < 0 && element.closest("#held-answers")) crossed = true;
  }
  for (const element of document.querySelectorAll("time[data-turns]")) {
    const left = Math.ceil((Date.parse(element.dataset.turns) - now) / 1000);
    if (left > 0) soonest = Math.min(soonest, left);
    else {
      element.remove();
      crossed = true;
    }
  }
  /* A question has moved to another band, or an answer should have been sent: reload what follows the stream. If this clock is ahead of the server's, the page
     comes back unchanged, so pause before the next request. */
  resyncDue ||= crossed;
  if (resyncDue && now - resyncedAt >= AGAIN_MS) {
    [resyncedAt, resyncDue] = [now, false];
    document.body.dispatchEvent(new CustomEvent("resync"));
  }
  if (resyncDue) soonest = 0;
  timer = setTimeout(tick, soonest <= MINUTE + 30 ? 1000 : 30000);
}

document.addEventListener("visibilitychange", () => document.hidden || tick());
document.addEventListener("htmx:after:swap", tick);
tick();
