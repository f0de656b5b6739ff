/* Keeps what is typed: on the server as a draft, and in this tab until the server has it.
   A form with data-draft-url is saved a moment after each change; its [data-saved] says how that went.
   Radio buttons, checkboxes and text are kept as the entries of the form named value and comment. The form's operation_id
   and draft go along: they say which draft it shows, so that a save overwrites no text of another device. The other drafts
   of the question come back with a save, for #other-drafts. */

import { duration } from "./duration.js";
import { fill } from "./words.js";

const WAIT_MS = 700;
const RETRY_S = [2, 4, 8, 15, 30];
const SENDING_MS = 400;
const KEPT = ["value", "comment"];
const FORM = ["operation_id", "draft"];
const states = new WeakMap();

/* Under the reader's own name: somebody else who signs in here afterwards finds nothing */
const keyAt = (path) => `draft:${document.body.dataset.viewer}:${path}`;
const keyOf = (element) => keyAt(new URL(element.dataset.draftUrl, location.href).pathname);
/* [name, value, what the value is called] */
const entriesOf = (form) =>
  [...new FormData(form)]
    .filter(([name, value]) => KEPT.includes(name) && typeof value === "string")
    .map(([name, value]) => [name, value, calledIn(form, name, value)]);
const calledIn = (form, name, value) =>
  form.querySelector(`.choice input[name="${name}"][value="${CSS.escape(value)}"]`)?.closest(".choice").querySelector("b")?.textContent.trim() ?? value;

function stateOf(form) {
  let state = states.get(form);
  if (!state) states.set(form, (state = { timer: 0, tries: 0, savedAt: 0, retryAt: 0, sent: "", sending: 0, running: null }));
  return state;
}

const unsaved = (form) => sessionStorage.getItem(keyOf(form)) !== null && JSON.stringify(entriesOf(form)) !== stateOf(form).sent;

function remember(form) {
  try {
    const from = Object.fromEntries(FORM.map((name) => [name, form.elements.namedItem(name)?.value ?? ""]));
    sessionStorage.setItem(keyOf(form), JSON.stringify({ entries: entriesOf(form), from }));
  } catch {
    /* a full or forbidden store: the server's draft is the other copy */
  }
}

const forget = (key) => sessionStorage.removeItem(key);
/* {entries, from}, null for nothing. An earlier release stored the entries alone */
function remembered(key) {
  const kept = JSON.parse(sessionStorage.getItem(key));
  return Array.isArray(kept) ? { entries: kept, from: {} } : kept;
}

function bodyOf(form) {
  const body = new FormData();
  for (const [name, value] of entriesOf(form)) body.append(name, value);
  for (const name of [...FORM, "csrfmiddlewaretoken"]) body.append(name, form.elements.namedItem(name)?.value ?? "");
  return body;
}

function showOthers(html) {
  const place = document.getElementById("other-drafts");
  if (!place || (!html && place.hidden)) return;
  const page = new DOMParser().parseFromString(html || '<div id="other-drafts" hidden></div>', "text/html");
  const others = document.adoptNode(page.body.firstElementChild);
  place.replaceWith(others);
  htmx.process(others);
}

/* The element's own words, with a duration put in */
const worded = (place, name, seconds = 0) => fill(place.dataset[name], { duration: duration(seconds) });

function savedWords(place, ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 2 ? worded(place, "justNow") : worded(place, "ago", seconds);
}

function say(form) {
  const place = form.querySelector("[data-saved]");
  if (!place) return;
  const state = stateOf(form);
  let words = "";
  let late = false;
  if (state.sending && Date.now() - state.sending > SENDING_MS) {
    words = worded(place, "sending");
    form.setAttribute("aria-busy", "true");
  } else if (state.signedOut || state.stale) {
    words = worded(place, state.signedOut ? "signedOut" : "expired");
    late = true;
  } else if (state.tooLarge) {
    words = worded(place, "tooLarge");
    late = true;
  } else if (state.closed) {
    words = worded(place, "kept");
  } else if (state.retryAt) {
    words = worded(place, "retry", Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000)));
    late = true;
  } else if (state.savedAt) {
    words = savedWords(place, Date.now() - state.savedAt);
  }
  if (place.textContent === words) return;
  place.textContent = words;
  place.dataset.state = late ? "late" : "ok";
}

