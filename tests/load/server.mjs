/** `local` as a process of the release build: starts it, calls it, measures it, and ends it. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const release = path.join(process.env.TARGET, "release");

/** The arguments that replace the functions of the challenges by an idle one. */
export const idle = ["define", "create", "verify"].flatMap((verb) => [
  `--${verb}-auth-challenge`,
  path.join(release, "idle"),
]);

export class Server {
  #process;
  #temporary;

  /** Starts it with `args` and waits until it prints its address. Without `folder`, it uses a new one until it ends. */
  static async start(args, folder) {
    const server = new Server();
    if (folder === undefined) server.#temporary = folder = mkdtempSync(path.join(tmpdir(), "load-"));
    const where = ["--functions-dir", release, "--listen", "127.0.0.1:0", "--data-dir", folder];
    const started = performance.now();
    server.#process = spawn(path.join(release, "cognito-loop"), [...where, "--debug-answers", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    server.endpoint = await new Promise((resolve, reject) => {
      server.#process.once("exit", (code) => reject(new Error(`local ended with ${code} before it was ready`)));
      // All output is read, because otherwise `local` would wait for space in the pipe.
      createInterface(server.#process.stdout).on("line", (line) => {
        const [, endpoint] = line.match(/^\s*Sign in at\s+(\S+)\/$/) ?? [];
        if (endpoint !== undefined) resolve(endpoint);
      });
    });
    server.readyAfter = performance.now() - started;
    return server;
  }

  /** Calls an operation, unsigned, because `local` does not check signatures. */
  async call(operation, fields) {
    const response = await fetch(this.endpoint, { ...request(operation, fields), path: undefined });
    const reply = await response.json();
    if (!response.ok) throw new Error(`${operation}: ${reply.__type}: ${reply.message}`);
    return reply;
  }

  /** Adds a user with a permanent password. */
  async addUser({ pool, user, password }, UserAttributes = []) {
    const named = { UserPoolId: pool, Username: user };
    await this.call("AdminCreateUser", { ...named, UserAttributes, MessageAction: "SUPPRESS" });
    await this.call("AdminSetUserPassword", { ...named, Password: password, Permanent: true });
  }

  /** Returns the processor time of `local` itself, without the functions. */
  get cpuMilliseconds() {
    // User and system time are the fields 14 and 15. The second field, the name in brackets, may contain spaces.
    const fields = stat(this.#process.pid);
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Returns the resident megabytes by program: `local` itself, and all processes of each function together. */
  get memory() {
    const memory = {};
    for (const pid of [this.#process.pid, ...this.#children()]) {
      try {
        const program = path.basename(readlinkSync(`/proc/${pid}/exe`));
        const [, kilobytes] = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/) ?? [0, 0];
        const seen = (memory[program] ??= { processes: 0, megabytes: 0 });
        seen.processes += 1;
        seen.megabytes += kilobytes / 1024;
      } catch {
        // It has ended in the meantime.
      }
    }
    return memory;
  }

  #children() {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.filter((pid) => stat(pid)[1] === String(this.#process.pid));
  }

  /** Ends it like Ctrl-C. Returns the number of remaining processes, which should be zero. */
  async end() {
    const children = this.#children();
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGINT");
      await once(this.#process, "exit");
    }
    if (this.#temporary) rmSync(this.#temporary, { recursive: true });
    return children.filter((pid) => stat(pid)[0] !== undefined && stat(pid)[0] !== "Z").length;
  }
}

/** Returns the milliseconds of processor time of one RSA signature, which depend on the machine and on its load. */
export function signatureMilliseconds() {
  return Number(execFileSync(path.join(release, "rsa"), { encoding: "utf8" }));
}

/** Returns the median of an odd number of values. */
export function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

/** Returns a call of an operation, in the format of autocannon and `fetch`. */
export function request(operation, fields) {
  return {
    method: "POST",
    path: "/",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify(fields),
  };
}

/** Returns the fields of a process in `/proc` from its state on, or nothing if it has ended. */
function stat(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  } catch {
    return [];
  }
}
