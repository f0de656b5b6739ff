/* Texts that scripts show and that are not on the element they change, in the viewer's language: inbox/web/ui/script_words.py */

/* Without "word", which keeps them apart from the attributes that scripts look for */
const name = (attribute) => attribute.charAt(4).toLowerCase() + attribute.slice(5);
export const WORDS = Object.fromEntries(Object.entries(document.getElementById("script-words").dataset).map(([attribute, text]) => [name(attribute), text]));

/* A text with its {names} replaced by values */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (name, key) => values[key] ?? name);

/* A text as searches compare it: without accents and capitals */
export const comparable = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
