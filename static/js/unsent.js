/* Text that the server doesn't have yet, stored in this browser for each account until the server has it or the person signs out,
   which sends it first. Each tab has its own, so that two tabs with the same question don't overwrite each other; what a closed
   tab has left belongs to the first one that opens the question. */

/* The names of the fields that people answer with */
export const KEPT = /^(value|other)(-|$)|^comment$/;
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
/* This tab's text of a question: {entries, from}, or null */
export const remembered = (path) => read(keyAt(path));

const plain = (text) => text.replaceAll("\r\n", "\n").trim();

/* True if the entries of a form are the answer that the server shows as the person's own (data-mine) */
export function isAnswer(entries, mine) {
  if (!mine) return false;
  const [values, comment] = JSON.parse(mine);
  const filled = entries.filter(([name, value]) => KEPT.test(name) && value);
  const of = (name) => filled.filter(([key]) => key === name).map(([, value]) => plain(value));
  const isSame = (name) => JSON.stringify(of(name).sort()) === JSON.stringify((values[name] ?? []).map(plain).sort());
  const names = new Set([...Object.keys(values), ...filled.map(([name]) => name)]);
  names.delete("comment");
  /* Approve and Reject are buttons, whose value is not an entry of the form */
  const same = filled.every(([name]) => name === "comment") || [...names].every(isSame);
  return same && (of("comment")[0] ?? "") === plain(comment);
}

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

/* ---- Signing out

   A session that has ended accepts no text, so what was sent when a page was left might arrive too late. All of it is sent
   again before the form is. If that fails, a notice says so, and the next press signs out all the same. */

const SIGN_OUT_MS = 2000;
let sending = false;
let warned = false;

const pathAt = (key) => key.slice(key.indexOf("/"));
const hasText = (key) => read(key).entries.some(([, value]) => value);

/* As static/js/draft.js does */
async function send(key, token) {
  const kept = localStorage.getItem(key);
  const { entries, from } = JSON.parse(kept);
  const body = new FormData();
  for (const [name, value] of [...entries, ...Object.entries(from), ["csrfmiddlewaretoken", token]]) body.append(name, value);
  const response = await fetch(pathAt(key), { method: "POST", body, redirect: "manual", headers: { "HX-Request": "true" } });
  /* Its tab may have stored more since */
  if (response.ok && response.headers.has("Reviewer-Inbox") && localStorage.getItem(key) === kept) localStorage.removeItem(key);
}

async function signOut(form) {
  sending = true;
  form.setAttribute("aria-busy", "true");
  const token = form.elements.namedItem("csrfmiddlewaretoken").value;
  const sent = Promise.allSettled(keys().map((key) => send(key, token)));
  await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, SIGN_OUT_MS))]);
  sending = false;
  form.removeAttribute("aria-busy");
  const unsaved = keys().find(hasText);
  if (unsaved && !warned) {
    warned = true;
    const question = pathAt(unsaved).replace(/draft$/, "");
    document.dispatchEvent(new CustomEvent("inbox:unsaved", { detail: { question } }));
    return;
  }
  keys().forEach((key) => localStorage.removeItem(key));
  form.submit();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  /* Signing out fails while offline, so the text would be erased for nothing */
  if (!form.matches("form[action*='/logout/']") || !navigator.onLine || !keys().length) return;
  event.preventDefault();
  if (!sending) signOut(form);
});

for (const key of keys()) if (Date.now() - read(key).at > KEEP_MS) localStorage.removeItem(key);
