"""Sets, lists and removes answers to security questions through the HTTP API, with tokens that boto3 receives.

Needs ENDPOINT, a running `local --debug-answers`, and SCRATCH. With `--old`, tries the tokens of an earlier run once their
sign-in is more than five minutes old: it waits for that.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from boto3_rules import assert_refused, rule, run
from snippets import boto3_sign_in

ENDPOINT = os.environ["ENDPOINT"]
KEPT = Path(os.environ["SCRATCH"], "enrolment.json")
POOL, CLIENT = "us-east-1_LocalPool", "localclient000000000000000"
USER, PASSWORD = "enrolling", "Passw0rd!demo"
FIRST = {"first-pet": "Peccy", "birth-city": "Seattle", "first-teacher": "Ms Ada"}
SECOND = {"first-concert": "Ella at the Blue Note", "oldest-cousin": "Grace", "childhood-friend": "Barbara"}
# The maximum age of a sign-in that may change answers, in seconds.
FRESH = 300


def fetched(path):
    with urllib.request.urlopen(f"{ENDPOINT}{path}", timeout=10) as response:
        return json.load(response)


API = fetched("/page/config.json")["enrolment"]


def call(method, path, token, body=None):
    """Returns the status and the JSON of the reply."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{API}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=40) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())


def answers(pairs):
    return {"answers": [{"question": question, "answer": answer} for question, answer in pairs.items()]}


class Recording:
    """Returns a client that stores its replies, because the CAPTCHA's answer is found by their session."""

    def __init__(self):
        self.client = boto3_sign_in.connect("us-east-1", ENDPOINT)
        self.last = None

    def __getattr__(self, operation):
        def called(**arguments):
            self.last = getattr(self.client, operation)(**arguments)
            return self.last

        return called


def sign_in(known):
    cognito = Recording()

    def answer(asked):
        if asked["challenge"] == "SECURITY_QUESTION":
            return known.get(asked["questionId"], "wrong")
        session = urllib.parse.urlencode({"session": cognito.last["Session"]})
        return fetched(f"/debug/answer?{session}")["privateChallengeParameters"]["answer"]

    return boto3_sign_in.sign_in(cognito, POOL, CLIENT, USER, PASSWORD, answer)


def set_questions(token):
    status, reply = call("GET", "/enrolment?locale=es", token)
    assert (status, reply["locale"]) == (200, "es"), reply
    return {question["id"] for question in reply["questions"] if question["set"]}


def admin(operation, **fields):
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
    }
    body = json.dumps({"UserPoolId": POOL, "Username": USER, **fields}).encode()
    with urllib.request.urlopen(urllib.request.Request(ENDPOINT, body, headers), timeout=10):
        pass


def answers_are_set_listed_and_removed_with_the_token_of_a_sign_in():
    attributes = [{"Name": "email", "Value": "enrolling@example.com"}, {"Name": "email_verified", "Value": "true"}]
    admin("AdminCreateUser", UserAttributes=attributes, MessageAction="SUPPRESS")
    admin("AdminSetUserPassword", Password=PASSWORD, Permanent=True)
    assert call("POST", "/enrolment/links", None, {"username": USER})[0] == 202
    mail = next(mail for mail in fetched("/debug/outbox")["messages"] if "enrolling@" in mail["to"])
    link = mail["text"].split("#enrol=")[1].split()[0]
    request = urllib.request.Request(
        f"{API}/enrolment/link",
        json.dumps(answers(FIRST)).encode(),
        {"Authorization": f"Link {link}", "Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=40) as response:
        assert response.status == 200

    tokens = sign_in(FIRST)
    access = tokens["AccessToken"]
    assert set_questions(access) == set(FIRST)
    for _ in range(2):
        status, reply = call("PUT", "/enrolment", access, answers(SECOND))
        assert status == 200, reply
    assert set_questions(access) == set(SECOND)
    assert sign_in(SECOND)["AccessToken"]
    refused = lambda: sign_in(FIRST)
    assert_refused(refused, "Incorrect username or password.")

    assert call("DELETE", "/enrolment", access) == (204, None)
    assert set_questions(access) == set()
    assert_refused(lambda: sign_in(SECOND), "Incorrect username or password.")
    status, reply = call("PUT", "/enrolment", access, answers(FIRST))
    assert status == 200, reply
    tokens = sign_in(FIRST)
    KEPT.write_text(json.dumps({"tokens": tokens, "since": time.time()}))


def an_answer_is_refused_with_a_problem_that_names_its_question():
    access = json.loads(KEPT.read_text())["tokens"]["AccessToken"]
    status, problem = call("PUT", "/enrolment", access, answers({**FIRST, "first-pet": "ENROLLING@example.com"}))
    assert (status, problem["type"], problem["question"]) == (422, "/problems/answer-known-to-others", "first-pet"), problem
    status, problem = call("PUT", "/enrolment", access, {"answers": []})
    assert (status, problem["type"]) == (422, "/problems/too-few-questions"), problem
    assert set_questions(access) == set(FIRST)


def an_id_token_and_no_token_are_refused():
    tokens = json.loads(KEPT.read_text())["tokens"]
    status, problem = call("GET", "/enrolment", tokens["IdToken"])
    assert (status, problem["type"]) == (403, "/problems/token-not-access"), problem
    for token in (None, tokens["RefreshToken"], "x.y.z"):
        assert call("GET", "/enrolment", token) == (401, {"message": "Unauthorized"})


def a_sign_in_of_more_than_five_minutes_ago_lists_but_changes_nothing():
    kept = json.loads(KEPT.read_text())
    time.sleep(max(0, kept["since"] + FRESH + 1 - time.time()))
    cognito = boto3_sign_in.connect("us-east-1", ENDPOINT)
    refreshed = cognito.get_tokens_from_refresh_token(ClientId=CLIENT, RefreshToken=kept["tokens"]["RefreshToken"])
    for access in (kept["tokens"]["AccessToken"], refreshed["AuthenticationResult"]["AccessToken"]):
        assert set_questions(access) == set(FIRST)
        for method, body in (("PUT", answers(SECOND)), ("DELETE", None)):
            status, problem = call(method, "/enrolment", access, body)
            assert (status, problem["type"], problem["maxAge"]) == (403, "/problems/sign-in-too-old", FRESH), problem
            assert problem["signIn"] == f"{ENDPOINT}/", problem
        assert set_questions(access) == set(FIRST)


if "--old" in sys.argv:
    rule(a_sign_in_of_more_than_five_minutes_ago_lists_but_changes_nothing)
    sys.exit(run("boto3, enrolment later"))
for check in (
    answers_are_set_listed_and_removed_with_the_token_of_a_sign_in,
    an_answer_is_refused_with_a_problem_that_names_its_question,
    an_id_token_and_no_token_are_refused,
):
    rule(check)
sys.exit(run("boto3, enrolment"))
