/** The messages that the functions sent. Needs ENDPOINT, a running `local` whose flow sends messages. */

const { ENDPOINT } = process.env;

/** Returns the sent messages, newest first. */
export async function outbox() {
  const response = await fetch(`${ENDPOINT}/debug/outbox`);
  return (await response.json()).messages;
}

/** Returns the answer in the newest message: the token of a link, or else a code of six digits. */
export async function newestAnswer() {
  const [{ text }] = await outbox();
  return (text.match(/#link=(\S+)/) ?? text.match(/\b(\d{6})\b/))[1];
}
