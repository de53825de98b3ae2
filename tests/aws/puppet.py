"""A trigger function that the username controls. It prints each event with its response.

On AWS, it is the complete code of a function, so it must be shorter than 4,096 characters. `local` runs it as a process.
"""

import json
import os
import urllib.request

# A file for the events, or else the log.
RECORD = os.environ.get("PUPPET_RECORD")
ASK = {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False, "failAuthentication": False}
TOKENS = {"challengeName": None, "issueTokens": True, "failAuthentication": False}
DENY = {"challengeName": None, "issueTokens": False, "failAuthentication": True}


def define(name, session):
    if name == "both-true":
        return TOKENS | {"failAuthentication": True}
    if name.startswith("next-") and not session:
        return ASK | {"challengeName": {"next-empty": "", "next-null": None}.get(name, name[5:].upper())}
    if session and session[-1].get("challengeName") == "SRP_A":
        return ASK | {"challengeName": "PASSWORD_VERIFIER"}
    if session and session[-1].get("challengeName") != "CUSTOM_CHALLENGE":
        return TOKENS if session[-1].get("challengeResult") else DENY
    if session and session[-1].get("challengeResult"):
        return TOKENS
    return DENY if len(session) >= 12 else ASK


def handler(event, _context):
    name = event.get("userName", "")
    request, trigger = event.get("request", {}), event.get("triggerSource", "").split("_")[0]
    sent = json.loads(json.dumps(event))
    if trigger == "DefineAuthChallenge":
        event["response"].update(define(name, request.get("session") or []))
    elif trigger == "CreateAuthChallenge":
        size = int(name.split("-")[1]) if name.startswith("size-") else 1
        event["response"].update(
            publicChallengeParameters={"public": "x" * size},
            privateChallengeParameters={"answer": "right"},
            challengeMetadata="PUPPET",
        )
    elif trigger == "VerifyAuthChallengeResponse":
        right = request.get("challengeAnswer") == "right"
        event["response"]["answerCorrect"] = None if name == "null-answer" else right
    if name == "null-request":
        request["clientMetadata"] = None
        request["added"] = None
    # The log shows the size of an answer, because its characters are not needed.
    shown = dict(event["response"])
    if name.startswith("size-"):
        shown.pop("publicChallengeParameters", None)
    line = json.dumps({"event": sent, "response": shown})
    if RECORD:
        with open(RECORD, "a") as file:
            file.write(line + "\n")
    else:
        print("PUPPET " + line, flush=True)
    return event


def main():
    """Handles the events of Lambda's Runtime API until it disappears."""
    base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    while True:
        with urllib.request.urlopen(f"{base}/next") as reply:
            id, event = reply.headers["Lambda-Runtime-Aws-Request-Id"], json.load(reply)
        answer = json.dumps(handler(event, None)).encode()
        urllib.request.urlopen(urllib.request.Request(f"{base}/{id}/response", answer)).close()


if __name__ == "__main__":
    main()
