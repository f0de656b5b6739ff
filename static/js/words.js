/* Texts of inbox/web/ui/script_words.py, durations and times in the viewer's language. Those on the page are kept current here. */

/* Without "word", which keeps them apart from the attributes that scripts look for */
const name = (attribute) => attribute.charAt(4).toLowerCase() + attribute.slice(5);
export const WORDS = Object.fromEntries(Object.entries(document.getElementById("script-words").dataset).map(([attribute, text]) => [name(attribute), text]));

/* A text with its {names} replaced by values */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (name, key) => values[key] ?? name);

/* A text as searches compare it: without accents and capitals */
export const comparable = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/* ---- Durations as the server writes them (inbox/web/ui/when.py): under 1 s, 40 s, 42 min, 1 h 20 min, 2 d 1 h */


const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/* The two largest non-zero units; seconds below a minute */
function units(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) return { seconds: whole };
  if (whole < HOUR) return { minutes: Math.floor(whole / MINUTE) };
  if (whole < DAY) return { hours: Math.floor(whole / HOUR), minutes: Math.floor((whole % HOUR) / MINUTE) };
  const days = Math.floor(whole / DAY);
  return { days, hours: days < 10 ? Math.floor((whole % DAY) / HOUR) : 0 };
}

function pattern({ days, hours, minutes, seconds }) {
  if (days) return hours ? WORDS.daysHours : WORDS.days;
  if (hours) return minutes ? WORDS.hoursMinutes : WORDS.hours;
  if (minutes) return WORDS.minutes;
  return seconds ? WORDS.seconds : WORDS.instant;
}

export function duration(seconds) {
  const found = units(seconds);
  return fill(pattern(found), found);
}

/* With its seconds: under 1 s, 0.4 s, 2 min 14 s */
function exactDuration(seconds) {
  if (seconds < 0.05) return WORDS.instant;
  if (seconds < 10) {
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    return fill(WORDS.seconds, { seconds: new Intl.NumberFormat(document.documentElement.lang, digits).format(seconds) });
  }
  const [minutes, rest] = [Math.floor(seconds / MINUTE), Math.floor(seconds % MINUTE)];
  return minutes >= 1 && minutes < 60 && rest ? fill(WORDS.minutesSeconds, { minutes, seconds: rest }) : duration(seconds);
}

/* Making one takes about a millisecond, and a list has dozens of deadlines */
const spellers = {};
const speller = (unit) => (spellers[unit] ??= new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, unitDisplay: "long" }));

/* For screen readers: 1 hour 20 minutes */
export function spelledDuration(seconds) {
  return Object.entries(units(seconds))
    .filter(([name, number]) => number || name === "seconds")
    .map(([name, number]) => speller(name.slice(0, -1)).format(number))
    .join(" ");
}

/* ---- Times as the server writes them, in the page's time zone: 10:45, Wed 14:00, 3 Dec 14:00, 3 Dec 2027 */


function clockOf(timeZone) {
  const numbers = { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("en", { ...numbers, hourCycle: "h23", timeZone });
}

/* Made for the first time that is written: most pages write none, and it takes long */
let clock = null;
function partsOfClock(at) {
  try {
    clock ??= clockOf(document.documentElement.dataset.timeZone);
  } catch {
    /* A time zone that only the server knows */
    clock = clockOf(undefined);
  }
  return clock.formatToParts(at);
}

const names = (list, place) => list.split("|")[place];

function partsOf(at) {
  const { year, month, day, hour, minute } = Object.fromEntries(partsOfClock(at).map(({ type, value }) => [type, value]));
  const date = new Date(Date.UTC(year, month - 1, day));
  return {
    date,
    written: {
      D: names(WORDS.namesD, date.getUTCDay()),
      j: day,
      M: names(WORDS.namesM, month - 1),
      N: names(WORDS.namesN, month - 1),
      Y: year,
      H: hour,
      i: minute,
    },
  };
}

function format(at, today) {
  if (at.getTime() === today.getTime()) return "H:i";
  if (Math.abs(at - today) <= 6 * DAY * 1000) return WORDS.formatThisWeek;
  return at.getUTCFullYear() === today.getUTCFullYear() ? WORDS.formatThisYear : WORDS.formatOtherYear;
}

function moment(at) {
  const { date, written } = partsOf(at);
  return format(date, partsOf(new Date()).date).replace(/[DjMNYHi]/g, (letter) => written[letter]);
}

/* ---- Texts of fragments that everyone gets, written before they are swapped in.
   [data-phrase] names a text. data-since is since when {duration} is, data-seconds how long it is, data-at the
   {time}; data-facts has other values. inbox/web/ui/script_words.py writes the same texts into pages. */


const wordsOf = (phrase) => WORDS[phrase.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())];

function writePhrase(element) {
  const { phrase, since, seconds, at, facts } = element.dataset;
  const values = facts ? JSON.parse(facts) : {};
  if (since) values.duration = duration((Date.now() - Date.parse(since)) / 1000);
  if (seconds) values.duration = exactDuration(Number(seconds));
  if (at) values.time = moment(new Date(at));
  const text = fill(wordsOf(phrase), values);
  if (element.textContent !== text) element.textContent = text;
}

document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const { fragment } of tasks ?? []) fragment?.querySelectorAll?.("[data-phrase]").forEach(writePhrase);
});

/* ---- Times that pass are updated every half minute, every second in the first and the last minute, and when the tab is shown again.
   <time data-due> is a deadline, <time data-ago="…"> a time in the past, <time data-for="…"> the start of something that
   continues, as is <time data-since="…"> in a [data-phrase]. <time data-left="…"> has the milliseconds until a
   held answer is sent, and data-pattern how to write them. The server renders all of them; a distant deadline shows the time of
   day and stays as it is until it is near. At <time data-turns="…"> the page has to be reloaded. */


const AGAIN_MS = 5000;
let timer = 0;
let resyncedAt = 0;
let resyncDue = false;

/* True if the words are new */
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
  const left = Math.ceil((Date.parse(element.dateTime) - now) / 1000);
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
