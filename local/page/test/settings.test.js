import assert from "node:assert/strict";
import test from "node:test";

import { load } from "../settings.js";

const SERVER = { region: "us-east-1", userPoolId: "us-east-1_LocalPool", clientId: "client" };

/** Returns the result of `load` for a page at `address`. */
async function at(address) {
  globalThis.location = new URL(address);
  globalThis.fetch = async () => Response.json(SERVER);
  return load();
}

test("this server is called at the address that the page came from", async () => {
  for (const host of ["127.0.0.1:9229", "192.0.2.7:9229", "app.localhost"]) {
    assert.deepEqual(await at(`http://${host}/?x=y`), { ...SERVER, endpoint: `http://${host}/` });
  }
});

test("an address cannot name another server", async () => {
  const { endpoint } = await at("http://127.0.0.1:9229/?endpoint=https://evil.example/");
  assert.equal(endpoint, "http://127.0.0.1:9229/");
});

test("an address that names a region, a pool and a client is for AWS", async () => {
  const named = { region: "eu-central-1", userPoolId: "eu-central-1_aB", clientId: "c" };
  const endpoint = "https://cognito-idp.eu-central-1.amazonaws.com/";
  assert.deepEqual(await at(`http://127.0.0.1:9229/?${new URLSearchParams(named)}`), { ...named, endpoint, isOnAws: true });
  const other = await at("http://127.0.0.1:9229/?userPoolId=us-east-1_Other&clientId=d");
  assert.deepEqual([other.userPoolId, other.isOnAws], ["us-east-1_Other", undefined]);
});
