/** Compares `local` with other emulators of Cognito: start, sign-ins and memory. The script `run` installs them. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { median, request } from "./server.mjs";
import { custom, outcome, plainPassword } from "./sign-ins.mjs";

/** The starts of each emulator, after one that is not measured. */
const STARTS = 5;
/** cognito-local accepts only addresses. */
const USER = "someone@example.com";
const PASSWORD = "Passw0rd!demo";
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:Triggers";

const target = path.join(process.env.TARGET, "load", "peers");
const here = import.meta.dirname;
/** The folder of the data and logs of a run. */
let folder;

/** Each emulator: the program, its arguments and variables for a port, and how it gets the functions. */
const PEERS = {
  local: {
    program: path.join(process.env.TARGET, "release", "cognito-loop"),
    args: (port) => ["--template", template(), "--listen", `127.0.0.1:${port}`, "--data-dir", path.join(folder, "data")],
  },
  ministack: {
    program: path.join(target, "bin", "ministack"),
    variables: (port) => ({ GATEWAY_PORT: port, MINISTACK_HOST: "127.0.0.1" }),
    functions: uploadTriggers,
  },
  "cognito-local": {
    program: path.join(target, "node_modules", ".bin", "cognito-local"),
    variables: (port) => ({ PORT: port, HOST: "127.0.0.1" }),
  },
  moto: {
    program: path.join(target, "bin", "moto_server"),
    args: (port) => ["--host", "127.0.0.1", "--port", port],
  },
};

/** Measures each emulator in turn. */
export async function peers(connections, seconds) {
  folder = mkdtempSync(path.join(tmpdir(), "peers-"));
  for (const [name, peer] of Object.entries(PEERS)) {
    const starts = [];
    for (let start = 0; start <= STARTS; start++) {
      const running = await Peer.start(peer);
      try {
        if (start > 0) starts.push(running.readyAfter);
        if (start === STARTS) await measure(name, running, peer, connections, seconds);
      } finally {
        await running.end();
      }
    }
    console.log(`${name}: ready after ${median(starts).toFixed(0)} ms`);
  }
  rmSync(folder, { recursive: true });
}

async function measure(name, running, peer, connections, seconds) {
  console.log(`${name}: ${running.megabytes().own.toFixed(0)} MB at the start`);
  await peer.functions?.(running);
  const login = await poolAndUser(running);
  const kinds = {
    custom: () => custom(login, { *undefined() { return "any"; } }),
    password: () => plainPassword(login),
  };
  for (const [kind, signIn] of Object.entries(kinds)) {
    const end = await running.signIn(signIn());
    if (end !== "tokens") {
      console.log(`${name}, ${kind}: not possible: ${end}`);
      continue;
    }
    for (const count of connections) {
      // Once without measuring, so that all functions run.
      await running.signIns(signIn, count, 3);
      const { tokens = 0, ...others } = await running.signIns(signIn, count, seconds);
      console.log(`${name}, ${kind}: ${count} at once, ${(tokens / seconds).toFixed(1)} sign-ins per second`);
      for (const [end, times] of Object.entries(others)) console.log(`${name}, ${kind}: ${times} × ${end}`);
    }
  }
  const { own, all } = running.megabytes();
  console.log(`${name}: ${own.toFixed(0)} MB at the end, ${all.toFixed(0)} MB with its other processes`);
}

/** Creates a pool with the functions, a client and a user. */
async function poolAndUser(running) {
  const LambdaConfig = { DefineAuthChallenge: FUNCTION, CreateAuthChallenge: FUNCTION, VerifyAuthChallengeResponse: FUNCTION };
  const { UserPool } = await running.call("CreateUserPool", { PoolName: "peers", LambdaConfig });
  const pool = UserPool.Id;
  const ExplicitAuthFlows = ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
  const made = await running.call("CreateUserPoolClient", { UserPoolId: pool, ClientName: "peers", ExplicitAuthFlows });
  const named = { UserPoolId: pool, Username: USER };
  const UserAttributes = [{ Name: "email", Value: USER }];
  await running.call("AdminCreateUser", { ...named, UserAttributes, MessageAction: "SUPPRESS" });
  await running.call("AdminSetUserPassword", { ...named, Password: PASSWORD, Permanent: true });
  return { pool, client: made.UserPoolClient.ClientId, user: USER, password: PASSWORD };
}

