/* Asks once more before what cannot be taken back.
   A submit button with data-ask="Approve “Refund €4,180”?" and data-yes="Yes, approve" first shows that question in its form,
   with data-why below it where there is one; the answer to it is a button with the same name and value. The rest of the form
   stays where it is, so that a second press in the same place confirms nothing; static/js/guard.js says how soon one may.
   Without this script the button simply sends. */

import { fill, WORDS } from "./words.js";

const drawing = (name) => {
  const icon = document.querySelector("svg.i use")?.getAttribute("href")?.split("#")[0];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${icon}#${name}`);
  svg.append(use);
  return svg;
};

const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/* Characters of a comment that are quoted */
const QUOTED = 1000;

const cap = (key) => make("kbd", { "aria-hidden": "true" }, key);

function leave(form) {
  form.querySelector("[data-step]")?.remove();
  form.removeAttribute("data-asking");
  form.removeAttribute("hx-morph-skip");
}

const asked = (form) => {
  const step = form.querySelector("[data-step]");
  return step && form.querySelector(`[data-ask][name="${step.dataset.name}"][value="${CSS.escape(step.dataset.value)}"]`);
};

function goBack(form) {
  const button = asked(form);
  leave(form);
  button?.focus();
}

function quote(form) {
  const place = form.querySelector("[data-step] .quoted");
  if (!place) return;
  const comment = form.elements.namedItem("comment")?.value?.trim();
  place.hidden = !comment;
  const quoted = comment?.length > QUOTED ? `${comment.slice(0, QUOTED)}…` : comment;
  place.textContent = quoted ? fill(WORDS.withComment, { comment: quoted }) : "";
}

/* Into view, with the button that confirms where no button of the form was */
function reveal(step, yes, before) {
  const covers = (rect) => {
    const now = yes.getBoundingClientRect();
    return now.left < rect.right && now.right > rect.left && now.top < rect.bottom && now.bottom > rect.top;
  };
  for (const block of ["nearest", "center", "start"]) {
    step.scrollIntoView({ block });
    if (!before.some(covers)) return;
  }
}

function ask(form, button) {
  const before = [...form.querySelectorAll("button[data-ask]")].map((each) => each.getBoundingClientRect());
  leave(form);
  const title = make("h2", { id: "step-title" }, button.dataset.ask);
  const words = [make("p", { class: "anywhere quoted" })];
  if (button.dataset.why) words.unshift(make("p", {}, button.dataset.why));
  const yes = make("button", { class: "btn btn--l btn--primary", type: "submit", name: button.name, value: button.value, "data-key": button.dataset.key ?? "", "data-send": "" }, button.dataset.yes, " ");
  if (button.dataset.key) yes.append(cap(button.dataset.key.toUpperCase()));
  const no = make("button", { class: "btn btn--l", type: "button", "data-go-back": "", "data-key": "Escape" }, WORDS.goBack, " ", cap("Esc"));
  const step = make(
    "div",
    { class: "step", "data-step": "", "data-name": button.name, "data-value": button.value, role: "group", "aria-labelledby": "step-title" },
    make("div", { class: "notice notice--info" }, drawing(button.dataset.why ? "alert" : button.value === "false" ? "x" : "check"), make("div", {}, title, ...words)),
    make("div", { class: "btns btns--even" }, yes, no),
  );
  form.setAttribute("data-asking", "");
  /* A page part that reads itself again meanwhile leaves the step alone */
  form.setAttribute("hx-morph-skip", "");
  (button.closest(".btns--even") ?? form.lastElementChild).after(step);
  quote(form);
  form.dispatchEvent(new CustomEvent("answer:asking", { bubbles: true }));
  yes.focus({ preventScroll: true });
  reveal(step, yes, before);
}

document.addEventListener(
  "click",
  (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("button[data-ask]");
    if (button?.form) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (button !== asked(button.form)) ask(button.form, button);
      return;
    }
    const back = event.target.closest("[data-go-back]");
    if (back) goBack(back.closest("form"));
  },
  true,
);

/* Enter that is held on the first button would press the second one */
document.addEventListener(
  "keydown",
  (event) => {
    if (event.repeat && event.key === "Enter" && event.target instanceof Element && event.target.closest("[data-step]")) event.preventDefault();
  },
  true,
);

/* Enter in a field would press the first submit button, which a person did not mean */
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const asks = form.querySelector("button[data-ask]");
    if (!asks) return;
    const step = form.querySelector("[data-step]");
    if (step?.contains(event.submitter) || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("input", (event) => event.target.form && quote(event.target.form));

/* The question has closed: there is nothing left to confirm */
document.addEventListener("answer:closed", (event) => leave(event.target));

/* What came of the answer brings its own form, with the question as it is now: the old one must not stay in its place */
document.addEventListener("htmx:before:swap", (event) => {
  const form = event.detail?.ctx?.request?.form;
  if (form?.hasAttribute("data-asking")) leave(form);
});
