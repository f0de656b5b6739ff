/* Answers a navigation that failed, which is a page that could not be fetched, with one page of its own. It answers nothing
   else, caches nothing, and knows no user. */

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
