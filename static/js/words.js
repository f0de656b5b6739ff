/* What scripts write that stands on no element of the page, in the reader's language: inbox/web/ui/script_words.py */

export const WORDS = document.getElementById("script-words").dataset;

/* A text with values in place of its {names} */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (name, key) => values[key] ?? name);
