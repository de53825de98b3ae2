/** Codes and links that were sent to the reader. */

/** The metadata that asks for the same code or link to be sent again. */
export const SEND_AGAIN = { send: "again" };

/** What people put between the digits of a code, or bring along when they paste it. */
const BETWEEN = /[\s\p{Pd}\p{Cf}]/gu;

/** How `parameters` are to be asked: `"code"`, `"link"`, or nothing where neither was sent. */
export function sentKind({ challenge, destination, digits }) {
  if (challenge === "MAGIC_LINK") return "link";
  return destination !== undefined && digits !== undefined ? "code" : undefined;
}

/** `text` without what is between its digits; `null` if these are not so many digits. Any script's digits will do. */
export function codeIn(text, digits) {
  const code = text.replaceAll(BETWEEN, "");
  const found = /^\p{Nd}+$/u.test(code) ? [...code].length : 0;
  return found === Number(digits) ? code : null;
}

/** In how many seconds it can be sent again; `null` where it cannot, because that takes a try and the last one is for answering. */
export function sendAgainIn({ attemptsLeft, sendAgainIn: seconds, sendsLeft }) {
  const can = seconds !== undefined && Number(sendsLeft) > 0 && Number(attemptsLeft) > 1;
  return can ? Math.max(0, Number(seconds)) : null;
}

/** Calls `tell` with how many seconds are left: at once, after each second, and with zero at the end. Returns what ends it early. */
export function countDown(seconds, tell, now = () => performance.now()) {
  // Not counted by the calls: browsers call pages that are not looked at less often.
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
