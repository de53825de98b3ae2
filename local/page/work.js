/** Solves a proof of work in a worker, so that the page stays responsive. */

// A browser that enforces trusted types treats a worker's address as code. This one is a constant.
const policy = globalThis.trustedTypes?.createPolicy("puzzle", { createScriptURL: () => "/page/puzzle.js" });
const address = policy?.createScriptURL("") ?? "/page/puzzle.js";

/** Returns the answer to `challenge`. It calls `tell` with the number of tries. Aborting `signal` ends the work. */
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
