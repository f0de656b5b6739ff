/* Durations as the server writes them (inbox/web/ui/when.py): under 1 s, 40 s, 42 min, 1 h 20 min, 2 d 1 h */

import { fill, WORDS } from "./words.js";

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
export function exactDuration(seconds) {
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
