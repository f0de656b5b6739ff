/* Says on Notifications whether this browser may show notifications, and asks for permission when the button is pressed. Some
   browsers have permissions and show none from a page: whether this one does is found out by showing one. */

const UNABLE = "notifications-unsupported";
const place = document.getElementById("notify-state");

function state() {
  if (!("Notification" in window) || localStorage.getItem(UNABLE)) return "unsupported";
  return window.isSecureContext ? Notification.permission : "insecure";
}

function show() {
  const now = state();
  for (const part of place.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== now;
}

document.getElementById("notify-allow").addEventListener("click", async () => {
  if ((await Notification.requestPermission()) === "granted") {
    try {
      new Notification(place.dataset.title, { body: place.dataset.body, lang: document.documentElement.lang });
    } catch {
      localStorage.setItem(UNABLE, "yes");
    }
  }
  show();
  /* The button that had the focus is gone */
  if (state() !== "default") document.querySelector("[name=notify_new]").focus();
});
/* This page shows notifications, too */
place.closest("form").addEventListener("change", ({ currentTarget: form }) => document.body.toggleAttribute("data-notify", form.querySelector(":checked") !== null));
show();
