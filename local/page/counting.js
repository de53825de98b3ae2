/** Texts that depend on a number, and text that keeps its direction. */

/**
 * Chooses among the forms of a word or sentence in `language`. The forms are named after the plural categories of CLDR:
 * `other`, and those of `zero`, `one`, `two`, `few` and `many` that the language has.
 */
export function counting(language) {
  const rules = new Intl.PluralRules(language);
  return (number, forms) => forms[rules.select(Number(number))] ?? forms.other;
}

/** Returns `text` from left to right inside a sentence from right to left, such as an address with its punctuation. */
export function leftToRight(text) {
  // LEFT-TO-RIGHT ISOLATE and POP DIRECTIONAL ISOLATE.
  return `\u2066${text}\u2069`;
}
