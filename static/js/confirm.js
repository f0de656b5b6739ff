/* Asks for confirmation before an answer is sent. A submit button with data-ask="Approve “Refund €4,180”?" and
   data-yes="Yes, approve" first shows that question in its form, with data-why below it if present, the answer that was chosen
   or typed, and the comment; the button that confirms has the same name and value. The rest of the form stays in place, so that
   a second press in the same place confirms nothing; static/js/guard.js decides how soon a press counts. In a form with
   data-guard="undo" the button submits, because the answer can be undone, except on a touch screen. So does a form without its
   answer, which the server refuses and complains about. Without this script the button submits directly. */

import { chosenLabels, clearErrors, showError } from "./fields.js";
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

/* The most characters of an answer or a comment that are quoted */
const QUOTED = 1000;

const touches = matchMedia("(pointer: coarse)");
const asksFirst = (form, event) => form.dataset.guard !== "undo" || touches.matches || event.pointerType === "touch";

const cap = (key) => make("kbd", { "aria-hidden": "true" }, key);

function leave(form) {
  form.querySelector("[data-step]")?.remove();
  form.removeAttribute("data-asking");
  form.removeAttribute("hx-morph-skip");
}

/* The field that a button needs, if it's still blank */
const lacks = (button) => {
  const field = button.dataset.needs && button.form.elements.namedItem(button.dataset.needs);
  return field && !field.value.trim() ? field : null;
};

const asked = (form) => {
  const step = form.querySelector("[data-step]");
  return step && [...form.querySelectorAll("[data-ask]")].find((button) => button.name === step.dataset.name && button.value === step.dataset.value);
};

function goBack(form) {
  const button = asked(form);
  leave(form);
  button?.focus();
  form.dispatchEvent(new CustomEvent("answer:back"));
}

/* What a button with data-send sends: the text, or the labels of the chosen options. data-none-chosen: choosing none is an answer too */
function answerOf(button) {
  if (!button.matches("[data-send]")) return "";
  return chosenLabels(button.form).join(", ") || button.form.querySelector("#answer-value")?.value.trim() || button.dataset.noneChosen || "";
}

const lacksAnswer = (button) => button.matches("[data-send]") && !answerOf(button);

function put(place, words, name, text) {
  const quoted = text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
  place.hidden = !text;
  place.textContent = text && fill(words, { [name]: quoted });
}

function quote(form) {
  const [answer, comment] = form.querySelectorAll("[data-step] .quoted");
  if (!answer) return;
  put(answer, WORDS.yourAnswer, "answer", answerOf(asked(form)));
  const text = form.elements.namedItem("comment")?.value.trim() ?? "";
  /* A comment that begins with a quotation mark gets no second one */
  put(comment, /^["'\u2018-\u201f«»‹›]/.test(text) ? WORDS.withQuotedComment : WORDS.withComment, "comment", text);
}

/* Scroll into view, up to the button that confirms if none of the form was visible */
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
  /* Ctrl+Enter and Esc are for this step, so another one doesn't stay open */
  document.querySelectorAll("form[data-asking]").forEach(leave);
  const title = make("h2", { id: "step-title" }, button.dataset.ask);
  const words = [make("p", { class: "anywhere quoted" }), make("p", { class: "anywhere quoted" })];
  if (button.dataset.why) words.unshift(make("p", {}, button.dataset.why));
  const kind = button.matches(".btn--reject") ? "btn--reject" : "btn--primary";
  const yes = make("button", { class: `btn ${kind}`, type: "submit", name: button.name, value: button.value, "data-send": "" }, button.dataset.yes);
  if (button.dataset.key) {
    yes.dataset.key = button.dataset.key;
    yes.append(" ", cap(button.dataset.key.toUpperCase()));
  }
  const no = make("button", { class: "btn btn--quiet", type: "button", "data-go-back": "", "data-key": "Escape" }, WORDS.goBack, " ", cap("Esc"));
  const body = make("div", {}, title, ...words, make("div", { class: "btns" }, yes, no));
  /* What static/js/guard.js says while the step is open, where it moves none of its buttons; a token's form says nothing */
  const hint = form.querySelector("[data-hint]");
  const step = make(
    "div",
    { class: "step", "data-step": "", "data-name": button.name, "data-value": button.value, role: "group", "aria-labelledby": "step-title" },
    make("div", { class: "notice notice--info" }, drawing(button.dataset.why ? "alert" : button.value === "false" ? "x" : "check"), body),
    ...(hint ? [hint.cloneNode()] : []),
  );
  form.setAttribute("data-asking", "");
  /* A page part that reloads itself leaves the step alone */
  form.setAttribute("hx-morph-skip", "");
  (button.closest(".btns--even") ?? form.lastElementChild).after(step);
  quote(form);
  for (const part of [title, ...words]) if (part.scrollHeight > part.clientHeight) part.tabIndex = 0;
  form.dispatchEvent(new CustomEvent("answer:asking", { bubbles: true }));
  yes.focus({ preventScroll: true });
  reveal(step, yes, before);
}

document.addEventListener(
  "click",
  (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("button[data-ask]");
    if (button?.form?.id === "answer") clearErrors(button.form);
    const field = button?.form && lacks(button);
    if (field) {
      event.preventDefault();
      event.stopImmediatePropagation();
      showError(field);
      return;
    }
    if (button?.form && asksFirst(button.form, event) && !lacksAnswer(button)) {
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

/* An Enter key held on the first button would press the second one */
document.addEventListener(
  "keydown",
  (event) => {
    if (event.repeat && event.key === "Enter" && event.target instanceof Element && event.target.closest("[data-step]")) event.preventDefault();
  },
  true,
);

/* Enter in a field would press the first submit button, which no one meant to do */
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const asks = form.querySelector("button[data-ask]");
    if (!asks) return;
    const step = form.querySelector("[data-step]");
    if (event.submitter?.hasAttribute("data-ask") && ((form.dataset.guard === "undo" && !step) || lacksAnswer(event.submitter))) return;
    if (step?.contains(event.submitter) || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("input", (event) => event.target.form && quote(event.target.form));

/* The question has closed: there is nothing left to confirm */
document.addEventListener("answer:closed", (event) => leave(event.target));

/* The response has its own form with the current question, so the old one must not stay */
document.addEventListener("htmx:before:swap", (event) => {
  const form = event.detail?.ctx?.request?.form;
  if (form?.hasAttribute("data-asking")) leave(form);
});
