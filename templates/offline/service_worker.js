/* Answers a navigation that failed, which is a page that could not be fetched, with one page of its own. It answers nothing
   else, caches nothing, and knows no user. It shows push messages where the browser doesn't do so itself, and opens what they
   are about. */

const PAGE = "{{ page|escapejs }}";
const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(registration.navigationPreload?.enable()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode !== "navigate" || request.method !== "GET") return;
  const fetched = Promise.resolve(event.preloadResponse).then((response) => response ?? fetch(request));
  event.respondWith(fetched.catch(() => new Response(PAGE, { status: 503, headers: HEADERS })));
});

async function notify({ title, navigate, data, actions = [], ...options }) {
  const [earlier] = await registration.getNotifications({ tag: options.tag });
  /* A repeat replaces the same message silently */
  const renotify = earlier?.data?.id !== data.id;
  const links = Object.fromEntries(actions.map(({ action, navigate: to }) => [action, to]));
  await registration.showNotification(title, { ...options, actions, renotify, data: { ...data, navigate, links } });
}

async function open(url) {
  const windows = await clients.matchAll({ type: "window" });
  const one = windows.find((each) => each.url === url);
  await (one ? one.focus() : clients.openWindow(url));
}

addEventListener("push", (event) => event.waitUntil(notify(event.data.json().notification)));
addEventListener("notificationclick", (event) => {
  const { data } = event.notification;
  event.notification.close();
  const url = new URL(data?.links?.[event.action] ?? data?.navigate ?? "/", location.origin);
  if (url.origin === location.origin) event.waitUntil(open(url.href));
});
