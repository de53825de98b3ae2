"""Signs in with boto3 (no SRP) and with the SRP of pycognito, or warrant, inside CUSTOM_AUTH.

Needs ENDPOINT, a running `local --debug-answers`.
"""

import base64
import json
import os
import sys
import urllib.parse
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP
from warrant.aws_srp import AWSSRP as WarrantsAWSSRP

from boto3_rules import assert_refused, rule, run
from snippets import boto3_sign_in

ENDPOINT = os.environ["ENDPOINT"]
POOL, CLIENT = "us-east-1_LocalPool", "localclient000000000000000"
CLIENT_WITHOUT_PASSWORD = "localclientnopassword00000"
USER, PASSWORD = "demo", "Passw0rd!demo"
SECURITY_ANSWERS = {"first-pet": "Peccy", "birth-city": "Seattle", "first-teacher": "Ms Ada"}

cognito = boto3.client(
    "cognito-idp",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
)


@rule
def boto3_signs_in_without_a_password_where_the_flow_has_none():
    reply = start(CLIENT_WITHOUT_PASSWORD)
    assert_asks(reply, challenge="CAPTCHA", step="1", steps="2", attemptsLeft="3")
    assert reply["ChallengeParameters"]["USERNAME"] == USER

    reply = answer(CLIENT_WITHOUT_PASSWORD, reply, "wrong")
    assert_asks(reply, challenge="CAPTCHA", step="1", steps="2", attemptsLeft="2")
    reply = answer(CLIENT_WITHOUT_PASSWORD, reply, captcha_answer(reply))
    assert_asks(reply, challenge="SECURITY_QUESTION", step="2", steps="2", attemptsLeft="3")
    reply = answer(CLIENT_WITHOUT_PASSWORD, reply, "wrong")
    assert_asks(reply, challenge="SECURITY_QUESTION", step="2", steps="2", attemptsLeft="2")
    assert_tokens(answer(CLIENT_WITHOUT_PASSWORD, reply, security_answer(reply)), CLIENT_WITHOUT_PASSWORD)


@rule
def pycognito_signs_in_with_password_captcha_and_question():
    reply = prove_password()
    assert_asks(reply, challenge="CAPTCHA", step="2", steps="3", attemptsLeft="3")

    reply = answer(CLIENT, reply, "wrong")
    assert_asks(reply, challenge="CAPTCHA", step="2", steps="3", attemptsLeft="2")
    reply = answer(CLIENT, reply, captcha_answer(reply))
    assert_asks(reply, challenge="SECURITY_QUESTION", step="3", steps="3", attemptsLeft="3")
    assert_tokens(answer(CLIENT, reply, security_answer(reply)), CLIENT)


@rule
def warrant_signs_in_with_password_captcha_and_question():
    reply = prove_password_with_warrant()
    assert_asks(reply, challenge="CAPTCHA", step="2", steps="3", attemptsLeft="3")
    reply = answer(CLIENT, reply, captcha_answer(reply))
    assert_tokens(answer(CLIENT, reply, security_answer(reply)), CLIENT)
    for _ in range(8):
        assert_asks(prove_password_with_warrant(), challenge="CAPTCHA", step="2")
    wrong = lambda: prove_password_with_warrant(password="Passw0rd!wrong")
    assert_refused(wrong, "Incorrect username or password.")


@rule
def srp_agrees_whatever_the_numbers():
    # About one sign-in in sixteen has a number of odd length, one in two a number with its first bit set.
    for _ in range(24):
        assert_asks(prove_password(), challenge="CAPTCHA", step="2")


@rule
def the_code_in_the_documentation_signs_in():
    replies = []

    class Recording:
        """Returns a client that stores its replies, because the CAPTCHA's answer is found by their session."""

        def __getattr__(self, operation):
            def call(**arguments):
                replies.append(getattr(boto3_sign_in.connect("us-east-1", ENDPOINT), operation)(**arguments))
                return replies[-1]

            return call

    def read(asked):
        return captcha_answer(replies[-1]) if asked["challenge"] == "CAPTCHA" else security_answer(replies[-1])

    tokens = boto3_sign_in.sign_in(Recording(), POOL, CLIENT, USER, PASSWORD, read)
    assert claims(tokens["AccessToken"])["username"] == USER


