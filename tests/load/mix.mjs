/** A realistic mix of sign-ins: most right, some wrong, some abandoned, some of nonexistent users. */

import { Proof } from "./srp.mjs";
import { custom, customWithPassword, outcome, refreshAndSignOut, right, wrong } from "./sign-ins.mjs";

const PASSWORD = "Passw0rd!demo";
const WITH_PASSWORD = { pool: "us-east-1_LocalPool", client: "localclient000000000000000", password: PASSWORD };
const WITHOUT = { pool: "us-east-1_NoPassword", client: "localclientnopassword00000" };

const TOKENS = ["tokens"];
const ASKED = ["asked"];
const DENIED = ["400 NotAuthorizedException: Incorrect username or password."];
/** Also for a nonexistent user, which must look like an existing one. */
const GUESSED = [...DENIED, "400 NotAuthorizedException: Password attempts exceeded"];

/**
 * The sign-ins of each connection in turn, and their allowed ends. Users in `own` always succeed in the end. Attackers guess
 * the passwords and answers of users in `guessed`, which are locked out.
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

/** Answers the CAPTCHA wrong once, then everything right. */
function secondCaptcha() {
  const captchas = [wrong.CAPTCHA];
  return { ...right, CAPTCHA: (asked) => (captchas.pop() ?? right.CAPTCHA)(asked) };
}

/** Adds the users of `connections`, with the demo user's answers. */
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
  /** The number of each end, by kind. */
  #ends = {};
  /** The number of each unexpected end, by kind. */
  unexpected = {};

  /** Yields the requests of connection `index`. */
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

  /** Prints the ends of the sign-ins, by kind. */
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
