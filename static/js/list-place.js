/* On a small screen the question covers the list. Back in the list, by the page's arrow or the browser's, it is scrolled as it
   was left, and the focus is on the row of the question that was open. */

const list = () => document.getElementById("inbox-list");
const scroller = () => list().querySelector(".list-scroll");
const isRestored = (ctx) => Boolean(ctx.request?.headers["HX-History-Restore-Request"]);
const isDetail = ({ detail: { ctx } }) => (ctx?.target?.id === "detail" || (ctx && isRestored(ctx))) && list();
let left = { inner: 0, page: 0 };
let covered = "";

document.addEventListener("htmx:before:swap", (event) => {
  if (!isDetail(event)) return;
  covered = list().checkVisibility() ? "" : document.getElementById("detail").dataset.interactionId;
  if (!covered) left = { inner: scroller().scrollTop, page: scrollY };
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isDetail(event) || !covered || !list().checkVisibility()) return;
  scroller().scrollTop = left.inner;
  scrollTo(0, left.page);
  document.getElementById(`row-${covered}`)?.focus({ preventScroll: true });
});
