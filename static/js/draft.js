/* Saves what is typed: on the server as a draft, and in this browser until the server has confirmed it (static/js/unsent.js).
   [data-saved] in a form with data-draft-url shows the result. The fields operation_id and draft identify the draft that the form
   shows, so that a save never overwrites text from another device. The response contains text that the form doesn't show, for
   #earlier-text. A form in which nothing has been typed shows the newest draft whenever the question reloads itself. */

import { duration, fill } from "./words.js";
import { labelOf } from "./fields.js";
import { KEPT, forget, isAnswer, left, remember as store, remembered, takeOver } from "./unsent.js";

const WAIT_MS = 700;
const RETRY_S = [2, 4, 8, 15, 30];
const SENDING_MS = 400;
const FORM = ["operation_id", "draft"];
const states = new WeakMap();
/* A page that has been requested may come without what is saved meanwhile, so the browser keeps that for it */
let leaving = false;
addEventListener("beforeunload", () => (leaving = true));

const pathOf = (element) => new URL(element.dataset.draftUrl, location.href).pathname;
/* [name, value, label of the value] */
const entriesOf = (form) =>
  [...new FormData(form)]
    .filter(([name, value]) => KEPT.test(name) && typeof value === "string")
    .map(([name, value]) => [name, value, calledIn(form, name, value)]);
