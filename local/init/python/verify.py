"""Says whether the answer is right. A wrong answer is no error."""


def handler(event, context):
    request = event["request"]
    expected = (request.get("privateChallengeParameters") or {}).get("answer")
    given = (request.get("challengeAnswer") or "").strip()
    event["response"]["answerCorrect"] = bool(expected) and given == expected
    return event
