/** Elements of a page. */

export const byId = (id) => document.getElementById(id);

export function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** Creates an element whose text has its own direction: identifiers and values are not in the language of the page. */
export function isolated(name, text) {
  const made = element(name, "");
  made.append(element("bdi", text));
  return made;
}

/** Shows `text` as the status. The same text is not announced again. */
export function say(text) {
  if (byId("status").textContent !== text) byId("status").textContent = text;
}
