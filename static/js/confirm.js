/* Asks once more before what cannot be taken back.
   A submit button with data-ask="Approve the refund?" and data-yes="Yes, approve" first shows that question in its form,
   with data-why below it where there is one;
   the answer to it is a button with the same name and value. Without this script the button simply sends. */

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

const cap = (key) => make("kbd", {}, key);

function leave(form) {
  form.querySelector("[data-step]")?.remove();
  form.removeAttribute("data-asking");
  form.removeAttribute("hx-morph-skip");
  for (const hidden of form.querySelectorAll("[data-hidden-by-step]")) {
    hidden.hidden = false;
    hidden.removeAttribute("data-hidden-by-step");
  }
}

function goBack(form) {
  const step = form.querySelector("[data-step]");
  if (!step) return;
  const asked = form.querySelector(`[data-ask][name="${step.dataset.name}"][value="${CSS.escape(step.dataset.value)}"]`);
  leave(form);
  asked?.focus();
}

function ask(form, button) {
  const comment = form.elements.namedItem("comment")?.value?.trim();
  const title = make("h3", { id: "step-title" }, button.dataset.ask);
  const words = button.dataset.why ? [make("p", {}, button.dataset.why)] : [];
  if (comment) words.push(make("p", { class: "anywhere quoted" }, `With your comment: “${comment}”`));
  const yes = make("button", { class: "btn btn--l btn--primary", type: "submit", name: button.name, value: button.value, "data-key": button.dataset.key ?? "", "data-send": "" }, button.dataset.yes ?? "Yes", " ");
  if (button.dataset.key) yes.append(cap(button.dataset.key.toUpperCase()));
  const no = make("button", { class: "btn btn--l", type: "button", "data-go-back": "", "data-key": "Escape" }, "Go back ", cap("Esc"));
  const step = make(
    "div",
    { "data-step": "", "data-name": button.name, "data-value": button.value, role: "group", "aria-labelledby": "step-title" },
    make("div", { class: "notice notice--info" }, drawing(button.dataset.why ? "alert" : button.value === "false" ? "x" : "check"), make("div", {}, make("div", {}, title, ...words))),
    make("div", { class: "btns btns--even" }, yes, no),
  );
  for (const child of form.children) {
    if (child.matches("h1, h2, h3, input[type=hidden]") || child.hidden) continue;
    child.hidden = true;
    child.setAttribute("data-hidden-by-step", "");
  }
  form.setAttribute("data-asking", "");
  /* A page part that reads itself again meanwhile leaves the step alone */
  form.setAttribute("hx-morph-skip", "");
  form.append(step);
  yes.focus();
}

document.addEventListener(
  "click",
  (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("button[data-ask]");
    if (button?.form) {
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(button.form, button);
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

/* What came of the answer brings its own form, with the question as it is now: the old one must not stay in its place */
document.addEventListener("htmx:before:swap", (event) => {
  const form = event.detail?.ctx?.sourceElement;
  if (form instanceof HTMLFormElement && form.hasAttribute("data-asking")) leave(form);
});
