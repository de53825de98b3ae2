// Runs a handler as Lambda's Node.js runtime does: CommonJS or ES module, async or with a callback.
import { existsSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: root, _HANDLER: handlerName } = process.env;
const [host, port] = api.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body = "", headers = {}) {
    return new Promise((resolve, reject) => {
        const options = { agent, host, port, method, path: `/2018-06-01/runtime${path}`, headers };
        options.headers["content-length"] = Buffer.byteLength(body);
        const sent = request(options, (response) => {
            const chunks = [];
            response.on("data", (chunk) => chunks.push(chunk));
            response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
        });
        sent.on("error", reject);
        sent.end(body);
    });
}

function described(error) {
    if (error instanceof Error) {
        const trace = (error.stack ?? "").split("\n").slice(1).map((line) => line.trim());
        return { errorType: error.name, errorMessage: error.message, trace };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

async function initError(errorType, errorMessage) {
    await call("POST", "/init/error", JSON.stringify({ errorType, errorMessage }));
    process.exit(1);
}

async function loadHandler() {
    const slash = handlerName.lastIndexOf("/") + 1;
    const dot = handlerName.indexOf(".", slash);
    if (dot < 0) {
        await initError("Runtime.MalformedHandlerName", `\`Handler: ${handlerName}\` must be a file and a function, as in \`index.handler\``);
    }
    const base = join(root, handlerName.slice(0, dot));
    const file = ["", ".js", ".mjs", ".cjs"].map((end) => base + end).find((path) => existsSync(path));
    if (!file) {
        await initError("Runtime.ImportModuleError", `\`Handler: ${handlerName}\` has no file: looked for ${base}.js, .mjs and .cjs`);
    }
    let found;
    try {
        found = await import(pathToFileURL(file));
    } catch (error) {
        const { errorType, errorMessage } = described(error);
        await initError("Runtime.ImportModuleError", `${file} cannot be loaded: ${errorType}: ${errorMessage.split("\n")[0]}`);
    }
    const names = handlerName.slice(dot + 1).split(".");
    const pick = (from) => names.reduce((value, name) => value?.[name], from);
    const handler = pick(found) ?? pick(found.default);
    if (typeof handler !== "function") {
        await initError("Runtime.HandlerNotFound", `${file} exports no function \`${names.join(".")}\``);
    }
    return handler;
}

function contextOf(headers) {
    const env = process.env;
    const deadline = Number(headers["lambda-runtime-deadline-ms"]);
    return {
        awsRequestId: headers["lambda-runtime-aws-request-id"],
        callbackWaitsForEmptyEventLoop: true,
        functionName: env.AWS_LAMBDA_FUNCTION_NAME,
        functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
        getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
        invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
        logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
        memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    };
}

// The first response counts: a second one of a handler is ignored.
function run(handler, event, context) {
    return new Promise((resolve, reject) => {
        const callback = (error, result) => (error ? reject(error) : resolve(result));
        context.done = callback;
        context.succeed = resolve;
        context.fail = reject;
        // A handler that returns nothing and has no pending work has no response.
        process.once("beforeExit", () => resolve(null));
        const returned = handler(event, context, callback);
        if (typeof returned?.then === "function") {
            returned.then(resolve, reject);
        } else if (returned !== undefined && handler.length < 3) {
            resolve(returned);
        }
    }).finally(() => process.removeAllListeners("beforeExit"));
}

const handler = await loadHandler();
for (;;) {
    const next = await call("GET", "/invocation/next");
    const context = contextOf(next.headers);
    const path = `/invocation/${context.awsRequestId}`;
    try {
        const answer = JSON.stringify((await run(handler, JSON.parse(next.body), context)) ?? null);
        await call("POST", `${path}/response`, answer);
    } catch (error) {
        console.error(error);
        await call("POST", `${path}/error`, JSON.stringify(described(error)));
    }
}
