/* Handles failed requests (templates/components/_failures.html). If a person started the request, a notice in #request-status
   says what happened and what to do. Otherwise only the freshness mark changes (inbox:unreachable, inbox:reached). A response
   without this app's marker header, or one that is a full error page, is never swapped in.

   An answer, a review, a claim or a release ([data-sends], [data-check]) may have been received even if its response was lost. It is never
   sent again from here: the question is read first, and the server offers "Send again" if it is open. data-failure names the
   sentence for a form that can simply be sent again. */

import { TEXT } from "./guard.js";

const MARKER = "Reviewer-Inbox";
/* On an error page: the answer was certainly not sent (inbox/web/errors.py) */
const UNSENT = "Reviewer-Inbox-Unsent";
/* Sentences about a request that has certainly changed nothing, so there is nothing to check */
const NOTHING_SENT = ["unsent", "unsaved-answer"];
const PERSON = ["click", "submit", "input", "change"];
const LATE_MS = 20_000;
const timers = new WeakMap();
const senders = new WeakMap();

/* The request that could not be confirmed: its form, what was sent, where to check it, and what the response replaces */
let unconfirmed = null;
/* The notice on the page, and the request that it is about */
let shown = null;
/* The notice that was shown when a request began */
const shownBefore = new WeakMap();

/* static/js/live.js handles the failures of streams */
export const isStream = (ctx) => ctx?.sourceElement instanceof Element && ctx.sourceElement.hasAttribute("hx-sse:connect");
export const isPerson = (ctx) => ctx.byPerson || ctx.sourceElement === document.body || PERSON.includes(ctx.sourceEvent?.type);
const isPage = (text) => /^\s*<!doctype/i.test(text ?? "");
const signal = (name) => document.dispatchEvent(new CustomEvent(name));

/* Read when the request is sent: an event of the stream may turn Claim into Release before the response */
function sender(ctx) {
  if (!senders.has(ctx)) senders.set(ctx, senderNow(ctx));
  return senders.get(ctx);
}

function senderNow(ctx) {
  const element = ctx.sourceElement?.closest?.("[data-sends]");
  if (!element) return null;
  const { submitter, body } = ctx.request;
  const page = document.getElementById("detail")?.getAttribute("hx-get");
  const extra = submitter?.name ? { [submitter.name]: submitter.value } : {};
  /* An answer that was confirmed isn't asked for again when it is sent again */
  if (body?.get("confirmed")) extra.confirmed = "1";
  return { form: ctx.request.form?.id, sends: element.dataset.sends, check: element.dataset.check, page, target: ctx.target?.id, extra };
}

/* The question whose answer the request takes back */
const undoneBy = (ctx) => ctx.sourceElement?.dataset?.undoes;

function kindOf(ctx) {
  if (ctx.kind) return ctx.kind;
  const sends = sender(ctx)?.sends;
  if (sends) return sends;
  if (undoneBy(ctx)) return "undo";
  const named = ctx.sourceElement?.dataset?.failure;
  if (named) return named;
  if (ctx.request.method !== "GET") return "change";
  const restored = ctx.request.headers["HX-History-Restore-Request"];
  return ctx.sourceElement === document.body && !restored ? "next" : "open";
}

/* A batch that was pressed without a connection has certainly not been sent */
const wordsOf = (ctx) => (ctx.isUnsent && kindOf(ctx) === "batch" ? "batch-unsent" : kindOf(ctx));

/* own: whether the response came from this app and not from a proxy */
function reasonOf(status, own) {
  if (status === 413) return "too-large";
  if (status === 429) return "rate-limited";
  if (!own) return "proxy";
  if (status >= 500) return "server";
  return status === 404 ? "missing" : "refused";
}

function clear() {
  document.getElementById("request-status")?.replaceChildren();
  shown = null;
}

/* Its success removes the notice; but a request that began before the notice says nothing about it */
const mayClear = (ctx) => !shown || shown === ctx || shown === shownBefore.get(ctx);
const isPreview = (ctx) => Boolean(ctx?.previewed) && !ctx.isOpened;
/* The notice of a preview may only replace that of another preview */
const mayShow = (ctx) => !isPreview(ctx) || !shown || isPreview(shown);

/* True if the form that was sent has typed text */
const hasText = (form) => [...(form?.querySelectorAll(TEXT) ?? [])].some((field) => field.value.trim());

function show(ctx, reason, words) {
  const place = document.getElementById("request-status");
  const template = document.getElementById("request-failure");
  if (!place || !template) return;
  const notice = template.content.cloneNode(true);
  const kind = NOTHING_SENT.includes(words) ? words : kindOf(ctx);
  /* After a failed check the result is still unknown */
  const sentences = [words, ...(words === "check" && unconfirmed ? [unconfirmed.sends] : [])];
  for (const element of notice.querySelectorAll("[data-reason]")) if (element.dataset.reason !== reason) element.remove();
  for (const element of notice.querySelectorAll("p[data-kind]")) if (!sentences.includes(element.dataset.kind)) element.remove();
  for (const element of notice.querySelectorAll(".btn[data-kind]")) if (!element.dataset.kind.split(" ").includes(kind)) element.remove();
  if (!hasText(document.getElementById(unconfirmed?.form))) notice.querySelector("[data-text]")?.remove();
  notice.querySelector("[data-act]").closest(".notice").dataset.failed = kind;
  const focused = place.contains(document.activeElement);
  place.replaceChildren(notice);
  if (focused) place.querySelector("button").focus();
  /* An earlier success message would contradict this notice */
  document.getElementById("toasts")?.replaceChildren();
  shown = ctx;
}

