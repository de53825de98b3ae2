/** The end of a sign-in: its tokens are renewed or revoked. */

import { say } from "./dom.js";
import { detail, explanation } from "./errors.js";
import * as tokensView from "./tokens-view.js";
import * as view from "./view.js";

let texts = {};
/** The finished sign-in: `{ cognito, device, tokens }`. */
let finished = null;
/** Uses the access token of the finished sign-in. */
let use = () => {};
/** Shows the first form with a text. */
let end = () => {};

/** Prepares the buttons. `useToken` receives each access token, and `signedOut` a text for the first form. */
export function begin(catalogue, useToken, signedOut) {
  [texts, use, end] = [catalogue, useToken, signedOut];
  tokensView.begin(texts, { renew, remember, signOut, signOutEverywhere });
}

/** Shows the tokens of a finished sign-in. `renewable` is whether the client may renew them. */
export function signedIn({ cognito, device, asksToRemember }, tokens, renewable) {
  finished = { cognito, device, tokens };
  tokensView.showSignedIn(tokens, renewable, asksToRemember === true);
  use(tokens.AccessToken);
}

/** Forgets the tokens, because a new sign-in starts. */
export function forget() {
  finished = null;
}

function renew() {
  return attempt(async (current) => {
    const { cognito, device, tokens } = current;
    const renewed = await cognito.renew(tokens.RefreshToken, device?.key);
    // Only a client with rotation gets a new refresh token.
    current.tokens = { ...tokens, ...renewed };
    if (current !== finished) return;
    tokensView.showTokens(current.tokens);
    say(texts.tokensRenewed);
    use(current.tokens.AccessToken);
  });
}

function remember() {
  return attempt(async (current) => {
    await current.cognito.rememberDevice(current.tokens.AccessToken, current.device.key);
    if (current === finished) tokensView.showRemembered();
  });
}

function signOut() {
  return attempt(async (current) => {
    await current.cognito.revoke(current.tokens.RefreshToken);
    if (current === finished) end(texts.signedOut);
  });
}

function signOutEverywhere() {
  return attempt(async (current) => {
    await current.cognito.signOutEverywhere(current.tokens.AccessToken);
    if (current === finished) end(texts.signedOutEverywhere);
  });
}

async function attempt(call) {
  const current = finished;
  await view.whileBusy(
    () => call(current),
    (error) => {
      if (current === finished) view.alarm(texts[explanation(error)], detail(error));
    },
  );
}
