"""The three functions of custom authentication, which do nothing: for tests/load/peers.mjs."""


def handler(event, _context):
    trigger = event["triggerSource"].split("AuthChallenge")[0]
    if trigger == "Define":
        done = bool(event["request"]["session"])
        challenge = None if done else "CUSTOM_CHALLENGE"
        event["response"] = {"challengeName": challenge, "issueTokens": done, "failAuthentication": False}
    elif trigger == "Create":
        event["response"] = {"publicChallengeParameters": {}, "privateChallengeParameters": {"a": "b"}}
    else:
        event["response"] = {"answerCorrect": True}
    return event