/** Creates the function `Triggers` over Lambda's API. */
async function uploadTriggers(running) {
  const zip = path.join(folder, "triggers.zip");
  execFileSync("python3", ["-m", "zipfile", "-c", zip, path.join(here, "triggers.py")]);
  const body = {
    FunctionName: "Triggers",
    Runtime: "python3.12",
    Handler: "triggers.handler",
    Role: "arn:aws:iam::000000000000:role/any",
    Code: { ZipFile: readFileSync(zip).toString("base64") },
  };
  // The service is found by the scope of the signature, which is not checked.
  const Authorization = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0";
  const url = `${running.endpoint}/2015-03-31/functions`;
  const reply = await fetch(url, { method: "POST", headers: { Authorization }, body: JSON.stringify(body) });
  if (!reply.ok) console.log(`CreateFunction: ${reply.status} ${(await reply.text()).slice(0, 200)}`);
}

/** Writes a template whose functions `local` runs, and returns its path. */
function template() {
  const name = path.join(folder, "template.json");
  const Properties = { Runtime: "python3.12", Handler: "triggers.handler", CodeUri: here };
  const LambdaConfig = { DefineAuthChallenge: { "Fn::GetAtt": ["Triggers", "Arn"] } };
  const permission = {
    Action: "lambda:InvokeFunction",
    FunctionName: { Ref: "Triggers" },
    Principal: "cognito-idp.amazonaws.com",
    SourceArn: { "Fn::GetAtt": ["Pool", "Arn"] },
  };
  const Resources = {
    Triggers: { Type: "AWS::Serverless::Function", Properties },
    Pool: { Type: "AWS::Cognito::UserPool", Properties: { LambdaConfig } },
    Client: { Type: "AWS::Cognito::UserPoolClient", Properties: { UserPoolId: { Ref: "Pool" } } },
    Permission: { Type: "AWS::Lambda::Permission", Properties: permission },
  };
  writeFileSync(name, JSON.stringify({ Transform: "AWS::Serverless-2016-10-31", Resources }));
  return name;
}

/** An emulator as a process. */
class Peer {
  #process;

  /** Starts it on a free port, and waits until it answers. */
  static async start({ program, args = () => [], variables = () => ({}) }) {
    const port = String(await freePort());
    const log = openSync(path.join(folder, "log"), "w");
    const peer = new Peer();
    peer.endpoint = `http://127.0.0.1:${port}`;
    const started = performance.now();
    peer.#process = spawn(program, args(port), {
      cwd: folder,
      env: { ...process.env, ...variables(port) },
      stdio: ["ignore", log, log],
    });
    for (;;) {
      if (peer.#process.exitCode !== null) throw new Error(readFileSync(path.join(folder, "log"), "utf8"));
      const answered = await peer.call("ListUserPools", { MaxResults: 1 }).catch(() => undefined);
      if (answered) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    peer.readyAfter = performance.now() - started;
    return peer;
  }

  async call(operation, fields) {
    const { status, body } = await this.#send(request(operation, fields));
    if (status !== 200) throw new Error(`${operation}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Signs in repeatedly, `count` at once, for `seconds`. Returns how often each outcome occurred. */
  async signIns(signIn, count, seconds) {
    const ends = {};
    const until = performance.now() + seconds * 1000;
    const repeat = async () => {
      while (performance.now() < until) {
        const end = await this.signIn(signIn());
        ends[end] = (ends[end] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: count }, repeat));
    return ends;
  }

  /** Runs the requests of a sign-in, and returns its outcome. */
  async signIn(steps) {
    let step = steps.next();
    while (!step.done) step = steps.next(await this.#send(step.value));
    return outcome(step.value);
  }

  async #send(sent) {
    const reply = await fetch(`${this.endpoint}${sent.path}`, sent);
    return { status: reply.status, body: await reply.json().catch(() => ({})) };
  }

  /** Returns the resident megabytes of the process itself, and with all its descendants. */
  megabytes() {
    const parents = new Map();
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        parents.set(pid, readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ")[1]);
      } catch {
        // It has ended in the meantime.
      }
    }
    const isOwn = (pid) => pid === String(this.#process.pid) || (parents.has(pid) && isOwn(parents.get(pid)));
    const resident = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1] ?? 0);
    const sum = (pids) => pids.reduce((sum, pid) => sum + resident(pid), 0) / 1024;
    return { own: sum([this.#process.pid]), all: sum([...parents.keys()].filter(isOwn)) };
  }

  async end() {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }
}

/** Returns a port that is free at present. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
