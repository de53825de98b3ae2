/** Many connections. Each sends the requests of a generator in sequence. */

import { createRequire } from "node:module";
import path from "node:path";

const autocannon = createRequire(path.join(process.env.TARGET, "load", "node_modules"))("autocannon");

/**
 * Keeps `connections` busy for `seconds`. `script(index)` is the generator of a connection. It yields requests,
 * receives the `{ status, body }` of each, and never ends. Returns the results of autocannon. A request without a response
 * after 30 seconds counts as a timeout, and is sent again.
 */
export async function drive(endpoint, connections, seconds, script) {
  let index = 0;
  const setupClient = (client) => {
    const steps = script(index++);
    let next = steps.next().value;
    client.setRequests([
      {
        // Called whenever the connection is free.
        setupRequest: (request) => ({ ...request, ...next }),
        onResponse: (status, text) => {
          next = steps.next({ status, body: parsed(text) }).value;
        },
      },
    ]);
  };
  return autocannon({ url: endpoint, connections, duration: seconds, timeout: 30, setupClient });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
