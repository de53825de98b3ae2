"""Creates the question. The client receives the public parameters, and verify receives the private ones."""

import secrets


def handler(event, context):
    one, other = secrets.randbelow(9) + 1, secrets.randbelow(9) + 1
    event["response"]["publicChallengeParameters"] = {"question": f"{one} + {other}"}
    event["response"]["privateChallengeParameters"] = {"answer": str(one + other)}
    event["response"]["challengeMetadata"] = "SUM"
    return event
