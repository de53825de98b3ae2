/** The calls of Amazon Cognito, over AWS JSON 1.1. All are unsigned. */

/** Cognito runs a trigger for up to three times five seconds, and one call may need three triggers. */
const PATIENCE_MS = 60_000;

/** An error of Cognito: `type` is the exception's name, `message` its text. */
export class CognitoError extends Error {
  name = "CognitoError";

  constructor(type, message) {
    super(message);
    this.type = type;
  }
}

/** There was no response, or it was not from Cognito. */
export class UnreachableError extends Error {
  name = "UnreachableError";
}

/** One app client of a user pool. */
export class Cognito {
  #endpoint;
  #clientId;

  constructor(endpoint, clientId) {
    this.#endpoint = endpoint;
    this.#clientId = clientId;
  }

  /** Starts a sign-in in one of Cognito's flows. */
  start(flow, parameters, signal) {
    const request = { AuthFlow: flow, ClientId: this.#clientId, AuthParameters: parameters };
    return call(this.#endpoint, "InitiateAuth", request, signal);
  }

  /** Answers the challenge that came with `session`. */
  respond(challengeName, session, responses, clientMetadata, signal) {
    const request = {
      ClientId: this.#clientId,
      ChallengeName: challengeName,
      Session: session,
      ChallengeResponses: responses,
      // Cognito does not store it: each answer must contain it again.
      ClientMetadata: clientMetadata,
    };
    return call(this.#endpoint, "RespondToAuthChallenge", request, signal);
  }

  /** Starts the setup of an authenticator app and returns the secret. */
  associateApp(session, signal) {
    return call(this.#endpoint, "AssociateSoftwareToken", { Session: session }, signal);
  }

  /** Completes the setup with a code from the app. */
  verifyApp(session, code, signal) {
    return call(this.#endpoint, "VerifySoftwareToken", { Session: session, UserCode: code }, signal);
  }

  /** Creates an account with `attributes`: `[{ Name, Value }]`. */
  signUp(userName, password, attributes, signal) {
    const account = { Username: userName, Password: password, UserAttributes: attributes };
    return this.#callWithClient("SignUp", account, signal);
  }

  /** Confirms an account with the code that was sent to its address. */
  confirmSignUp(userName, code, signal) {
    return this.#callWithClient("ConfirmSignUp", { Username: userName, ConfirmationCode: code }, signal);
  }

  /** Sends another code that confirms the account. */
  resendConfirmationCode(userName, signal) {
    return this.#callWithClient("ResendConfirmationCode", { Username: userName }, signal);
  }

  /** Sends a code that allows a new password. */
  forgotPassword(userName, signal) {
    return this.#callWithClient("ForgotPassword", { Username: userName }, signal);
  }

  /** Sets the new password with that code. */
  confirmForgotPassword(userName, code, password, signal) {
    const change = { Username: userName, ConfirmationCode: code, Password: password };
    return this.#callWithClient("ConfirmForgotPassword", change, signal);
  }

  /** Confirms the device of a sign-in. The server keeps the verifier of its password. */
  confirmDevice(accessToken, key, verifier) {
    const device = { DeviceKey: key, DeviceName: navigator.userAgent, DeviceSecretVerifierConfig: verifier };
    return call(this.#endpoint, "ConfirmDevice", { AccessToken: accessToken, ...device });
  }

  /** Remembers a device, which can replace a second factor from then on. */
  rememberDevice(accessToken, key) {
    const status = { DeviceKey: key, DeviceRememberedStatus: "remembered" };
    return call(this.#endpoint, "UpdateDeviceStatus", { AccessToken: accessToken, ...status });
  }

  /**
   * Exchanges a refresh token for new tokens, which have a refresh token only if the client rotates them. The token of a
   * sign-in with a device needs the key of the device.
   */
  async renew(refreshToken, deviceKey, signal) {
    const request = { ClientId: this.#clientId, RefreshToken: refreshToken, DeviceKey: deviceKey };
    return (await call(this.#endpoint, "GetTokensFromRefreshToken", request, signal)).AuthenticationResult;
  }

  /** Ends one sign-in: its refresh token and the tokens that came from it. */
  revoke(refreshToken, signal) {
    return call(this.#endpoint, "RevokeToken", { ClientId: this.#clientId, Token: refreshToken }, signal);
  }

  /** Ends all sign-ins of the user. */
  signOutEverywhere(accessToken, signal) {
    return call(this.#endpoint, "GlobalSignOut", { AccessToken: accessToken }, signal);
  }

  /** Calls an operation whose functions may send a message in the reader's language. */
  #callWithClient(operation, request, signal) {
    const client = { ClientId: this.#clientId, ClientMetadata: { locale: navigator.language } };
    return call(this.#endpoint, operation, { ...client, ...request }, signal);
  }
}

/** Returns the descriptions of a pool and of its client, which only administrators get on AWS. */
export async function describe(endpoint, userPoolId, clientId) {
  const [{ UserPool }, { UserPoolClient }] = await Promise.all([
    call(endpoint, "DescribeUserPool", { UserPoolId: userPoolId }),
    call(endpoint, "DescribeUserPoolClient", { UserPoolId: userPoolId, ClientId: clientId }),
  ]);
  return [UserPool, UserPoolClient];
}

async function call(endpoint, operation, request, signal) {
  const response = await post(endpoint, operation, request, signal);
  const body = await response.json().catch(() => null);
  if (response.ok && typeof body === "object" && body !== null) {
    return body;
  }
  const type = errorType(response, body);
  if (type === null) {
    throw new UnreachableError(`HTTP status ${response.status}`);
  }
  throw new CognitoError(type, body?.message ?? body?.Message ?? "");
}

async function post(endpoint, operation, request, signal) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(endpoint, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(request),
      credentials: "omit",
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
  } catch (error) {
    // The caller aborted the call, which is not an error.
    signal?.throwIfAborted();
    throw new UnreachableError(error.message);
  }
}

/** Browsers hide the header from other origins, so the body comes first. */
function errorType(response, body) {
  const raw = body?.__type ?? response.headers.get("x-amzn-ErrorType");
  return raw ? raw.split("#").pop().split(":")[0] : null;
}