@rule
def a_wrong_password_is_refused():
    assert_refused(lambda: prove_password(password="Passw0rd!wrong"), "Incorrect username or password.")


@rule
def a_password_flow_does_not_start_without_one():
    assert_refused(lambda: start(CLIENT), "Incorrect username or password.")


@rule
def no_other_way_in_is_open():
    password = {"USERNAME": USER, "PASSWORD": PASSWORD}
    srp = {"USERNAME": USER, "SRP_A": "2"}
    for flow, parameters in [("USER_PASSWORD_AUTH", password), ("USER_SRP_AUTH", srp)]:
        expected = f"{flow} flow not enabled for this client"
        call = lambda: cognito.initiate_auth(AuthFlow=flow, ClientId=CLIENT, AuthParameters=parameters)
        assert_refused(call, expected, "InvalidParameterException")


@rule
def an_unknown_user_is_asked_for_a_password_like_anyone():
    known, unknown = (start(CLIENT, name, srp_parameters(name)) for name in (USER, "nobody"))
    assert known.keys() == unknown.keys()
    assert known["ChallengeName"] == unknown["ChallengeName"] == "PASSWORD_VERIFIER"
    assert known["ChallengeParameters"].keys() == unknown["ChallengeParameters"].keys()
    again = start(CLIENT, "nobody", srp_parameters("nobody"))
    salts = [reply["ChallengeParameters"]["SALT"] for reply in (unknown, again)]
    assert salts[0] == salts[1], "the salt of an unknown user changes from call to call"


@rule
def an_unknown_user_fails_like_a_wrong_password():
    assert_refused(lambda: prove_password(name="nobody"), "Incorrect username or password.")


@rule
def an_unknown_user_is_asked_the_same_and_gets_no_tokens():
    known, unknown = start(CLIENT_WITHOUT_PASSWORD), start(CLIENT_WITHOUT_PASSWORD, "nobody")
    assert_alike(known, unknown)
    known = answer(CLIENT_WITHOUT_PASSWORD, known, captcha_answer(known))
    unknown = answer(CLIENT_WITHOUT_PASSWORD, unknown, captcha_answer(unknown), "nobody")
    assert_alike(known, unknown)
    for attempts_left in ("2", "1"):
        known = answer(CLIENT_WITHOUT_PASSWORD, known, "wrong")
        unknown = answer(CLIENT_WITHOUT_PASSWORD, unknown, "wrong", "nobody")
        assert_alike(known, unknown)
        assert_asks(unknown, attemptsLeft=attempts_left)
    for name, reply in ((USER, known), ("nobody", unknown)):
        last = lambda: answer(CLIENT_WITHOUT_PASSWORD, reply, "wrong", name)
        assert_refused(last, "Incorrect username or password.")


@rule
def a_session_answers_once():
    reply = start(CLIENT_WITHOUT_PASSWORD)
    answer(CLIENT_WITHOUT_PASSWORD, reply, "wrong")
    assert_refused(
        lambda: answer(CLIENT_WITHOUT_PASSWORD, reply, "wrong"),
        "Invalid session for the user, session can only be used once.",
    )


@rule
def a_made_up_session_is_refused():
    made_up = {"ChallengeName": "CUSTOM_CHALLENGE", "Session": "x" * 40}
    assert_refused(lambda: answer(CLIENT_WITHOUT_PASSWORD, made_up, "any"), "Invalid session for the user.")


@rule
def a_refresh_token_gives_new_tokens_without_challenges():
    reply = start(CLIENT_WITHOUT_PASSWORD)
    reply = answer(CLIENT_WITHOUT_PASSWORD, reply, captcha_answer(reply))
    first = answer(CLIENT_WITHOUT_PASSWORD, reply, security_answer(reply))["AuthenticationResult"]
    second = cognito.initiate_auth(
        AuthFlow="REFRESH_TOKEN_AUTH",
        ClientId=CLIENT_WITHOUT_PASSWORD,
        AuthParameters={"REFRESH_TOKEN": first["RefreshToken"]},
    )["AuthenticationResult"]
    assert "RefreshToken" not in second
    assert claims(second["AccessToken"])["origin_jti"] == claims(first["AccessToken"])["origin_jti"]


