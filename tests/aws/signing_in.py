"""Sign-ins of clients, and a form of their replies for the report: without values that always differ."""

import base64
import hashlib
import json
import re

from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from worlds import ANSWERS, PASSWORD

# Values that the report may show. All others are replaced by their type and length.
PLAIN = {
    "challenge", "alternatives", "step", "steps", "attemptsLeft", "questionId", "locale", "mostTries", "securityQuestion",
    "TokenType", "ChallengeName", "Code", "Message", "HTTPStatusCode", "public",
}


def tried(call, *arguments, **named):
    """Returns the result of a call: the reply, or the error with its HTTP status."""
    try:
        return call(*arguments, **named)
    except ClientError as error:
        found = error.response
        return {
            "Code": found["Error"]["Code"],
            "Message": found["Error"]["Message"],
            "HTTPStatusCode": found["ResponseMetadata"]["HTTPStatusCode"],
        }


def shown(value, name=""):
    """Returns a reply for the report: names and shapes, and the values of `PLAIN`."""
    if isinstance(value, dict):
        return {key: shown(each, key) for key, each in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [shown(each, name) for each in value]
    if isinstance(value, str) and name not in PLAIN:
        return f"text of {len(value)}"
    if isinstance(value, str):
        return value if len(value) <= 200 else f"text of {len(value)}"
    return value


def start(which, name, parameters=None, flow="CUSTOM_AUTH"):
    cognito, _, client = which
    return tried(
        cognito.initiate_auth, AuthFlow=flow, ClientId=client, AuthParameters={"USERNAME": name, **(parameters or {})}
    )


def respond(which, name, reply, responses, challenge="CUSTOM_CHALLENGE"):
    cognito, _, client = which
    session = {"Session": reply["Session"]} if reply.get("Session") else {}
    return tried(
        cognito.respond_to_auth_challenge,
        ClientId=client,
        ChallengeName=reply.get("ChallengeName", challenge),
        ChallengeResponses={"USERNAME": name, **responses},
        **session,
    )


def answer(which, name, reply, text):
    return respond(which, name, reply, {"ANSWER": text})


def by_password(which, name, password=PASSWORD, timestamp=None, flow="CUSTOM_AUTH"):
    """Proves the password by SRP and returns the next reply. `timestamp` replaces the client's time."""
    cognito, pool, client = which
    srp = AWSSRP(username=name, password=password, pool_id=pool, client_id=client, client=cognito)
    parameters = srp.get_auth_params()
    if flow == "CUSTOM_AUTH":
        parameters["CHALLENGE_NAME"] = "SRP_A"
    reply = start(which, name, parameters, flow)
    if reply.get("ChallengeName") != "PASSWORD_VERIFIER":
        return reply
    if timestamp:
        srp.get_cognito_formatted_timestamp = lambda _: timestamp
    responses = srp.process_challenge(reply["ChallengeParameters"], parameters)
    # The username in Cognito, which is part of the proof.
    return respond(which, reply["ChallengeParameters"]["USERNAME"], reply, responses)


def right_answer(reply):
    """Returns the right answer, if a client can know it."""
    asked = reply["ChallengeParameters"]
    if asked["challenge"] == "PROOF_OF_WORK":
        return solved(json.loads(asked["proofOfWork"]))
    return ANSWERS.get(asked.get("questionId"), "not enrolled")


def solved(puzzle):
    """Returns the answer to a proof of work, in the format of ALTCHA version 2."""
    parameters = puzzle["parameters"]
    for counter in range(1_000_000):
        password = bytes.fromhex(parameters["nonce"]) + counter.to_bytes(4, "big")
        key = hashlib.pbkdf2_hmac(
            "sha256", password, bytes.fromhex(parameters["salt"]), parameters["cost"], parameters["keyLength"]
        ).hex()
        if key.startswith(parameters["keyPrefix"]):
            solution = {"challenge": puzzle, "solution": {"counter": counter, "derivedKey": key}}
            return base64.b64encode(json.dumps(solution).encode()).decode()
    raise AssertionError("no solution")


def anonymous(event):
    """Returns an event in the form of a fixture, without the names of users, pools and clients."""
    text = json.dumps(event)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "8a1f2b3c-0000-4000-8000-00000000abcd", text)
    for path, name in (("userPoolId", "us-east-1_EXAMPLE"), ("region", "us-east-1")):
        text = text.replace(json.dumps(event.get(path)), json.dumps(name))
    client = event.get("callerContext", {}).get("clientId")
    return json.loads(text.replace(json.dumps(client), json.dumps("1example23456789")))
