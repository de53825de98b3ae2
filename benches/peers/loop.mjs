// Replaces aws-lambda-ric if it is not installed: it asks for an event, calls the handler, and sends the response.
import { handler } from "./define.mjs";

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
for (;;) {
  const next = await fetch(`${api}/next`);
  const answer = await handler(await next.json());
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const taken = await fetch(`${api}/${id}/response`, { method: "POST", body: JSON.stringify(answer) });
  await taken.arrayBuffer();
}
