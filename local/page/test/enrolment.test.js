import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import test from "node:test";

import { UnreachableError } from "../cognito.js";
import { Enrolment, ProblemError, askForLink } from "../enrolment.js";

/** Returns the request that `call` sends to a server, and its result for this reply. */
async function exchange(status, reply, call) {
  let seen;
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    seen = { method: request.method, url: request.url, headers: request.headers, body: body && JSON.parse(body) };
    response.writeHead(status).end(reply);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const result = await call(`http://127.0.0.1:${server.address().port}`).catch((error) => error);
    return [seen, result];
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("the questions of a user who has signed in are asked for with the access token", async () => {
  const [request, reply] = await exchange(200, '{"fewest":3}', (api) => Enrolment.signedIn(api, "abc").list("pt-BR"));
  assert.deepEqual([request.method, request.url, request.body], ["GET", "/enrolment?locale=pt-BR", ""]);
  assert.equal(request.headers.authorization, "Bearer abc");
  assert.equal(request.headers["content-type"], undefined);
  assert.deepEqual(reply, { fewest: 3 });
});

test("the answers of a user with a link are set with its token", async () => {
  const answers = [{ question: "first-pet", answer: "Peccy" }];
  const [request] = await exchange(200, "{}", (api) => Enrolment.invited(api, "a.b").set(answers, "en"));
  assert.deepEqual([request.method, request.url, request.body], ["PUT", "/enrolment/link?locale=en", { answers }]);
  assert.equal(request.headers.authorization, "Link a.b");
  assert.equal(request.headers["content-type"], "application/json");
});

test("a link is asked for by name alone", async () => {
  const [request] = await exchange(202, "{}", (api) => askForLink(api, "ada", "de"));
  assert.deepEqual([request.method, request.url], ["POST", "/enrolment/links"]);
  assert.deepEqual(request.body, { username: "ada", locale: "de" });
  assert.equal(request.headers.authorization, undefined);
});

const REFUSALS = {
  "a problem": [422, '{"type":"/problems/answer-too-short","detail":"No.","question":"first-pet"}', "answer-too-short"],
  "API Gateway itself": [401, '{"message":"Unauthorized"}', "401"],
  "no JSON": [502, "<html>", "502"],
  "a problem without a type": [403, '{"type":1}', "403"],
};

for (const [what, [status, reply, problem]] of Object.entries(REFUSALS)) {
  test(`a refusal is told by its problem or its status: ${what}`, async () => {
    const [, error] = await exchange(status, reply, (api) => Enrolment.signedIn(api, "abc").list("en"));
    assert.ok(error instanceof ProblemError);
    assert.deepEqual([error.problem, error.status], [problem, status]);
    assert.equal(error.question, problem === "answer-too-short" ? "first-pet" : undefined);
  });
}

test("no answer is another error than a refusal", async () => {
  await assert.rejects(Enrolment.signedIn("http://127.0.0.1:1", "abc").list("en"), UnreachableError);
});