function fail(ctx, reason) {
  if (["offline", "network", "timeout", "proxy", "server"].includes(reason)) signal("inbox:unreachable");
  if (!isPerson(ctx) || !mayShow(ctx)) return;
  const sent = sender(ctx);
  if (sent) unconfirmed = sent;
  ctx.isUnsent = ctx.beganOffline && reason === "offline";
  /* The notice says what is true now */
  ctx.request.form?.querySelector("[data-before-sending]")?.remove();
  show(ctx, reason, wordsOf(ctx));
}

/* ---- What to do next */

/* They open another question */
const isDecision = (sends) => ["respond", "review"].includes(sends);

/* An answer whose form has left the page: another question is open */
const isLeft = ({ sends, form, check }) => isDecision(sends) && document.getElementById(form)?.dataset.check !== check;

/* The list has been filtered since */
const isOfOtherList = ({ listBefore }) => listBefore !== undefined && listBefore !== document.getElementById("inbox-list")?.dataset.again;

/* Its draft has what was typed */
function openAgain({ page }) {
  htmx.ajax("GET", page, { source: document.body, target: "#detail", swap: "outerHTML", push: page, headers: { "HX-Target": "*#detail" }, kind: "check" });
}

function check(about) {
  if (isLeft(about)) return openAgain(about);
  if (shown?.status === "issuing") htmx.trigger(shown.sourceElement, "htmx:abort");
  unconfirmed = about;
  const source = document.getElementById("request-check");
  source.setAttribute("form", about.form);
  htmx.ajax("POST", about.check, {
    source,
    target: `#${about.target}`,
    swap: "outerMorph",
    headers: { "HX-Target": `*#${about.target}` },
    values: { ...about.extra, sent: about.sends },
    byPerson: true,
    kind: "check",
  });
}

function dismiss() {
  clear();
  document.getElementById("main")?.focus({ preventScroll: true });
}

function repeat(ctx) {
  if (ctx.status === "issuing") htmx.trigger(ctx.sourceElement, "htmx:abort");
  const { "HX-History-Restore-Request": restored, "HX-Target": target, "HX-Source": source } = ctx.request.headers;
  if (restored || !ctx.target?.id) return location.reload();
  /* The link of a row pushes its address because it is boosted */
  const push = undoneBy(ctx) ?? ctx.push ?? (ctx.sourceElement?.matches?.(".row") ? "true" : null);
  htmx.ajax("GET", undoneBy(ctx) ?? ctx.request.action, {
    source: document.body,
    target: `#${ctx.target.id}`,
    swap: ctx.swap,
    push,
    replace: ctx.replace,
    headers: { "HX-Target": target, "HX-Source": source },
    kind: kindOf(ctx),
  });
}

document.addEventListener("click", (event) => {
  const act = event.target instanceof Element && event.target.closest("#request-status [data-act]")?.dataset.act;
  if (!act) return;
  if (act === "check") check(unconfirmed ?? sender(shown));
  else if (act === "repeat") repeat(shown);
  else if (act === "reload") location.reload();
  else dismiss();
});

/* "Send again" sends what was sent before. An answer that has changed since, or another one, is sent by the form's own buttons,
   which ask first */
function clearAgain({ target }) {
  const again = document.querySelector("#request-status button:is([data-sends=respond], [data-sends=review])");
  const button = target.closest?.("button[name=value]") ?? target;
  if (again && button !== again && button.form === again.form) clear();
}
document.addEventListener("input", clearAgain);
/* Before static/js/confirm.js, which lets no one else see a press that it asks about */
addEventListener("click", (event) => event.target.closest?.("button[name=value]") && clearAgain(event), true);

/* Back online: check the question automatically. A row that was clicked is no longer what the person is doing; other failures
   keep their buttons */
addEventListener("online", () => {
  if (!document.querySelector("#request-status [data-reason=offline]")) return;
  const kind = kindOf(shown);
  if (unconfirmed && !isLeft(unconfirmed)) check(unconfirmed);
  else if (kind === "open") clear();
  else show(shown, "network", wordsOf(shown));
});

/* Before signing out (static/js/unsent.js) */
document.addEventListener("inbox:unsaved", ({ detail: { question } }) => {
  show({ kind: "unsaved" }, "unsaved", "unsaved");
  document.querySelector("#request-status [data-question]").href = question;
});

/* ---- htmx events */

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (isStream(ctx)) return;
  shownBefore.set(ctx, shown);
  if (!isPerson(ctx)) return;
  ctx.beganOffline = !navigator.onLine;
  const sent = sender(ctx);
  if (sent && unconfirmed?.check === sent.check && unconfirmed.sends === sent.sends) {
    event.preventDefault();
    check(sent);
    return;
  }
  timers.set(ctx, setTimeout(() => mayShow(ctx) && show(ctx, "waiting", "waiting"), LATE_MS));
});

