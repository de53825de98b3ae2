"""Attaches the functions to an existing pool, with `admin/pool.py`, and detaches them: sign-ins change accordingly.

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

from boto3_rules import assert_refused, rule, run

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "admin"))
import pool as command

ENDPOINT = os.environ["ENDPOINT"]
USER, PASSWORD = "ada", "Passw0rd!ada"
# The functions of `local` whose flow has no password, so that the test needs no SRP.
ARN = "arn:aws:lambda:us-east-1:000000000000:function:{}FunctionNoPassword"
FUNCTIONS = {
    "DefineAuthChallenge": ARN.format("DefineAuthChallenge"),
    "CreateAuthChallenge": ARN.format("CreateAuthChallenge"),
    "VerifyAuthChallengeResponse": ARN.format("VerifyAuthChallenge"),
    "PreTokenGeneration": "arn:aws:lambda:us-east-1:000000000000:function:PreTokenGenerationFunction",
}
cognito = boto3.client("cognito-idp", endpoint_url=ENDPOINT)


@rule
def a_pool_that_is_there_asks_the_challenges_while_it_is_attached():
    pool = cognito.create_user_pool(PoolName="there", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username=USER, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=USER, Password=PASSWORD, Permanent=True)
    by_password = {"USERNAME": USER, "PASSWORD": PASSWORD}

    def start(flow, parameters):
        return cognito.initiate_auth(ClientId=client, AuthFlow=flow, AuthParameters=parameters)

    def described():
        found = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
        configured = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
        return [command.without(each, "LastModifiedDate", "SchemaAttributes") for each in (found, configured)]

    assert start("USER_PASSWORD_AUTH", by_password)["AuthenticationResult"]
    before = described()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        place = ["--user-pool-id", pool, "--endpoint-url", ENDPOINT, "--undo", f"{folder}/undo.json", "--yes"]
        functions = [f"--{command.dashed(output)}={FUNCTIONS[trigger]}" for trigger, output in command.TRIGGERS.items()]
        command.main(["attach", *place, "--client-id", client, "--auth-session-minutes", "3", *functions])

        not_enabled = "USER_PASSWORD_AUTH flow not enabled for this client"
        assert_refused(lambda: start("USER_PASSWORD_AUTH", by_password), not_enabled, "InvalidParameterException")
        asked = start("CUSTOM_AUTH", {"USERNAME": USER})
        assert asked["ChallengeParameters"]["challenge"] == "CAPTCHA", asked
        session = urllib.parse.quote(asked["Session"], safe="")
        debug = json.load(urllib.request.urlopen(f"{ENDPOINT}/debug/answer?session={session}"))
        reply = cognito.respond_to_auth_challenge(
            ClientId=client,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=asked["Session"],
            ChallengeResponses={"USERNAME": USER, "ANSWER": debug["privateChallengeParameters"]["answer"]},
        )
        assert reply["ChallengeParameters"]["challenge"] == "SECURITY_QUESTION", reply

        command.main(["detach", *place])
    assert described() == before, f"{described()} is not {before}"
    assert start("USER_PASSWORD_AUTH", by_password)["AuthenticationResult"]
    not_configured = "Custom auth lambda trigger is not configured for the user pool."
    assert_refused(lambda: start("CUSTOM_AUTH", {"USERNAME": USER}), not_configured, "InvalidParameterException")


sys.exit(run("admin/pool.py"))
