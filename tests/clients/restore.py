"""Saves the enrolled answers of `local` with `admin/backup.py`, deletes them, and restores them: sign-ins change accordingly.

Needs ENDPOINT, a running `local --debug-answers` with template.yaml.
"""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import urllib.parse
import urllib.request

# The command reads its credentials from the environment. `local` does not check them.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")

import boto3

from boto3_rules import rule, run

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "admin"))
import backup

ENDPOINT = os.environ["ENDPOINT"]
# The pool whose flow has no password, so that the test needs no SRP.
POOL, CLIENT, USER = "us-east-1_NoPassword", "localclientnopassword00000", "demo"
ANSWERS = {"first-pet": "Peccy", "birth-city": "Seattle", "first-teacher": "Ms Ada"}
cognito = boto3.client("cognito-idp", endpoint_url=ENDPOINT)


def signs_in():
    """Returns whether the right answers sign the user in."""
    reply = cognito.initiate_auth(ClientId=CLIENT, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": USER})
    session = urllib.parse.quote(reply["Session"], safe="")
    debug = json.load(urllib.request.urlopen(f"{ENDPOINT}/debug/answer?session={session}"))
    reply = answer(reply, debug["privateChallengeParameters"]["answer"])
    reply = answer(reply, ANSWERS.get(reply["ChallengeParameters"]["questionId"], "not enrolled"))
    return "AuthenticationResult" in reply


def answer(reply, text):
    return cognito.respond_to_auth_challenge(
        ClientId=CLIENT,
        ChallengeName="CUSTOM_CHALLENGE",
        Session=reply["Session"],
        ChallengeResponses={"USERNAME": USER, "ANSWER": text},
    )


@rule
def lost_answers_are_right_again_after_a_restore():
    assert signs_in()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        place = ["--user-pool-id", POOL, "--endpoint-url", ENDPOINT, "--rate", "100", "--file", f"{folder}/backup"]
        assert backup.main(["export", *place]) == 0
        text = pathlib.Path(folder, "backup").read_text()
        for secret in ANSWERS.values():
            assert secret.lower() not in text.lower(), "the file has an answer"
        nothing = {"Name": backup.ATTRIBUTE, "Value": ""}
        cognito.admin_update_user_attributes(UserPoolId=POOL, Username=USER, UserAttributes=[nothing])
        try:
            assert not signs_in(), "an answer is right that is not enrolled"
        finally:
            assert backup.main(["import", *place]) == 0
    assert signs_in()


sys.exit(run("admin/backup.py"))
