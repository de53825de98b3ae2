"""The define function of AWS's documentation: the password, then two challenges, then tokens."""

NEXT = {1: "PASSWORD_VERIFIER", 2: "CUSTOM_CHALLENGE", 3: "CUSTOM_CHALLENGE"}


def handler(event, context):
    session = event["request"]["session"]
    passed = bool(session) and session[-1]["challengeResult"] is True
    event["response"] = {
        "challengeName": NEXT.get(len(session)) if passed else None,
        "issueTokens": passed and len(session) == 4,
        "failAuthentication": not passed,
    }
    return event