document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (isStream(ctx) || ctx.response.headers.has(MARKER)) return;
  event.preventDefault();
  ctx.response.raw.body?.cancel();
  fail(ctx, reasonOf(ctx.response.status, false));
});

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (isStream(ctx)) return;
  const { status } = ctx.response;
  const reswapped = ctx.hx.retarget || ctx.hx.redirect || ctx.hx.location || ctx.hx.refresh;
  if (status >= 400 && !reswapped && (isPage(ctx.text) || !ctx.response.headers.get("Content-Type")?.startsWith("text/html"))) {
    event.preventDefault();
    if (status === 401) return isPerson(ctx) && signal("inbox:signed-out");
    /* Refused before it was read, so there is nothing to check */
    if (status === 413) return isPerson(ctx) && show(ctx, "too-large", "unsent");
    if (ctx.response.headers.has(UNSENT)) return isPerson(ctx) && show(ctx, reasonOf(status, true), "unsaved-answer");
    return fail(ctx, reasonOf(status, true));
  }
  signal("inbox:reached");
  /* The refusal would be shown with the question, but another one is open */
  const sent = status >= 400 && !reswapped && sender(ctx);
  if (sent && isLeft(sent)) {
    unconfirmed = sent;
    return show(ctx, reasonOf(status, true), sent.sends);
  }
  if (sent && isOfOtherList(ctx)) return show(ctx, reasonOf(status, true), sent.sends);
  if (isPreview(ctx)) return isPreview(shown) && clear();
  if (!isPerson(ctx) || !mayClear(ctx)) return;
  if (unconfirmed && ctx.kind !== "check" && ctx.target?.id !== unconfirmed.target) return;
  unconfirmed = null;
  clear();
});

/* The page was reloaded and shows how the question ended. One that shows another question says nothing about it */
document.addEventListener("htmx:after:swap", () => {
  if (isDecision(unconfirmed?.sends) && document.getElementById("detail")?.getAttribute("hx-get") !== unconfirmed.page) return;
  if (!unconfirmed || document.querySelector(`[data-sends="${unconfirmed.sends}"][data-check="${unconfirmed.check}"]`)) return;
  unconfirmed = null;
  clear();
});

/* The bar was read after the failure: the answer still waits, and can still be undone */
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "held-answers" || !shown || kindOf(shown) !== "undo" || !mayClear(ctx)) return;
  if (document.querySelector(`#held-answers [data-undoes="${undoneBy(shown)}"]`)) clear();
});

document.addEventListener("htmx:error", (event) => {
  const { ctx, error } = event.detail;
  if (!ctx?.request || isStream(ctx) || ctx.text !== undefined) return;
  const timedOut = error?.name === "AbortError" || ctx.request.signal?.reason === "timeout";
  fail(ctx, timedOut ? "timeout" : navigator.onLine ? "network" : "offline");
});

document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  clearTimeout(timers.get(ctx));
  if (shown === ctx && document.querySelector("#request-status [data-reason=waiting]")) clear();
});

/* Where the server can't be reached, the service worker shows a page of the app (templates/offline/) */
addEventListener("load", () => navigator.serviceWorker?.register(document.querySelector("meta[name=service-worker]").content));

/* ---- Shows the dialog #signed-out when the session has ended, on the event inbox:signed-out. It closes by itself once the same
   person has signed in elsewhere in this browser (inbox:signed-in): the page reloads its parts, which renews the form tokens.
   If someone else has signed in, the whole page is reloaded. */

const signedOut = () => document.getElementById("signed-out");
const session = new BroadcastChannel("session");
let checking = false;

document.addEventListener("inbox:signed-out", () => {
  if (!signedOut() || signedOut().open) return;
  const link = signedOut().querySelector("[data-sign-in]");
  const url = new URL(link.href);
  url.searchParams.set("next", location.pathname + location.search);
  link.href = url;
  signedOut().showModal();
});

/* The id of the account that is signed in now; undefined if no one is, or the app can't be reached */
async function viewer() {
  try {
    const response = await fetch(signedOut().dataset.check, { redirect: "manual" });
    if (!response.ok || !response.headers.has("Reviewer-Inbox")) return undefined;
    return new DOMParser().parseFromString(await response.text(), "text/html").body.dataset.viewer;
  } catch {
    return undefined;
  }
}

async function checkSession() {
  if (!signedOut()?.open || document.hidden || checking) return;
  checking = true;
  const now = await viewer();
  checking = false;
  if (now === undefined) return;
  if (now !== document.body.dataset.viewer) return location.reload();
  signedOut().close();
  document.dispatchEvent(new CustomEvent("inbox:signed-in"));
  document.body.dispatchEvent(new CustomEvent("resync"));
}

session.addEventListener("message", checkSession);
document.addEventListener("visibilitychange", checkSession);
addEventListener("focus", checkSession);
if (document.body.dataset.viewer) session.postMessage("signed in");
