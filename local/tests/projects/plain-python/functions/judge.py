from common import PRIVATE


def handler(event, context):
    request = event["request"]
    if request["challengeAnswer"] == "raise":
        raise ValueError("no luck")
    right = request["challengeAnswer"] == request["privateChallengeParameters"][PRIVATE]
    event["response"]["answerCorrect"] = right
    return event
