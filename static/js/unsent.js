/* Text that the server doesn't have yet. It is stored in this browser, for each account apart, and erased once the server has it
   and when the person signs out. Each tab has its own, so that two tabs with the same question don't overwrite each other; what
   a tab has left behind that was closed belongs to the first one that opens the question. */

const KEEP_MS = 30 * 24 * 60 * 60 * 1000;
const tab = (sessionStorage.tab ??= Math.random().toString(36).slice(2));
const account = `draft:${document.body.dataset.viewer}:`;
const lock = (id) => `tab:${id}`;

/* Held for as long as this tab shows a page of the app */
navigator.locks?.request(lock(tab), () => new Promise(() => {}));

const keyAt = (path) => `${account}${tab}:${path}`;
const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(account));
const read = (key) => JSON.parse(localStorage.getItem(key));

/* entries and from are those of static/js/draft.js */
export function remember(path, entries, from) {
  try {
    localStorage.setItem(keyAt(path), JSON.stringify({ entries, from, at: Date.now() }));
  } catch {
    /* storage is full or forbidden: the server's draft is the other copy */
  }
}

export const forget = (path) => localStorage.removeItem(keyAt(path));
/* What this tab has of a question: {entries, from}, or null */
export const remembered = (path) => read(keyAt(path));

/* The newest text of a question that a closed tab has left: {key, entries, from}, or null */
export async function left(path) {
  const others = keys().filter((key) => key.endsWith(`:${path}`) && key !== keyAt(path));
  if (!others.length) return null;
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  const open = new Set(held.map(({ name }) => name));
  const found = others.filter((key) => !open.has(lock(key.split(":")[2]))).map((key) => ({ ...read(key), key }));
  return found.sort((one, other) => other.at - one.at)[0] ?? null;
}

/* From now on it is this tab's; false if another tab was faster */
export function takeOver(path, { key, entries, from }) {
  if (!localStorage.getItem(key)) return false;
  localStorage.removeItem(key);
  remember(path, entries, from);
  return true;
}

/* Offline no one is signed out, and the text would be lost for nothing */
document.addEventListener("submit", ({ target }) => {
  if (target.matches("form[action*='/logout/']") && navigator.onLine) keys().forEach((key) => localStorage.removeItem(key));
});

for (const key of keys()) if (Date.now() - read(key).at > KEEP_MS) localStorage.removeItem(key);
