import os

from common import PRIVATE


def handler(event, context):
    print("asked by", context.function_name, "with", context.get_remaining_time_in_millis() > 0)
    event["response"] = {
        "publicChallengeParameters": {"question": "The answer?"},
        "privateChallengeParameters": {PRIVATE: os.environ["ANSWER"]},
        "challengeMetadata": "QUESTION",
    }
    return event