async function save(form) {
  const state = stateOf(form);
  clearTimeout(state.timer);
  if (!form.isConnected) return;
  if (state.running) {
    state.again = true;
    return;
  }
  const what = JSON.stringify(entriesOf(form));
  state.tooLarge = false;
  state.running = fetch(form.dataset.draftUrl, { method: "POST", body: bodyOf(form), redirect: "manual", headers: { "HX-Request": "true" } });
  let ok = false;
  try {
    const response = await state.running;
    /* Too large for the app or for a proxy: the same again would be no smaller */
    state.tooLarge = response.status === 413;
    /* Without the marker it is no answer of this app: a proxy's error, or a network's sign-in page */
    if (response.headers.has("Reviewer-Inbox")) {
      ok = response.ok;
      if (ok) showOthers(await response.text());
      if (response.status === 401) signedOut(form);
      else if (response.status === 403) state.stale = true;
      else if (response.status === 404 || response.status === 409) state.closed = true;
    }
  } catch {
    ok = false;
  }
  state.running = null;
  if (ok) {
    Object.assign(state, { tries: 0, retryAt: 0, sent: what, signedOut: false, closed: false });
    if (JSON.stringify(entriesOf(form)) === what) {
      state.savedAt = Date.now();
      forget(keyOf(form));
    }
  } else if (!state.signedOut && !state.stale && !state.closed && !state.tooLarge) {
    const wait = RETRY_S[Math.min(state.tries++, RETRY_S.length - 1)];
    state.retryAt = Date.now() + wait * 1000;
    state.timer = setTimeout(() => save(form), wait * 1000);
  }
  say(form);
  if (state.again) {
    state.again = false;
    save(form);
  }
}

function signedOut(form) {
  stateOf(form).signedOut = true;
  stateOf(form).retryAt = 0;
  document.dispatchEvent(new CustomEvent("inbox:signed-out"));
}

function changed(event) {
  const form = event.target instanceof Element && event.target.closest("form[data-draft-url]");
  if (!form || !KEPT.includes(event.target.name)) return;
  remember(form);
  const state = stateOf(form);
  state.savedAt = 0;
  say(form);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => save(form), WAIT_MS);
}

function put(form, entries) {
  const values = entries.filter(([name]) => name === "value").map(([, value]) => value);
  for (const input of form.elements) {
    if (input.name === "comment") input.value = entries.find(([name]) => name === "comment")?.[1] ?? "";
    else if (input.name !== "value") continue;
    else if (input.type === "radio" || input.type === "checkbox") input.checked = values.includes(input.value);
    else if (input.type !== "submit") input.value = values[0] ?? "";
  }
}

