/** A client's half of SRP, in Cognito's variant. */

import { createDiffieHellman, createHash, createHmac, getDiffieHellman, randomBytes } from "node:crypto";

/** The group of 3072 bits of RFC 3526, and its generator. */
const group = getDiffieHellman("modp15").getPrime();
const N = number(group);

export class Proof {
  #secret = number(randomBytes(32));
  #public = power(2n, this.#secret);

  /** `SRP_A`. */
  get srpA() {
    return this.#public.toString(16);
  }

  /** `ChallengeResponses` to PASSWORD_VERIFIER. */
  responses({ USER_ID_FOR_SRP: user, SALT, SRP_B, SECRET_BLOCK }, pool, password) {
    const name = pool.split("_")[1];
    const B = BigInt(`0x${SRP_B}`);
    const u = number(hash(signed(this.#public), signed(B)));
    const x = number(hash(signed(BigInt(`0x${SALT}`)), hash(`${name}${user}:${password}`)));
    const k = number(hash(signed(N), Buffer.of(2)));
    const base = (((B - k * power(2n, x)) % N) + N) % N;
    const shared = power(base, this.#secret + u * x);
    const key = hmac(hmac(signed(u), signed(shared)), "Caldera Derived Key", Buffer.of(1)).subarray(0, 16);
    const [weekday, day, month, year, time] = new Date().toUTCString().replace(",", "").split(" ");
    const timestamp = `${weekday} ${month} ${Number(day)} ${time} UTC ${year}`;
    const signature = hmac(key, name, user, Buffer.from(SECRET_BLOCK, "base64"), timestamp);
    return {
      USERNAME: user,
      PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: signature.toString("base64"),
      TIMESTAMP: timestamp,
    };
  }
}

/** Node's Diffie-Hellman has its fastest modular power. */
function power(base, exponent) {
  const exchange = createDiffieHellman(group);
  exchange.setPrivateKey(bytes(exponent));
  return number(exchange.computeSecret(bytes(base)));
}

function hash(...parts) {
  return parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
}

function hmac(key, ...parts) {
  return parts.reduce((hmac, part) => hmac.update(part), createHmac("sha256", key)).digest();
}

function number(bytes) {
  return BigInt(`0x${bytes.toString("hex")}`);
}

function bytes(number) {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
}

/** Java's format of a number: with a leading zero if its first bit is set. */
function signed(number) {
  const minimal = bytes(number);
  return minimal[0] & 0x80 ? Buffer.concat([Buffer.of(0), minimal]) : minimal;
}
