/* When keys decide: functions of the key, the time and the state alone. static/js/guard.js and confirm.js apply them to the page,
   tests/js/ types text into them. Times are in milliseconds. */

/* New elements ignore keys and presses for so long */
export const FRESH_MS = 400;
/* After typing, letters decide again once the person has paused; for someone who types slowly, for twice as long as between their
   last keys */
export const PAUSE_MS = 700;
const LONGEST_PAUSE_MS = 2000;
/* An answer that was given longer ago can't be undone any more */
const LONGEST_UNDO_MS = 60000;
/* Pressed again when there is nothing left to answer, move to or undo, so they don't show that someone is typing */
const PRESSED_ON = /^[arjknz]$/i;
/* They move the focus to a field, where what follows is text */
const TO_FIELD = /^([m/]|Enter)$/i;

const isPlain = ({ ctrlKey, metaKey, altKey }) => !ctrlKey && !metaKey && !altKey;
export const isPrintable = (event) => event.key.length === 1 && isPlain(event);
export const isSend = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey);

/* The effect of a key while an answer is armed: "send", "disarm", "tab" (to the other button of the step), "press" (the button with
   the focus), "ignore", or "pass" for keys that only scroll or modify. on: what has the focus, "step" or one of its buttons,
   "confirm" or "cancel" */
export function armedKey(event, on) {
  if (event.isComposing) return "pass";
  if (event.key === "Tab") return "tab";
  if (isSend(event)) return event.repeat ? "ignore" : "send";
  if (event.key === "Enter") return on !== "step" && !event.repeat ? "press" : "ignore";
  if (event.repeat) return "ignore";
  if (event.key === " " && on === "confirm") return "press";
  return isPrintable(event) || ["Backspace", "Escape"].includes(event.key) ? "disarm" : "pass";
}

/* answers: the IDs of the questions that letters have answered, oldest first, with their times. typing: the last keys were text.
   keyAt, letterAt and answeredAt: the last key, letter, and letter that answered; gap: the time between the last two keys */
export const atRest = () => ({ answers: [], typing: false, gap: 0, keyAt: -Infinity, letterAt: -Infinity, answeredAt: -Infinity });

export const answered = (state, id, at) => ({ ...state, answeredAt: at, answers: [...state.answers.filter((each) => each.id !== id), { id, at }] });

/* The answer was refused, or has been undone */
export const forgotten = (state, id) => ({ ...state, answers: state.answers.filter((each) => each.id !== id) });

function typed(state, at) {
  const undo = state.answers.filter((each) => at - each.at < LONGEST_UNDO_MS).map(({ id }) => id);
  return { state: { ...state, typing: true, answers: [] }, drop: true, undo };
}

/* A key outside a field, before the page acts on it. Returns the next state, whether the page ignores the key, and the IDs of
   the questions whose answers are to be undone */
export function beforeKey(state, event, at) {
  if (event.isComposing || !isPlain(event) || (event.key.length > 1 && event.key !== "Enter")) return { state, drop: false, undo: [] };
  const since = (then) => at - then < PAUSE_MS;
  const next = { ...state, gap: at - state.keyAt, keyAt: at, letterAt: /^\p{L}$/u.test(event.key) ? at : state.letterAt };
  const pause = Math.min(Math.max(PAUSE_MS, 2 * state.gap), LONGEST_PAUSE_MS);
  if (state.typing && next.gap < pause) return { state: next, drop: true, undo: [] };
  next.typing = false;
  if (event.key === " " && since(state.letterAt)) return typed(next, at);
  if (TO_FIELD.test(event.key) && since(state.answeredAt)) return typed(next, at);
  return { state: next, drop: false, undo: [] };
}

/* The same key afterwards, if it was no shortcut here */
export function afterKey(state, event, at) {
  const isText = !event.isComposing && isPrintable(event) && event.key !== " " && !PRESSED_ON.test(event.key);
  return isText ? typed(state, at) : { state, drop: false, undo: [] };
}
