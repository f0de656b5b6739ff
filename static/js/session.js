/* Shows the dialog #signed-out when the session has ended, on the event inbox:signed-out. It closes by itself once the same
   person has signed in elsewhere in this browser (inbox:signed-in): the page reloads its parts, which renews the form tokens.
   If someone else has signed in, the whole page is reloaded. */

const dialog = () => document.getElementById("signed-out");
const other = new BroadcastChannel("session");
let checking = false;

document.addEventListener("inbox:signed-out", () => {
  if (!dialog() || dialog().open) return;
  const link = dialog().querySelector("[data-sign-in]");
  const url = new URL(link.href);
  url.searchParams.set("next", location.pathname + location.search);
  link.href = url;
  dialog().showModal();
});

/* The id of the account that is signed in now; undefined if no one is, or the app can't be reached */
async function viewer() {
  try {
    const response = await fetch(dialog().dataset.check, { redirect: "manual" });
    if (!response.ok || !response.headers.has("Reviewer-Inbox")) return undefined;
    return new DOMParser().parseFromString(await response.text(), "text/html").body.dataset.viewer;
  } catch {
    return undefined;
  }
}

async function look() {
  if (!dialog()?.open || document.hidden || checking) return;
  checking = true;
  const now = await viewer();
  checking = false;
  if (now === undefined) return;
  if (now !== document.body.dataset.viewer) return location.reload();
  dialog().close();
  document.dispatchEvent(new CustomEvent("inbox:signed-in"));
  document.body.dispatchEvent(new CustomEvent("resync"));
}

other.addEventListener("message", look);
document.addEventListener("visibilitychange", look);
addEventListener("focus", look);
if (document.body.dataset.viewer) other.postMessage("signed in");
