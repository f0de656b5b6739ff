/* Times as the server writes them (inbox/web/ui/when.py), in the page's time zone: 10:45, Wed 14:00, 3 Dec 14:00, 3 Dec 2027 */

import { WORDS } from "./words.js";

const DAY_MS = 24 * 60 * 60 * 1000;

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
  if (Math.abs(at - today) <= 6 * DAY_MS) return WORDS.formatThisWeek;
  return at.getUTCFullYear() === today.getUTCFullYear() ? WORDS.formatThisYear : WORDS.formatOtherYear;
}

export function moment(at) {
  const { date, written } = partsOf(at);
  return format(date, partsOf(new Date()).date).replace(/[DjMNYHi]/g, (letter) => written[letter]);
}