def start(client, name=USER, parameters=None):
    parameters = {"USERNAME": name, **(parameters or {})}
    return cognito.initiate_auth(AuthFlow="CUSTOM_AUTH", ClientId=client, AuthParameters=parameters)


def answer(client, reply, text, name=USER):
    return cognito.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName=reply["ChallengeName"],
        Session=reply["Session"],
        ChallengeResponses={"USERNAME": name, "ANSWER": text},
    )


def srp_parameters(name):
    return {"CHALLENGE_NAME": "SRP_A", "SRP_A": srp(name, "any").get_auth_params()["SRP_A"]}


def srp(name, password):
    return AWSSRP(username=name, password=password, pool_id=POOL, client_id=CLIENT, client=cognito)


def prove_password(name=USER, password=PASSWORD):
    """Returns the reply after the password, like pycognito's `authenticate_user` in a custom authentication."""
    proof = srp(name, password)
    parameters = {**proof.get_auth_params(), "CHALLENGE_NAME": "SRP_A"}
    reply = start(CLIENT, name, parameters)
    assert reply["ChallengeName"] == "PASSWORD_VERIFIER", reply
    return cognito.respond_to_auth_challenge(
        ClientId=CLIENT,
        ChallengeName="PASSWORD_VERIFIER",
        Session=reply["Session"],
        ChallengeResponses=proof.process_challenge(reply["ChallengeParameters"], parameters),
    )


def prove_password_with_warrant(password=PASSWORD):
    """Returns the same with the class that pycognito's is derived from."""
    proof = WarrantsAWSSRP(username=USER, password=password, pool_id=POOL, client_id=CLIENT, client=cognito)
    reply = start(CLIENT, USER, {**proof.get_auth_params(), "CHALLENGE_NAME": "SRP_A"})
    return cognito.respond_to_auth_challenge(
        ClientId=CLIENT,
        ChallengeName="PASSWORD_VERIFIER",
        Session=reply["Session"],
        ChallengeResponses=proof.process_challenge(reply["ChallengeParameters"]),
    )


def captcha_answer(reply):
    session = urllib.parse.quote(reply["Session"], safe="")
    with urllib.request.urlopen(f"{ENDPOINT}/debug/answer?session={session}", timeout=10) as response:
        pending = json.load(response)
    assert pending["challenge"] == "CAPTCHA", pending["challenge"]
    return pending["privateChallengeParameters"]["answer"]


def security_answer(reply):
    return SECURITY_ANSWERS[reply["ChallengeParameters"]["questionId"]]


def assert_asks(reply, **expected):
    assert reply.get("ChallengeName") == "CUSTOM_CHALLENGE", reply.get("ChallengeName")
    parameters = reply["ChallengeParameters"]
    found = {name: parameters.get(name) for name in expected}
    assert found == expected, f"expected {expected}, got {found}"


def assert_alike(known, unknown):
    assert known.keys() == unknown.keys(), f"{known.keys()} {unknown.keys()}"
    known, unknown = known["ChallengeParameters"], unknown["ChallengeParameters"]
    assert known.keys() == unknown.keys(), f"{known.keys()} {unknown.keys()}"
    same = ("challenge", "step", "steps", "attemptsLeft", "locale")
    assert {name: known.get(name) for name in same} == {name: unknown.get(name) for name in same}


def assert_tokens(reply, client):
    assert "ChallengeName" not in reply and "Session" not in reply, reply.keys()
    result = reply["AuthenticationResult"]
    assert result["TokenType"] == "Bearer" and result["RefreshToken"]
    identity, access = claims(result["IdToken"]), claims(result["AccessToken"])
    assert (identity["token_use"], access["token_use"]) == ("id", "access")
    assert (identity["aud"], access["client_id"]) == (client, client)
    assert (identity["cognito:username"], access["username"]) == (USER, USER)
    assert identity["sub"] == access["sub"]


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


sys.exit(run("Python"))
