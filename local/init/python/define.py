"""Decides the next challenge: the password by SRP, then the question, at most three times."""

ATTEMPTS = 3
DENY = {"challengeName": None, "issueTokens": False, "failAuthentication": True}
ISSUE_TOKENS = {"challengeName": None, "issueTokens": True, "failAuthentication": False}


def handler(event, context):
    request = event["request"]
    event["response"] = following(request.get("session") or [], request.get("userNotFound") is True)
    return event


def following(session, user_not_found):
    """The client chooses the start, so the whole session must match the decisions of this function."""
    names = [entry.get("challengeName") for entry in session]
    results = [entry.get("challengeResult") is True for entry in session]
    if names[:1] != ["SRP_A"]:
        return DENY
    if len(session) == 1:
        return ask("PASSWORD_VERIFIER")
    if names[1] != "PASSWORD_VERIFIER" or not results[1]:
        return DENY
    if any(name != "CUSTOM_CHALLENGE" for name in names[2:]):
        return DENY
    answers = results[2:]
    if True in answers:
        is_last = answers.index(True) == len(answers) - 1
        return ISSUE_TOKENS if is_last and not user_not_found else DENY
    return ask("CUSTOM_CHALLENGE") if len(answers) < ATTEMPTS else DENY


def ask(name):
    return {"challengeName": name, "issueTokens": False, "failAuthentication": False}
