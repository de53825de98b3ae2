"""Checks the answer. A wrong answer is not an error."""


def handler(event, context):
    request = event["request"]
    expected = (request.get("privateChallengeParameters") or {}).get("answer")
    given = (request.get("challengeAnswer") or "").strip()
    event["response"]["answerCorrect"] = bool(expected) and given == expected
    return event
