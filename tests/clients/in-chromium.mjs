/**
 * Tries a library for browsers in headless Chromium: `node in-chromium.mjs NAME PACKAGE`, where NAME-page.mjs has the
 * rules. The origin of the page differs from `local`, so its calls need permission (CORS).
 *
 * Needs what visit.mjs and world.mjs need.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";

import { newestAnswer } from "./outbox.mjs";
import { tryAll } from "./rules.mjs";
import { Visit, launch } from "./visit.mjs";
import { constants, libraries, require, services, version } from "./world.mjs";

/** Amplify warns of every endpoint that is not Amazon's. */
const EXPECTED = [/You are using a custom Amazon .* endpoint, ensure the endpoint is correct\.$/];

const [name, library] = process.argv.slice(2);
const script = await bundle(path.join(import.meta.dirname, `${name}-page.mjs`));
const server = createServer(serve).listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}/`;
const browser = await launch();
console.log(version(library));

try {
  const sentences = await inPage(() => Object.keys(globalThis.rules(globalThis.world)));
  assert.ok(sentences.length > 0);
  const run = (sentence) => globalThis.rules(globalThis.world)[sentence]();
  await tryAll(`${name} in Chromium`, Object.fromEntries(sentences.map((text) => [text, () => inPage(run, text)])));
} finally {
  await browser.close();
  server.close();
}

async function bundle(entry) {
  const { outputFiles } = await require("esbuild").build({
    entryPoints: [entry],
    bundle: true,
    define: { global: "globalThis" },
    format: "iife",
    logLevel: "warning",
    nodePaths: [libraries],
    write: false,
  });
  return outputFiles[0].text;
}

function serve({ url }, response) {
  const [type, body] = url === "/script.js" ? ["text/javascript", script] : ["text/html", '<script src="/script.js"></script>'];
  response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(body);
}

/** Calls a function in the page, in its own profile. The console may contain only errors of rejected requests. */
async function inPage(call, argument) {
  const visit = await Visit.begin(browser, {});
  visit.expectedErrors = EXPECTED;
  try {
    const { page } = visit;
    const { admin, trackingPool } = services;
    for (const [service, run] of Object.entries({ admin, trackingPool })) await page.exposeFunction(service, run);
    // Some libraries do not expose the session.
    await page.exposeFunction("captchaAnswer", (session) => (session ? services.captchaAnswer(session) : visit.captchaAnswer()));
    await page.exposeFunction("newestAnswer", newestAnswer);
    await page.addInitScript((constants) => {
      const { admin, captchaAnswer, newestAnswer, trackingPool } = globalThis;
      globalThis.world = { ...constants, admin, captchaAnswer, newestAnswer, trackingPool };
    }, constants);
    await page.goto(origin);
    const result = await page.evaluate(call, argument);
    visit.assertQuiet();
    return result;
  } finally {
    await visit.end();
  }
}
