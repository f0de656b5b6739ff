/* Keeps due times true: every half minute, each second in the last minute, and when the tab is shown again.
   <time data-due="…"> is a deadline, <time data-ago="…"> a moment that has passed,
   <time data-for="…"> how long something is so. All are right as the server wrote
   them; a far deadline is said by the clock and is left alone until it is near. <time data-turns="…"> is a moment at which
   the page says something else. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AGAIN_MS = 5000;
let timer = 0;
let rang = 0;
let owed = false;

function span(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} m`;
  if (seconds < DAY) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    const hours = Math.floor(seconds / HOUR);
    return minutes ? `${hours} h ${String(minutes).padStart(2, "0")} m` : `${hours} h`;
  }
  const days = Math.floor(seconds / DAY);
  const hours = Math.floor((seconds % DAY) / HOUR);
  return hours && days < 10 ? `${days} d ${hours} h` : `${days} d`;
}

function write(element, words) {
  const place = element.querySelector("[data-words]") ?? element.querySelector("span") ?? element;
  if (place.textContent !== words) place.textContent = words;
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
  const words = element.querySelector("[data-words]").textContent;
  const lead = element.querySelector("[data-lead]");
  const left = Math.ceil((Date.parse(element.dataset.due) - now) / 1000);
  if (left <= 0) {
    const crossed = tone(element, "late");
    lead?.remove();
    if (element.hasAttribute("data-soft")) write(element, `${span(-left)} late`);
    else if (crossed) write(element, "Expired");
    return { left, crossed };
  }
  const crossed = tone(element, left <= HOUR ? "soon" : "");
  if (left <= HOUR || /\d+ [hms]\b/.test(words)) {
    if (lead) lead.textContent = lead.dataset.lead;
    const clock = words.includes(", ") ? words.slice(words.indexOf(", ")) : "";
    write(element, element.hasAttribute("data-long") ? `${element.hasAttribute("data-soft") ? "Due" : "Expires"} in ${span(left)}${clock}` : span(left));
  }
  return { left, crossed };
}

function tickAgo(element, now) {
  const age = Math.floor((now - Date.parse(element.dataset.ago)) / 1000);
  if (age >= DAY) return;
  const words = age < 10 ? "just now" : `${span(age)} ago`;
  if (/ago$|^just now$/.test(element.textContent)) write(element, words);
}

function tickFor(element, now) {
  const age = Math.floor((now - Date.parse(element.dataset.for)) / 1000);
  if (age >= 0) write(element, span(age));
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
  for (const element of document.querySelectorAll("time[data-ago]")) {
    tickAgo(element, now);
    if (now - Date.parse(element.dataset.ago) < MINUTE * 1000) soonest = 0;
  }
  for (const element of document.querySelectorAll("time[data-for]")) tickFor(element, now);
  for (const element of document.querySelectorAll("time[data-turns]")) {
    const left = Math.ceil((Date.parse(element.dataset.turns) - now) / 1000);
    if (left > 0) soonest = Math.min(soonest, left);
    else {
      element.remove();
      crossed = true;
    }
  }
  /* An item has changed its band: whoever listens to the stream reads itself again. Where this clock is ahead of the
     server's the page comes back as it was, and must not be asked for without a pause. */
  owed ||= crossed;
  if (owed && now - rang >= AGAIN_MS) {
    [rang, owed] = [now, false];
    document.body.dispatchEvent(new CustomEvent("resync"));
  }
  if (owed) soonest = 0;
  timer = setTimeout(tick, soonest <= MINUTE + 30 ? 1000 : 30000);
}

document.addEventListener("visibilitychange", () => document.hidden || tick());
document.addEventListener("htmx:after:swap", tick);
tick();
