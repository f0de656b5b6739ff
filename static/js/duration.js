/* Durations as the server writes them (inbox/web/ui/when.py): 40 s, 42 min, 1 h 20 min, 2 d 1 h */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NAMES = { s: "second", min: "minute", h: "hour", d: "day" };

function parts(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) return [[whole, "s"]];
  if (whole < HOUR) return [[Math.floor(whole / MINUTE), "min"]];
  const [unit, size, small, smaller] = whole < DAY ? ["h", HOUR, "min", MINUTE] : ["d", DAY, "h", HOUR];
  const most = Math.floor(whole / size);
  const rest = Math.floor((whole % size) / smaller);
  return rest && (unit === "h" || most < 10) ? [[most, unit], [rest, small]] : [[most, unit]];
}

export function duration(seconds) {
  return parts(seconds)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(" ");
}

/* For screen readers: 1 hour 20 minutes */
export function spelledDuration(seconds) {
  return parts(seconds)
    .map(([number, unit]) => new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: NAMES[unit], unitDisplay: "long" }).format(number))
    .join(" ");
}
