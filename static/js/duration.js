/* Durations as the server writes them (inbox/web/ui/when.py): 40 s, 42 min, 1 h 20 min, 2 d 1 h */

import { fill, WORDS } from "./words.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/* The two largest units that say something; seconds below a minute */
function units(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) return { seconds: whole };
  if (whole < HOUR) return { minutes: Math.floor(whole / MINUTE) };
  if (whole < DAY) return { hours: Math.floor(whole / HOUR), minutes: Math.floor((whole % HOUR) / MINUTE) };
  const days = Math.floor(whole / DAY);
  return { days, hours: days < 10 ? Math.floor((whole % DAY) / HOUR) : 0 };
}

function pattern({ days, hours, minutes }) {
  if (days) return hours ? WORDS.daysHours : WORDS.days;
  if (hours) return minutes ? WORDS.hoursMinutes : WORDS.hours;
  return minutes ? WORDS.minutes : WORDS.seconds;
}

export function duration(seconds) {
  const found = units(seconds);
  return fill(pattern(found), found);
}

/* For screen readers: 1 hour 20 minutes */
export function spelledDuration(seconds) {
  const spelled = (unit, number) => new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, unitDisplay: "long" }).format(number);
  return Object.entries(units(seconds))
    .filter(([name, number]) => number || name === "seconds")
    .map(([name, number]) => spelled(name.slice(0, -1), number))
    .join(" ");
}
