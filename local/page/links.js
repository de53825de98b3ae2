/** Splits a text into links and the text between them. */

/** An address up to the next space, without the punctuation at the end of a sentence. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]]/g;

/** Returns `[{ text, link }]`: the pieces of `text` in order. `link` says whether a piece is an address. */
export function parts(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    found.push({ text: text.slice(end, match.index), link: false }, { text: match[0], link: true });
    end = match.index + match[0].length;
  }
  found.push({ text: text.slice(end), link: false });
  return found.filter((piece) => piece.text !== "");
}
