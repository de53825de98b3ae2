/** Loads `local` and prints the results. The script `run` describes the arguments. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { drive } from "./generator.mjs";
import { fill, Mix } from "./mix.mjs";
import { peers } from "./peers.mjs";
import { idle, median, Server, signatureMilliseconds } from "./server.mjs";
import { custom, outcome, plainPassword, srp } from "./sign-ins.mjs";
import { Proof } from "./srp.mjs";

const PASSWORD = "Passw0rd!demo";
/** The starts in a used folder. */
const STARTS = 11;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string" }, connections: { type: "string" } },
});
const connections = (given) => (values.connections ?? given).split(",").map(Number);
const seconds = (given) => Number(values.seconds ?? given);

console.log(`Node.js ${process.version}`);
if (positionals.length === 0) {
  await alone(connections("1,8"), seconds(10));
} else if (positionals.length === 1 && positionals[0] === "mix") {
  await mix(connections("8,64"), seconds(600));
} else if (positionals.length === 1 && positionals[0] === "peers") {
  await peers(connections("1,8"), seconds(5));
} else {
  console.error(`unknown argument \`${positionals.join(" ")}\` (known: mix, peers, --seconds, --connections)`);
  process.exitCode = 2;
}

/** Loads the server alone. Every sign-in must end with tokens. */
async function alone(connections, seconds) {
  const server = await Server.start(idle);
  const login = await poolOfFourTriggers(server);
  // One for all sign-ins: a client takes longer than the server to make it.
  const proof = new Proof();
  const kinds = {
    // The challenge of an idle function has no name.
    "custom, four triggers": () => custom(login, { undefined: anyAnswer }),
    password: () => plainPassword(login),
    SRP: () => srp({ ...login, proof }),
  };
  for (const [name, signIn] of Object.entries(kinds)) {
    for (const count of connections) {
      let ends = {};
      const script = function* () {
        for (;;) {
          const end = outcome(yield* signIn());
          ends[end] = (ends[end] ?? 0) + 1;
        }
      };
      // Once without measuring, so that all functions run.
      await drive(server.endpoint, count, 1, script);
      ends = {};
      const before = server.cpuMilliseconds;
      const measured = await drive(server.endpoint, count, seconds, script);
      const { tokens = 0, ...others } = ends;
      const cpu = (server.cpuMilliseconds - before) / tokens;
      const { p50, p99 } = measured.latency;
      console.log(
        `${name}: ${count} connections, ${Math.round(tokens / measured.duration)} sign-ins per second,`,
        `${cpu.toFixed(2)} ms of server CPU each (${(cpu / signatureMilliseconds()).toFixed(1)} signatures),`,
        `a call takes ${p50} ms (99 %: ${p99} ms)`,
      );
      complain({ ...others, ...failures(measured) });
    }
  }
  console.log(`resident: ${server.memory["cognito-loop"].megabytes.toFixed(1)} MB`);
  complain({ "processes left": await server.end() });
  console.log(`a used folder: ready after ${(await startInUsedFolder()).toFixed(1)} ms`);
}

/** Returns the median of the milliseconds until `local` is ready, with an idle function in place of those of the template. */
async function startInUsedFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "load-"));
  const milliseconds = [];
  for (let start = 0; start <= STARTS; start++) {
    const server = await Server.start(idle, folder);
    // The first one is in a new folder.
    if (start > 0) milliseconds.push(server.readyAfter);
    await server.end();
  }
  rmSync(folder, { recursive: true });
  return median(milliseconds);
}

/** Creates the template's pool without PreTokenGeneration, with a client that may do everything, and a user. */
async function poolOfFourTriggers(server) {
  const { UserPool: template } = await server.call("DescribeUserPool", { UserPoolId: "us-east-1_LocalPool" });
  const LambdaConfig = { ...template.LambdaConfig, PreTokenGeneration: undefined };
  const { UserPool } = await server.call("CreateUserPool", { PoolName: "load", LambdaConfig });
  const { UserPoolClient } = await server.call("CreateUserPoolClient", {
    UserPoolId: UserPool.Id,
    ClientName: "load",
    ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  const login = { pool: UserPool.Id, client: UserPoolClient.ClientId, user: "someone", password: PASSWORD };
  await server.addUser(login);
  return login;
}

function* anyAnswer() {
  return "any";
}

/** Runs sign-ins of all kinds, with the real functions. */
async function mix(connections, seconds) {
  for (const count of connections) {
    const server = await Server.start([]);
    await fill(server, count);
    const mix = new Mix();
    console.log(`\n${count} connections, ${seconds} seconds`);
    const memory = [];
    const look = () => memory.push(server.memory);
    // The first measurement, when all functions run.
    const looks = [5, seconds / 4, seconds / 2, (seconds * 3) / 4].map((second) => setTimeout(look, second * 1000));
    const measured = await drive(server.endpoint, count, seconds, (index) => mix.script(index));
    looks.forEach(clearTimeout);
    look();
    mix.print(measured.duration);
    const { p50, p99, max } = measured.latency;
    console.log(`a call takes ${p50} ms (99 %: ${p99} ms, at most ${max} ms)`);
    printMemory(memory);
    complain({ ...mix.unexpected, ...failures(measured), "processes left": await server.end() });
  }
}

/** Prints the megabytes of each program: after the first seconds, then after each quarter. */
function printMemory(looks) {
  for (const program of Object.keys(looks.at(-1))) {
    const cells = looks.map((look) => look[program] ?? { processes: 0, megabytes: 0 });
    const shown = cells.map(({ processes, megabytes }) => `${megabytes.toFixed(1)} (${processes})`);
    console.log(`resident MB (processes) of ${program}: ${shown.join(", ")}`);
  }
}

function failures({ errors, timeouts }) {
  return { "connections that failed": errors - timeouts, "calls without an answer": timeouts };
}

/** Prints unexpected results, and how often each occurred. */
function complain(counts) {
  for (const [what, count] of Object.entries(counts)) {
    if (count === 0) continue;
    console.log(`not expected: ${what}: ${count}`);
    process.exitCode = 1;
  }
}
