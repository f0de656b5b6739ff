/* After Back or Forward, htmx fetches the page again and replaces all of it. By then, someone may be typing into it. */

const here = () => location.pathname + location.search;
export const isRestored = (ctx) => Boolean(ctx?.request?.headers["HX-History-Restore-Request"]);
/* The address of what the page shows: that of the browser changes before the response is there */
let shown = here();

document.addEventListener("htmx:after:history:push", () => (shown = here()));
document.addEventListener("htmx:after:history:replace", () => (shown = here()));
/* Back, and then Forward before the page has changed */
document.addEventListener("htmx:before:history:restore", (event) => {
  if (event.detail.path === shown) event.preventDefault();
});
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!isRestored(ctx)) return;
  /* The person has opened something else since */
  if (ctx.request.action !== here()) return event.preventDefault();
  shown = here();
});