function calledIn(form, name, value) {
  const option = form.querySelector(`.choice input:is([type=radio], [type=checkbox])[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
  return option ? labelOf(option) : value;
}

function stateOf(form) {
  let state = states.get(form);
  if (!state) states.set(form, (state = { timer: 0, tries: 0, savedAt: 0, retryAt: 0, sent: "", sending: 0, running: null }));
  return state;
}

const unsaved = (form) => remembered(pathOf(form)) !== null && JSON.stringify(entriesOf(form)) !== stateOf(form).sent;

function remember(form) {
  const from = Object.fromEntries(FORM.map((name) => [name, form.elements.namedItem(name)?.value ?? ""]));
  store(pathOf(form), entriesOf(form), from);
}

function bodyOf(form) {
  const body = new FormData();
  for (const [name, value] of entriesOf(form)) body.append(name, value);
  for (const name of [...FORM, "csrfmiddlewaretoken"]) body.append(name, form.elements.namedItem(name)?.value ?? "");
  return body;
}

async function showEarlier(form, response) {
  const html = await response.text();
  const place = form.querySelector("#earlier-text");
  /* By now another question may be open */
  if (!html || !form.isConnected) return;
  /* It would move the buttons of the confirm step */
  if (form.hasAttribute("data-armed")) return form.addEventListener("answer:disarmed", () => save(form), { once: true });
  place.outerHTML = html;
  htmx.process(form.querySelector("#earlier-text"));
}

/* The text in one of the element's data attributes, with the duration filled in */
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
  let tone = "plain";
  if (state.sending && Date.now() - state.sending > SENDING_MS) {
    words = worded(place, "sending");
    form.setAttribute("aria-busy", "true");
  } else if (state.signedOut || state.stale) {
    words = worded(place, state.signedOut ? "signedOut" : "expired");
    tone = "late";
  } else if (state.tooLarge) {
    words = worded(place, "tooLarge");
    tone = "late";
  } else if (state.closed) {
    words = worded(place, "kept");
  } else if (state.retryAt) {
    words = worded(place, "retry", Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000)));
    tone = "late";
  } else if (state.savedAt && !isBlank(form)) {
    words = savedWords(place, Date.now() - state.savedAt);
    tone = "ok";
  }
  if (place.textContent === words) return;
  place.textContent = words;
  if (words) place.dataset.state = tone;
  else delete place.dataset.state;
}

/* Ends when what the form has now has been sent */
function save(form) {
  const state = stateOf(form);
  if (state.running) state.again = true;
  else if (form.isConnected) state.running = sendAll(form, state);
  return state.running;
}

/* Text that was discarded is gone from the page at once, with its form */
const isBlank = (form) => entriesOf(form).every(([, value]) => !value);

async function sendAll(form, state) {
  try {
    do {
      clearTimeout(state.timer);
      state.again = false;
      await send(form, state);
    } while (state.again && (form.isConnected || isBlank(form)));
  } finally {
    state.running = null;
  }
}

async function send(form, state) {
  const what = JSON.stringify(entriesOf(form));
  const request = { method: "POST", body: bodyOf(form), redirect: "manual", headers: { "HX-Request": "true" } };
  let ok = false;
  try {
    const response = await fetch(form.dataset.draftUrl, request);
    /* Too large for this app or for a proxy: sending it again would not help */
    state.tooLarge = response.status === 413;
    /* Without the marker it isn't this app's response but a proxy's error or a network's sign-in page */
    if (response.headers.has("Reviewer-Inbox")) {
      ok = response.ok;
      if (ok) await showEarlier(form, response);
      if (response.status === 401) signedOut(form);
      else if (response.status === 403) state.stale = true;
      else if (response.status === 404 || response.status === 409) state.closed = true;
    }
  } catch {
    state.tooLarge = false;
  }
  if (ok) {
    Object.assign(state, { tries: 0, retryAt: 0, sent: what, signedOut: false, stale: false, closed: false });
    if (JSON.stringify(entriesOf(form)) === what) {
      state.savedAt = Date.now();
      if (!leaving) forget(pathOf(form));
    }
    tellList(form, state);
  } else if (!state.signedOut && !state.stale && !state.closed && !state.tooLarge) {
    const wait = RETRY_S[Math.min(state.tries++, RETRY_S.length - 1)];
    state.retryAt = Date.now() + wait * 1000;
    state.timer = setTimeout(() => save(form), wait * 1000);
  }
  say(form);
}

/* Tells the list when the form's first text is saved, and when it is empty again */
function tellList(form, state) {
  const drafted = JSON.parse(state.sent).some(([, value]) => value);
  /* Discarded: the question may have been read again while it still had the text */
  if (!drafted && !form.isConnected) document.body.dispatchEvent(new CustomEvent("item"));
  const id = form.closest("[data-interaction-id]")?.dataset.interactionId;
  if (drafted === state.drafted || !id) return;
  state.drafted = drafted;
  document.dispatchEvent(new CustomEvent("inbox:drafted", { detail: { id } }));
}

function signedOut(form) {
  const state = stateOf(form);
  state.retryAt = 0;
  if (state.signedOut) return;
  state.signedOut = true;
  document.dispatchEvent(new CustomEvent("inbox:signed-out"));
}

function changed(event) {
  const form = event.target instanceof Element && event.target.closest("form[data-draft-url]");
  if (!form || !KEPT.test(event.target.name)) return;
  const state = stateOf(form);
  leaving = false;
  touch(form);
  remember(form);
  state.savedAt = 0;
  say(form);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => save(form), WAIT_MS);
}

/* These fields stay when the question reloads itself, unless nothing has been typed in the form */
const keepText = (form, keep) => form.querySelectorAll("[name=draft], .input").forEach((field) => field.toggleAttribute("hx-morph-skip", keep));

function touch(form) {
  stateOf(form).touched = true;
  keepText(form, true);
}

function put(form, entries) {
  for (const input of form.elements) {
    if (!KEPT.test(input.name)) continue;
    const values = entries.filter(([name]) => name === input.name).map(([, value]) => value);
    if (input.type === "radio" || input.type === "checkbox") input.checked = values.includes(input.value);
    else if (input.type !== "submit") input.value = values[0] ?? "";
  }
}

/* Like a draft, it takes precedence over what a link suggests */
function putBack(form, kept) {
  put(form, kept.entries);
  touch(form);
  for (const notice of document.querySelectorAll("[data-suggestion]")) notice.hidden = notice.dataset.suggestion === "link";
  for (const [name, value] of Object.entries(kept.from)) form.elements.namedItem(name).value = value;
  form.dispatchEvent(new Event("change", { bubbles: true }));
  save(form);
}

/* Text that the server never confirmed goes back into the form and is saved at once */
function restore(root) {
  for (const form of root.querySelectorAll("form[data-draft-url]")) {
    if (states.has(form)) continue;
    stateOf(form);
    const kept = remembered(pathOf(form));
    if (kept) putBack(form, kept);
    else restoreLeft(form);
  }
}

/* The text of a closed tab, unless the form has it already, or the person was faster and it waits for the next time */
async function restoreLeft(form) {
  const path = pathOf(form);
  const before = JSON.stringify(entriesOf(form));
  const kept = await left(path);
  if (!kept || !form.isConnected || JSON.stringify(entriesOf(form)) !== before || !takeOver(path, kept)) return;
  if (JSON.stringify(kept.entries) === before) forget(path);
  else putBack(form, kept);
}

/* Not on "change": it also fires when the swap after an answer removes the field, and would store sent text again */
document.addEventListener("input", changed);
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-save-now]");
  if (button?.form) save(button.form);
  const kept = event.target instanceof Element && event.target.closest("#kept [data-discard]")?.closest("#kept");
  if (!kept) return;
  forget(pathOf(document.getElementById("detail")));
  if (!kept.querySelector("[name=discard]")) kept.remove();
});
/* Before htmx: a request that is prevented, because the question is checked first, ends at once */
document.addEventListener(
  "submit",
  ({ target: form }) => {
    if (!form.matches?.("form[data-draft-url]")) return;
    clearTimeout(stateOf(form).timer);
    stateOf(form).sending = Date.now();
    setTimeout(() => say(form), SENDING_MS + 50);
    remember(form);
  },
  true,
);
/* The question was answered, or the page shows another one: this tab's copy is no longer needed */
document.addEventListener("htmx:after:request", (event) => {
  const { request, response } = event.detail.ctx;
  if (request.form?.matches("form[data-draft-url]") && response.status < 400) forget(pathOf(request.form));
});
/* However it ended, including network errors */
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
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement.id === "detail" && ctx.sourceElement.querySelector("form[data-draft-url]");
  if (!form || stateOf(form).touched) return;
  FORM.forEach((name) => ctx.request.body.delete(name));
  keepText(form, false);
});
addEventListener("storage", ({ key, newValue }) => {
  const form = document.querySelector("form[data-draft-url]");
  if (form && !stateOf(form).touched && newValue === null && key?.endsWith(`:${pathOf(form)}`)) document.body.dispatchEvent(new CustomEvent("item"));
});
/* A reload of a page part, or another question, must not overtake the last keystrokes */
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

/* Shows text of a question that closed while the person was typing, if the server has not stored that text */
async function showKept() {
  const detail = document.querySelector("#detail[data-interaction-id]");
  const template = document.getElementById("kept-in-tab");
  if (!detail || !template || detail.querySelector("form[data-draft-url]")) return;
  const path = pathOf(detail);
  if (!remembered(path)) {
    const found = await left(path);
    if (!found || !detail.isConnected || !takeOver(path, found)) return;
  }
  const kept = remembered(path).entries;
  /* Its sending was never confirmed, but it has arrived */
  if (isAnswer(kept, detail.dataset.mine)) return forget(path);
  const text = kept.map(([, value, called]) => called ?? value).filter(Boolean).join("\n\n");
  if (!text) return;
  /* Newer than the server's draft when it rendered the page */
  const shown = detail.querySelector("#kept-text");
  if (shown) return (shown.textContent = text);
  const card = template.content.cloneNode(true);
  card.querySelector("#kept-text").textContent = text;
  const outcome = detail.querySelector("#outcome");
  if (outcome) outcome.after(card);
  else detail.querySelector(".answer-place")?.prepend(card);
}
document.addEventListener("htmx:after:swap", (event) => {
  restore(document);
  showKept();
  /* The new content is without it */
  document.querySelectorAll("form[data-draft-url]").forEach(say);
  /* The question was reloaded, and its form has a new token */
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
    if (!remembered(pathOf(form)) || JSON.stringify(entries) === state.sent) continue;
    navigator.sendBeacon(form.dataset.draftUrl, bodyOf(form));
  }
});
setInterval(() => document.querySelectorAll("form[data-draft-url]").forEach(say), 1000);
restore(document);
showKept();
