/* The link to a longer form on a phone, shown until the form is in sight. A form of several questions opens at the first one that
   is not answered; what the workflow has filled in is no answer yet. */

import { isUnanswered } from "./fields.js";

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
let openId = document.getElementById("detail")?.dataset.interactionId;

function toUnanswered() {
  const detail = document.getElementById("detail");
  if (detail?.dataset.interactionId === openId) return;
  openId = detail?.dataset.interactionId;
  const questions = [...(detail?.querySelectorAll("#answer [data-question]") ?? [])];
  if (questions.length < 2 || !detail.querySelector(".answerjump")?.checkVisibility()) return;
  const next = questions.find((field) => isUnanswered(field) || field.querySelector("[data-filled-in]:not([data-changed])"));
  next?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:after:swap", watch);
document.addEventListener("htmx:after:swap", toUnanswered);
watch();
