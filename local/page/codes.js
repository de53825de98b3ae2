/** Codes and links that were sent to the reader. */

/** The metadata that asks for the same code or link to be sent again. */
export const SEND_AGAIN = { send: "again" };

/** Characters that people type between the digits of a code, or paste with it. */
const BETWEEN = /[\s\p{Pd}\p{Cf}]/gu;

/** The kind of message that `parameters` describe: `"code"`, `"link"`, or nothing if neither was sent. */
export function sentKind({ challenge, destination, digits }) {
  if (challenge === "MAGIC_LINK") return "link";
  return destination !== undefined && digits !== undefined ? "code" : undefined;
}

/** The digits of `text`, in any script, as ASCII; `null` if their number differs from `digits`. */
export function codeIn(text, digits) {
  const code = text.replaceAll(BETWEEN, "");
  const found = /^\p{Nd}+$/u.test(code) ? [...code].length : 0;
  return found === Number(digits) ? code : null;
}

/** The seconds until the message can be sent again; `null` if it cannot, because sending uses a try and the last is for the answer. */
export function sendAgainIn({ attemptsLeft, sendAgainIn: seconds, sendsLeft }) {
  const can = seconds !== undefined && Number(sendsLeft) > 0 && Number(attemptsLeft) > 1;
  return can ? Math.max(0, Number(seconds)) : null;
}

/** Calls `tell` with the remaining seconds: at once, after each second, and with zero at the end. Returns a function that stops it. */
export function countDown(seconds, tell, now = () => performance.now()) {
  // Not by the number of calls: browsers call pages in the background less often.
  const end = now() + seconds * 1000;
  let timer;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - now()) / 1000));
    if (left > 0) timer = setTimeout(tick, 1000);
    tell(left);
  };
  tick();
  return () => clearTimeout(timer);
}
