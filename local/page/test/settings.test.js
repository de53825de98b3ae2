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
