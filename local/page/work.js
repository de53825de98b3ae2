/** Has a worker solve a proof of work, so that the page stays usable meanwhile. */

// A worker's address is code to a browser that enforces trusted types; this one is a constant.
const policy = globalThis.trustedTypes?.createPolicy("puzzle", { createScriptURL: () => "/page/puzzle.js" });
const address = policy?.createScriptURL("") ?? "/page/puzzle.js";

/** The answer to `challenge`; `tell` hears how many tries there were. Aborting `signal` ends the work. */
export function work(challenge, tell, signal) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(address, { type: "module" });
    const end = (settle) => {
      worker.terminate();
      settle();
    };
    worker.addEventListener("message", ({ data }) => {
      if (data.answer === undefined) tell(data.tries);
      else end(() => resolve(data.answer));
    });
    worker.addEventListener("error", () => end(() => reject(new Error("the worker failed"))));
    signal.addEventListener("abort", () => end(() => reject(signal.reason)));
    worker.postMessage(challenge);
  });
}
