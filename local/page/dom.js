/** Elements of a page. */

export const byId = (id) => document.getElementById(id);

export function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** Shows `text` as the status. The same text is not announced again. */
export function say(text) {
  if (byId("status").textContent !== text) byId("status").textContent = text;
}
