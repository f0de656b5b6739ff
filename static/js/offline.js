/* Registers the service worker, which shows a page of the app where the server can't be reached (templates/offline/). */

addEventListener("load", () => navigator.serviceWorker?.register(document.querySelector("meta[name=service-worker]").content));
