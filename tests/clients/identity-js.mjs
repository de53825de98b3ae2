// Signs in with amazon-cognito-identity-js in Node.js: custom challenges and tracked devices.
//
// Needs what world.mjs needs.
import { rules } from "./identity-js-rules.mjs";
import { tryAll } from "./rules.mjs";
import { constants, require, services, version } from "./world.mjs";

const sdk = require("amazon-cognito-identity-js");

console.log(`${version("amazon-cognito-identity-js")}, Node.js ${process.versions.node}`);
await tryAll("identity-js", rules(sdk, { ...constants, ...services }));
