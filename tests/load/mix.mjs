/** Sign-ins as a user pool sees them: most right, some wrong, some given up, some of nobody. */

import { Proof } from "./srp.mjs";
import { custom, customWithPassword, outcome, refreshAndSignOut, right, wrong } from "./sign-ins.mjs";

const PASSWORD = "Passw0rd!demo";
const WITH_PASSWORD = { pool: "us-east-1_LocalPool", client: "localclient000000000000000", password: PASSWORD };
const WITHOUT = { pool: "us-east-1_NoPassword", client: "localclientnopassword00000" };

const TOKENS = ["tokens"];
const ASKED = ["asked"];
const DENIED = ["400 NotAuthorizedException: Incorrect username or password."];
/** Also of a name that nobody has: it must not be told from a user. */
const GUESSED = [...DENIED, "400 NotAuthorizedException: Password attempts exceeded"];

/**
 * What each connection does in turn, and how it may end. `own` are people who are always right in the end, `guessed` are
 * those whose password and answers somebody guesses, and who are locked out for it.
 */
const KINDS = [
  ["right", TOKENS, ({ own }) => custom(own, right), WITHOUT],
  ["right, with the password", TOKENS, ({ own }) => customWithPassword(own, right), WITH_PASSWORD],
  ["right, second CAPTCHA", TOKENS, ({ own }) => custom(own, secondCaptcha()), WITHOUT],
  ["abandoned at the CAPTCHA", ASKED, ({ own }) => custom(own, {}), WITHOUT],
  ["abandoned at the question", ASKED, ({ own }) => custom(own, { CAPTCHA: right.CAPTCHA }), WITHOUT],
  ["wrong CAPTCHAs", DENIED, ({ guessed }) => custom(guessed, wrong), WITHOUT],
  ["wrong answers", DENIED, ({ guessed }) => custom(guessed, { ...wrong, CAPTCHA: right.CAPTCHA }), WITHOUT],
  ["wrong password", GUESSED, ({ guessed }) => customWithPassword({ ...guessed, password: "Wr0ng!" }, right), WITH_PASSWORD],
  ["nobody", DENIED, ({ nobody }) => custom(nobody, { ...wrong, CAPTCHA: right.CAPTCHA }), WITHOUT],
  ["nobody, with a password", GUESSED, ({ nobody }) => customWithPassword(nobody, right), WITH_PASSWORD],
];

/** The CAPTCHA wrong once, then everything right. */
function secondCaptcha() {
  const captchas = [wrong.CAPTCHA];
  return { ...right, CAPTCHA: (asked) => (captchas.pop() ?? right.CAPTCHA)(asked) };
}

/** Adds the users of `connections`, who have the demo user's answers. */
export async function fill(server, connections) {
  const { UserAttributes } = await server.call("AdminGetUser", { UserPoolId: WITHOUT.pool, Username: "demo" });
  const enrolled = UserAttributes.filter(({ Name }) => Name === "custom:security_questions");
  for (let index = 0; index < connections; index++) {
    for (const { pool } of [WITH_PASSWORD, WITHOUT]) {
      for (const user of [`own-${index}`, `guessed-${index}`]) {
        await server.addUser({ pool, user, password: PASSWORD }, enrolled);
      }
    }
  }
}

export class Mix {
  /** How often each kind ended how. */
  #ends = {};
  /** How often which kind ended as it must not. */
  unexpected = {};

  /** What connection `index` does. */
  *script(index) {
    const proof = new Proof();
    for (let turn = index; ; turn++) {
      const [name, expected, start, where] = KINDS[turn % KINDS.length];
      const login = (user) => ({ ...where, user: `${user}-${index}`, proof });
      let reply = yield* start({ own: login("own"), guessed: login("guessed"), nobody: login("nobody") });
      if (outcome(reply) === "tokens") reply = yield* refreshAndSignOut(where, reply);
      this.#count(name, expected, outcome(reply));
    }
  }

  #count(name, expected, end) {
    const ends = (this.#ends[name] ??= {});
    ends[end] = (ends[end] ?? 0) + 1;
    if (!expected.includes(end)) this.unexpected[`${name}: ${end}`] = (this.unexpected[`${name}: ${end}`] ?? 0) + 1;
  }

  /** Prints how the sign-ins ended, by kind. */
  print(seconds) {
    let all = 0;
    for (const [name, ends] of Object.entries(this.#ends)) {
      for (const [end, count] of Object.entries(ends)) {
        console.log(`${name}: ${count} × ${end}`);
        all += count;
      }
    }
    console.log(`${all} sign-ins, ${(all / seconds).toFixed(1)} per second`);
  }
}
