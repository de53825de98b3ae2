/**
 * The client's side of Cognito's Secure Remote Password: the password is proven, never sent.
 *
 * `x`, `u`, `k` and the signature are hashes over Java's `BigInteger.toByteArray`, see `signedBytes`.
 */

/** The 3072-bit group of RFC 3526. */
const GROUP_PRIME = BigInt(
  "0x" +
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f" +
    "83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510" +
    "15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
    "abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c" +
    "bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff",
);
const GENERATOR = 2n;
/** SHA-256 over the group's prime and generator. */
const MULTIPLIER = BigInt("0x538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6");
/** RFC 5054 asks for at least 256 bits. */
const SECRET_BYTES = 32;
const SALT_BYTES = 16;
const SESSION_KEY_BYTES = 16;
/** HKDF's `info`, with the counter byte that its one round of expansion ends in. */
const SESSION_KEY_INFO = "Caldera Derived Key\u0001";

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The server sent numbers that an honest server never sends. */
export class SrpError extends Error {
  name = "SrpError";
}

/** One proof of one password. The secret behind it is never used twice. */
export class Srp {
  #secret;
  #publicValue;

  /** Only tests set `secret`. */
  constructor(secret = randomSecret()) {
    this.#secret = secret;
    this.#publicValue = modPow(GENERATOR, secret, GROUP_PRIME);
  }

  /** Returns `SRP_A`. */
  get publicValue() {
    return this.#publicValue.toString(16);
  }

  /**
   * The `ChallengeResponses` to a `PASSWORD_VERIFIER` challenge.
   *
   * The username is the one that the server sent. It is hashed, and differs from the typed name if that is an alias.
   */
  async answer(challenge, userPoolId, password, now = new Date()) {
    const { USER_ID_FOR_SRP: userName } = challenge;
    return { USERNAME: userName, ...(await this.claim(challenge, poolName(userPoolId) + userName, password, now)) };
  }

  /** Returns the proof in an answer. `account` is the pool's name followed by the username, or a device's group and key. */
  async claim(challenge, account, password, now = new Date()) {
    const key = await this.sessionKey(account, challenge, password);
    const time = timestamp(now);
    const claim = [utf8(account), fromBase64(challenge.SECRET_BLOCK), utf8(time)];
    return {
      PASSWORD_CLAIM_SECRET_BLOCK: challenge.SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: toBase64(await hmac(key, ...claim)),
      TIMESTAMP: time,
    };
  }

  /** Returns the key that both sides have if the password is right. */
  async sessionKey(account, { SALT, SRP_B }, password) {
    const theirs = fromHex(SRP_B);
    if (theirs % GROUP_PRIME === 0n) {
      throw new SrpError("`SRP_B` is a multiple of the prime");
    }
    const scrambler = await hashToNumber(signedBytes(this.#publicValue), signedBytes(theirs));
    if (scrambler === 0n) {
      throw new SrpError("`SRP_A` and `SRP_B` hash to zero");
    }
    const x = await exponent(account, fromHex(SALT), password);
    const base = theirs - MULTIPLIER * modPow(GENERATOR, x, GROUP_PRIME);
    const shared = modPow(base, this.#secret + scrambler * x, GROUP_PRIME);
    const extracted = await hmac(signedBytes(scrambler), signedBytes(shared));
    return (await hmac(extracted, utf8(SESSION_KEY_INFO))).slice(0, SESSION_KEY_BYTES);
  }
}

/** Returns what the server needs to check proofs of `password`, as the request that confirms a device has it. */
export async function verifier(account, password, salt = toNumber(crypto.getRandomValues(new Uint8Array(SALT_BYTES)))) {
  const number = modPow(GENERATOR, await exponent(account, salt, password), GROUP_PRIME);
  return { PasswordVerifier: toBase64(signedBytes(number)), Salt: toBase64(signedBytes(salt)) };
}

async function exponent(account, salt, password) {
  return hashToNumber(signedBytes(salt), await sha256(utf8(`${account}:${password}`)));
}

/** Returns `base ** exponent % modulus`, which is not negative. It reads four bits of the exponent at a time. */
export function modPow(base, exponent, modulus) {
  const reduced = ((base % modulus) + modulus) % modulus;
  const powers = [1n % modulus];
  while (powers.length < 16) {
    powers.push((powers.at(-1) * reduced) % modulus);
  }
  let result = powers[0];
  for (const digit of exponent.toString(16)) {
    for (let bit = 0; bit < 4; bit += 1) {
      result = (result * result) % modulus;
    }
    result = (result * powers[parseInt(digit, 16)]) % modulus;
  }
  return result;
}

/** Returns the big-endian bytes of `number`, with a leading zero if the first bit would be read as a minus sign. */
export function signedBytes(number) {
  const hex = number.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Uint8Array.from(even.match(/../g), (pair) => parseInt(pair, 16));
  return bytes[0] < 0x80 ? bytes : concat([Uint8Array.of(0), bytes]);
}

/** Formats the time like `Sat Sep 5 01:02:03 UTC 2026`: always in English and UTC, without a zero before the day. */
export function timestamp(now) {
  const weekday = WEEKDAYS[now.getUTCDay()];
  const month = MONTHS[now.getUTCMonth()];
  const time = now.toISOString().slice(11, 19);
  return `${weekday} ${month} ${now.getUTCDate()} ${time} UTC ${now.getUTCFullYear()}`;
}

/** `us-east-1_Example` is hashed as `Example`. */
export function poolName(userPoolId) {
  return userPoolId.slice(userPoolId.indexOf("_") + 1);
}

function randomSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return toNumber(bytes);
}

/** Salts and public values have no sign byte and may have an odd length. */
function fromHex(hex) {
  if (!/^[0-9a-f]+$/i.test(hex ?? "")) {
    throw new SrpError("expected a number in hexadecimal");
  }
  return BigInt(`0x${hex}`);
}

function toNumber(bytes) {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
}

async function hashToNumber(...parts) {
  return toNumber(await sha256(...parts));
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(parts)));
}

async function hmac(secret, ...parts) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, concat(parts)));
}

function utf8(text) {
  return new TextEncoder().encode(text);
}

function concat(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
