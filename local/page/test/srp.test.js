import assert from "node:assert/strict";
import { createHash, getDiffieHellman, createDiffieHellman } from "node:crypto";
import { readFile } from "node:fs/promises";
import test from "node:test";

import { Srp, SrpError, modPow, poolName, signedBytes, timestamp, verifier } from "../srp.js";

const vectors = JSON.parse(await readFile(new URL("srp-vectors.json", import.meta.url)));
const hex = (bytes) => Buffer.from(bytes).toString("hex");

for (const vector of vectors) {
  const srp = new Srp(BigInt(`0x${vector.a}`));

  test(`the public value is the one other clients send: ${vector.label}`, () => {
    assert.equal(srp.publicValue, vector.SRP_A);
  });

  test(`the session key is the one other clients derive: ${vector.label}`, async () => {
    const account = poolName(vector.pool) + vector.USER_ID_FOR_SRP;
    assert.equal(hex(await srp.sessionKey(account, vector, vector.password)), vector.key);
  });

  test(`the answer is the one other clients give: ${vector.label}`, async () => {
    const now = new Date("2026-09-05T01:02:03Z");
    assert.deepEqual(await srp.answer(vector, vector.pool, vector.password, now), {
      USERNAME: vector.USER_ID_FOR_SRP,
      PASSWORD_CLAIM_SECRET_BLOCK: vector.SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: vector.PASSWORD_CLAIM_SIGNATURE,
      TIMESTAMP: vector.TIMESTAMP,
    });
  });

  test(`another password gives another signature: ${vector.label}`, async () => {
    const answer = await srp.answer(vector, vector.pool, "Passw0rd?", new Date("2026-09-05T01:02:03Z"));
    assert.notEqual(answer.PASSWORD_CLAIM_SIGNATURE, vector.PASSWORD_CLAIM_SIGNATURE);
  });
}

test("a verifier is the generator to the power of the hashes of salt, account and password", async () => {
  const salt = 0xff00n;
  const identity = createHash("sha256").update("-groupkey:secret").digest();
  const exponent = createHash("sha256").update(Buffer.from("00ff00", "hex")).update(identity).digest();
  // The same group, with Node.js' own arithmetic.
  const group = createDiffieHellman(getDiffieHellman("modp15").getPrime(), 2);
  group.setPrivateKey(exponent);
  group.generateKeys();
  const { PasswordVerifier, Salt } = await verifier("-groupkey", "secret", salt);
  assert.equal(Salt, "AP8A");
  assert.equal(BigInt(`0x${Buffer.from(PasswordVerifier, "base64").toString("hex")}`), BigInt(`0x${group.getPublicKey("hex")}`));
});

test("two proofs share no secret", () => {
  assert.notEqual(new Srp().publicValue, new Srp().publicValue);
});

test("a public value of the server that fixes the key is refused", async () => {
  const [vector] = vectors;
  for (const SRP_B of ["0", "00", multipleOfPrime(1n), multipleOfPrime(2n)]) {
    await assert.rejects(new Srp().sessionKey("account", { ...vector, SRP_B }, "password"), SrpError);
  }
});

test("what is no number is refused", async () => {
  const [vector] = vectors;
  for (const broken of [{ SALT: "" }, { SALT: undefined }, { SRP_B: "0x1" }, { SRP_B: "xyz" }]) {
    await assert.rejects(new Srp().sessionKey("account", { ...vector, ...broken }, "password"), SrpError);
  }
});

test("modPow agrees with the definition", () => {
  for (let base = -20n; base < 20n; base += 1n) {
    for (let exponent = 0n; exponent < 40n; exponent += 1n) {
      for (const modulus of [1n, 2n, 7n, 64n, 97n]) {
        const expected = (((base ** exponent) % modulus) + modulus) % modulus;
        assert.equal(modPow(base, exponent, modulus), expected);
      }
    }
  }
});

test("a number whose first bit is set gets a zero byte in front", () => {
  assert.equal(hex(signedBytes(0x7fn)), "7f");
  assert.equal(hex(signedBytes(0x80n)), "0080");
  assert.equal(hex(signedBytes(0xfffn)), "0fff");
  assert.equal(hex(signedBytes(0n)), "00");
});

test("the time stamp is English, in UTC, with no zero before the day", () => {
  assert.equal(timestamp(new Date("2026-09-05T01:02:03.999Z")), "Sat Sep 5 01:02:03 UTC 2026");
  assert.equal(timestamp(new Date("2024-02-29T23:59:59Z")), "Thu Feb 29 23:59:59 UTC 2024");
  assert.equal(timestamp(new Date("2026-01-01T00:30:00+02:00")), "Wed Dec 31 22:30:00 UTC 2025");
});

test("a pool is named by what follows its first underscore", () => {
  assert.equal(poolName("us-east-1_aBcDeFgHi"), "aBcDeFgHi");
});

function multipleOfPrime(factor) {
  // The prime is just below 2^3072, so the remainder of 2^3072 is their difference.
  const lacking = BigInt(`0x${new Srp(3072n).publicValue}`);
  return (((1n << 3072n) - lacking) * factor).toString(16);
}
