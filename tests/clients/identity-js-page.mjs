/** amazon-cognito-identity-js in a browser, to be bundled. */

import * as sdk from "amazon-cognito-identity-js";

import { rules } from "./identity-js-rules.mjs";

globalThis.rules = (world) => rules(sdk, world);