/* What this tab holds and the server never confirmed goes back into the form, and is saved at once */
function restore(root) {
  for (const form of root.querySelectorAll("form[data-draft-url]")) {
    if (states.has(form)) continue;
    stateOf(form);
    const kept = remembered(keyOf(form));
    if (!kept) continue;
    put(form, kept.entries);
    for (const [name, value] of Object.entries(kept.from)) form.elements.namedItem(name).value = value;
    form.dispatchEvent(new Event("change", { bubbles: true }));
    save(form);
  }
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-save-now]");
  if (button?.form) save(button.form);
  const kept = event.target instanceof Element && event.target.closest("#kept [data-discard]")?.closest("#kept");
  if (!kept) return;
  forget(keyOf(document.getElementById("detail")));
  if (!kept.querySelector("[name=discard]")) kept.remove();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches?.("form[data-draft-url]")) {
    clearTimeout(stateOf(form).timer);
    stateOf(form).sending = Date.now();
    setTimeout(() => say(form), SENDING_MS + 50);
    remember(form);
  } else if (form.matches?.("form[action*='/logout/']")) {
    sessionStorage.clear();
  }
});
/* The answer is in, or the page moves on: the copy in this tab has done its work */
document.addEventListener("htmx:after:request", (event) => {
  const { request, response } = event.detail.ctx;
  if (request.form?.matches("form[data-draft-url]") && response.status < 400) forget(keyOf(request.form));
});
/* However it ended, also by a network error */
document.addEventListener("htmx:finally:request", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-draft-url]")) return;
  stateOf(form).sending = 0;
  form.removeAttribute("aria-busy");
  say(form);
});
addEventListener("online", () => {
  for (const form of document.querySelectorAll("form[data-draft-url]")) if (stateOf(form).retryAt) save(form);
});
/* A page part that reads itself again, or another question, must not outrun the last keystrokes */
const FLUSH_MS = 1500;
document.addEventListener("htmx:before:request", (event) => {
  const ctx = event.detail?.ctx;
  const form = ctx?.target?.querySelector?.("form[data-draft-url]");
  if (!form || stateOf(form).sending || !unsaved(form)) return;
  const fetching = ctx.fetch;
  ctx.fetch = async (...request) => {
    await Promise.race([save(form), new Promise((resolve) => setTimeout(resolve, FLUSH_MS))]);
    return fetching(...request);
  };
});
/* What was sent, and nobody could say whether it had arrived, is the answer that stands there now */
const plain = (text) => text.replaceAll("\r\n", "\n").trim();
function arrived(kept, mine) {
  if (!mine) return false;
  const [values, comment] = JSON.parse(mine);
  const of = (name) => kept.filter(([each]) => each === name).map(([, value]) => plain(value));
  /* Of a yes or no the button is the value, which is no entry of the form */
  const same = !of("value").length || JSON.stringify(of("value").sort()) === JSON.stringify(values.map(plain).sort());
  return same && (of("comment")[0] ?? "") === plain(comment);
}

/* The question closed under the reader's hands, and the server had no use for the text: it stays in sight */
function showKept() {
  const detail = document.querySelector("#detail[data-interaction-id]");
  const template = document.getElementById("kept-in-tab");
  if (!detail || !template || detail.querySelector("form[data-draft-url]")) return;
  const key = keyOf(detail);
  const kept = remembered(key)?.entries;
  if (kept && arrived(kept, detail.dataset.mine)) return forget(key);
  const text = kept?.map(([, value, called]) => called ?? value).filter(Boolean).join("\n\n");
  if (!text) return;
  /* Newer than what the server had when it wrote the page */
  const shown = detail.querySelector("#kept-text");
  if (shown) return (shown.textContent = text);
  const card = template.content.cloneNode(true);
  card.querySelector("#kept-text").textContent = text;
  const outcome = detail.querySelector("#outcome");
  if (outcome) outcome.after(card);
  else detail.querySelector(".evidence")?.prepend(card);
}
document.addEventListener("htmx:after:swap", (event) => {
  restore(document);
  showKept();
  /* The question was read again, and its form has a fresh token */
  if (event.detail.ctx?.target?.id !== "detail") return;
  for (const form of document.querySelectorAll("form[data-draft-url]")) {
    const state = stateOf(form);
    if (!state.signedOut && !state.stale) continue;
    state.signedOut = state.stale = false;
    save(form);
  }
});
addEventListener("pagehide", () => {
  for (const form of document.querySelectorAll("form[data-draft-url]")) {
    const state = stateOf(form);
    const entries = entriesOf(form);
    if (!sessionStorage.getItem(keyOf(form)) || JSON.stringify(entries) === state.sent) continue;
    navigator.sendBeacon(form.dataset.draftUrl, bodyOf(form));
  }
});
setInterval(() => document.querySelectorAll("form[data-draft-url]").forEach(say), 1000);
restore(document);
showKept();
