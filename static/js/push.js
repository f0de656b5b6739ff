/* Allows web push in this browser when the button is pressed, and sends the server what the push service gave. */

const form = document.getElementById("push");

function state() {
  const able = window.isSecureContext && "PushManager" in window && "serviceWorker" in navigator;
  if (!able) return "unsupported";
  return Notification.permission === "denied" ? "denied" : "default";
}

function show(...states) {
  for (const part of form.querySelectorAll("[data-state]")) part.hidden = !states.includes(part.dataset.state);
}

async function subscribe() {
  const { pushManager } = await navigator.serviceWorker.ready;
  /* One that was given an earlier key can't be used */
  await (await pushManager.getSubscription())?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.key });
}

form?.querySelector("button").addEventListener("click", async () => {
  await Notification.requestPermission();
  if (Notification.permission !== "granted") return show(state());
  try {
    const { endpoint, keys } = (await subscribe()).toJSON();
    for (const [name, value] of Object.entries({ endpoint, ...keys })) form.elements.namedItem(name).value = value;
    form.submit();
  } catch {
    /* It is offline, or the browser has no push service */
    show("default", "failed");
  }
});
if (form) show(state());
