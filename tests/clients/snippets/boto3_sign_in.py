"""Signs in with boto3. pycognito computes the proof of the password."""

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP


def connect(region, endpoint_url=None):
    """A client that needs no AWS credentials. `endpoint_url` is the address of `local`."""
    return boto3.client("cognito-idp", region_name=region, endpoint_url=endpoint_url, config=Config(signature_version=UNSIGNED))


def sign_in(cognito, pool_id, client_id, username, password, answer):
    """The tokens. `answer` takes the parameters of a challenge and returns the answer of the person."""
    srp = AWSSRP(username=username, password=password, pool_id=pool_id, client_id=client_id, client=cognito)
    parameters = {**srp.get_auth_params(), "CHALLENGE_NAME": "SRP_A"}
    reply = cognito.initiate_auth(ClientId=client_id, AuthFlow="CUSTOM_AUTH", AuthParameters=parameters)
    while "AuthenticationResult" not in reply:
        asked = reply["ChallengeParameters"]
        if reply["ChallengeName"] == "PASSWORD_VERIFIER":
            responses = srp.process_challenge(asked, parameters)
        elif reply["ChallengeName"] == "CUSTOM_CHALLENGE":
            responses = {"USERNAME": username, "ANSWER": answer(asked)}
        else:
            raise RuntimeError(f"unexpected challenge {reply['ChallengeName']}")
        reply = cognito.respond_to_auth_challenge(
            ClientId=client_id,
            ChallengeName=reply["ChallengeName"],
            ChallengeResponses=responses,
            ClientMetadata={"locale": "en"},
            Session=reply["Session"],
        )
    return reply["AuthenticationResult"]
