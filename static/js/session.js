/* The session has ended: the dialog #signed-out says so, on the event inbox:signed-out. It closes by itself once the same
   person has signed in elsewhere in this browser (inbox:signed-in): the page reads itself again, which renews its form tokens.
   If somebody else has signed in, the page is loaded anew. */

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

/* Who is signed in now: the id of the account, undefined where nobody is or the app cannot be reached */
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
