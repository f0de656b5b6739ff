/* The link to a longer form on a phone, shown until the form is in sight. */

const observer = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    const link = document.querySelector(`.answerjump[href="#${target.id}"]`);
    if (link) link.hidden = isIntersecting;
  }
});

function watch() {
  const link = document.querySelector(".answerjump");
  const card = link && document.querySelector(link.hash);
  if (!card) return;
  /* A swap shows the link again, so observe the form again to hide it */
  observer.unobserve(card);
  observer.observe(card);
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest(".answerjump");
  const card = link && document.querySelector(link.hash);
  if (!card) return;
  event.preventDefault();
  card.scrollIntoView();
  card.querySelector("textarea, input:not([type=hidden])")?.focus({ preventScroll: true });
});
document.addEventListener("htmx:after:swap", watch);
watch();
