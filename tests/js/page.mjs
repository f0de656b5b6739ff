/* An inbox of approvals as static/js/keys.js and guard.js show it to keys: what each key finds there, without a browser. */

import { FRESH_MS, afterKey, answered, armedKey, atRest, beforeKey, forgotten, isPrintable } from "../../static/js/answer-rules.js";

const QUESTIONS = 30;
/* The shortest time to undo that a person can choose */
const UNDO_MS = 5000;

const keyOf = (character) => (character === "\n" ? "Enter" : character);

export class Inbox {
  constructor(guard) {
    this.guard = guard;
    this.open = 0;
    this.shownAt = -Infinity;
    this.held = [];
    this.sent = [];
    this.undone = [];
    this.state = atRest();
    /* "list", "field", "dialog", "menu" or "step" */
    this.focus = "list";
    this.goesTo = false;
  }

  press(key, at, modifiers = {}) {
    const event = { key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, isComposing: false, ...modifiers };
    this.#sendDue(at);
    if (this.focus === "field") return;
    if (this.focus === "step") return this.#pressArmed(event);
    const undoes = this.guard === "undo";
    if (undoes && this.#apply(beforeKey(this.state, event, at))) return;
    if (!this.#act(event, at) && undoes) this.#apply(afterKey(this.state, event, at));
  }

  type(text, gap, at = 10_000) {
    for (const character of text) this.press(keyOf(character), (at += gap));
    this.#sendDue(at + 60_000);
  }

  #sendDue(at) {
    this.sent.push(...this.held.filter((answer) => at - answer.at >= UNDO_MS).map(({ id }) => id));
    this.held = this.held.filter((answer) => at - answer.at < UNDO_MS);
  }

  #apply({ state, drop, undo }) {
    this.state = state;
    if (undo.length) this.open = Math.min(...undo);
    this.undone.push(...this.held.filter(({ id }) => undo.includes(id)).map(({ id }) => id));
    this.held = this.held.filter(({ id }) => !undo.includes(id));
    if (drop && this.focus !== "field") this.focus = "list";
    return drop;
  }

  #pressArmed(event) {
    const act = armedKey(event, "step");
    if (act === "send") this.#answer(0);
    if (act === "send" || act === "disarm") this.focus = "list";
  }

  /* Whether the key does anything here */
  #act(event, at) {
    const key = event.key.toLowerCase();
    if (this.focus === "dialog") return key === "?";
    if (this.focus === "menu") {
      if (isPrintable(event) && key !== " ") this.focus = "list";
      return !isPrintable(event);
    }
    if (this.goesTo) {
      this.goesTo = false;
      return /[idnrg]/.test(key);
    }
    if (key === "g") return (this.goesTo = true);
    if (key === "a" || key === "r") return this.#decide(at);
    if (key === "z") return this.#undoNewest();
    if (key === "m" || key === "/" || key === "enter") this.focus = "field";
    else if (key === "h" || key === "?") this.focus = "dialog";
    else if (key === "t") this.focus = "menu";
    return /^([jkxnfum/h?t]|enter)$/.test(key);
  }

  #undoNewest() {
    const { id } = this.held.pop() ?? {};
    this.state = forgotten(this.state, id);
    return id !== undefined;
  }

  #decide(at) {
    if (this.open >= QUESTIONS) return false;
    if (at - this.shownAt < FRESH_MS) return true;
    if (this.guard === "ask") this.focus = "step";
    else this.#answer(at);
    return true;
  }

  #answer(at) {
    if (this.guard === "ask") this.sent.push(this.open);
    else {
      this.held.push({ id: this.open, at });
      this.state = answered(this.state, this.open, at);
    }
    this.open += 1;
    this.shownAt = at;
  }
}
