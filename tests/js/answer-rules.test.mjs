import assert from "node:assert/strict";
import { test } from "node:test";

import { armedKey } from "../../static/js/answer-rules.js";
import { Inbox } from "./page.mjs";
import { SENTENCES } from "./sentences.mjs";

const GAPS = [60, 120, 200, 230, 300, 400, 500, 600, 690, 710, 800, 900];
/* Slower than 700 ms a letter, words of shortcut letters alone can't be told from shortcuts */
const LIKE_SHORTCUTS = ["na ja\nalso gut"];

const typedInto = (guard, text, gap) => {
  const inbox = new Inbox(guard);
  inbox.type(text, gap);
  return inbox;
};

for (const guard of ["ask", "undo"]) {
  test(`text decides nothing (${guard})`, () => {
    for (const gap of GAPS) {
      for (const text of SENTENCES) {
        if (gap > 700 && LIKE_SHORTCUTS.includes(text)) continue;
        assert.deepEqual(typedInto(guard, text, gap).sent, [], `${text} at ${gap} ms`);
      }
    }
  });
}

test("text takes back what its letters have answered, and returns to the first of these questions", () => {
  const inbox = typedInto("undo", "as an annual rate", 800);
  assert.deepEqual([inbox.undone.length > 0, inbox.open, inbox.held], [true, 0, []]);
});

test("a letter alone and a word of shortcut letters answer", () => {
  for (const text of ["a", "r", "ja"]) assert.deepEqual(typedInto("undo", text, 200).sent, [0], text);
});

test("eighteen approvals take eighteen presses with undo, also with presses to spare", () => {
  const inbox = typedInto("undo", "a".repeat(18), 700);
  assert.deepEqual([inbox.sent.length, inbox.undone], [18, []]);
  inbox.type("a".repeat(20), 700, 100_000);
  assert.deepEqual([inbox.sent.length, inbox.undone], [30, []]);
});

test("eighteen approvals take thirty-six presses if they are confirmed", () => {
  const inbox = new Inbox("ask");
  for (let press = 0; press < 36; press += 2) {
    inbox.press("a", 700 * press);
    inbox.press("Enter", 700 * (press + 1), { ctrlKey: true });
  }
  assert.equal(inbox.sent.length, 18);
});

test("letters decide again after a pause, a press or Esc", () => {
  const inbox = new Inbox("undo");
  inbox.type("so", 100, 0);
  inbox.press("a", 400);
  assert.deepEqual(inbox.held, []);
  inbox.press("a", 2500);
  assert.equal(inbox.held.length, 1);
});

test("while an answer is armed, only Ctrl+Enter, or a key on the button that has the focus, sends it", () => {
  const key = (name, rest = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, repeat: false, isComposing: false, ...rest });
  const acts = {
    send: [["Enter", { ctrlKey: true }], ["Enter", { metaKey: true }]],
    disarm: [["a"], ["1"], [" "], ["Backspace"], ["Escape"]],
    ignore: [["Enter"], ["Enter", { ctrlKey: true, repeat: true }], ["a", { repeat: true }]],
    pass: [["Shift"], ["ArrowDown"], ["PageDown"], ["c", { ctrlKey: true }], ["a", { isComposing: true }]],
    tab: [["Tab"]],
  };
  for (const [act, keys] of Object.entries(acts)) {
    for (const [name, rest] of keys) assert.equal(armedKey(key(name, rest), "step"), act, `${name} ${JSON.stringify(rest)}`);
  }
  for (const name of ["Enter", " "]) assert.equal(armedKey(key(name), "confirm"), "press");
  assert.equal(armedKey(key("Enter"), "cancel"), "press");
});
