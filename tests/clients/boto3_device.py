"""Signs in with a tracked device: AWS's own boto3 example, with pycognito's AWSSRP as its SRP helper.

Needs ENDPOINT, a running `local`. The pool is made for the test, because the template's tracks no devices.
"""

import os
import sys

import boto3
from botocore.config import Config
from pycognito import aws_srp

from boto3_rules import assert_refused, rule, run

ENDPOINT = os.environ["ENDPOINT"]
USER, PASSWORD = "jane", "Passw0rd!jane"

cognito = boto3.client(
    "cognito-idp",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
    config=Config(retries={"max_attempts": 0}),
)


class Tracked:
    """Creates a user with a confirmed device, in a pool that tracks devices."""

    def __init__(self):
        tracking = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
        pool = cognito.create_user_pool(PoolName="devices", DeviceConfiguration=tracking)["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool,
            ClientName="devices",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        self.pool, self.client = pool, client
        cognito.admin_create_user(UserPoolId=pool, Username=USER, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(UserPoolId=pool, Username=USER, Password=PASSWORD, Permanent=True)
        reply = sign_in(client)
        self.tokens = reply["AuthenticationResult"]
        self.key = self.tokens["NewDeviceMetadata"]["DeviceKey"]
        self.group = self.tokens["NewDeviceMetadata"]["DeviceGroupKey"]
        self.secret, verifier = aws_srp.generate_hash_device(self.group, self.key)
        reply = cognito.confirm_device(
            AccessToken=self.tokens["AccessToken"],
            DeviceKey=self.key,
            DeviceSecretVerifierConfig=verifier,
            DeviceName="laptop",
        )
        assert reply["UserConfirmationNecessary"] is False


def sign_in(client, **parameters):
    return cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USER, "PASSWORD": PASSWORD, **parameters},
    )


def sign_in_with_tracked_device(tracked, password=PASSWORD, device_password=None):
    """Follows AWS's example: no session at all, and the device's group and key in place of pool and user."""
    helper = aws_srp.AWSSRP(
        username=USER,
        password=device_password or tracked.secret,
        pool_id="_",
        client_id=tracked.client,
        client_secret=None,
        client=cognito,
    )
    started = cognito.initiate_auth(
        ClientId=tracked.client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USER, "PASSWORD": password, "DEVICE_KEY": tracked.key},
    )
    assert started["ChallengeName"] == "DEVICE_SRP_AUTH", started["ChallengeName"]
    parameters = helper.get_auth_params()
    parameters["DEVICE_KEY"] = tracked.key
    asked = cognito.respond_to_auth_challenge(
        ClientId=tracked.client, ChallengeName="DEVICE_SRP_AUTH", ChallengeResponses=parameters
    )
    assert asked["ChallengeName"] == "DEVICE_PASSWORD_VERIFIER", asked["ChallengeName"]
    challenge = asked["ChallengeParameters"]
    challenge["USER_ID_FOR_SRP"] = tracked.group + tracked.key
    responses = helper.process_challenge(challenge, {"USERNAME": USER})
    responses["USERNAME"] = USER
    responses["DEVICE_KEY"] = tracked.key
    return cognito.respond_to_auth_challenge(
        ClientId=tracked.client, ChallengeName="DEVICE_PASSWORD_VERIFIER", ChallengeResponses=responses
    )["AuthenticationResult"]


@rule
def a_tracked_device_signs_in_as_in_awss_example():
    # About one sign-in in sixteen has a number of odd length, one in two a number with its first bit set.
    tracked = Tracked()
    for _ in range(16):
        tokens = sign_in_with_tracked_device(tracked)
        assert tokens["AccessToken"] and tokens["IdToken"] and tokens["RefreshToken"]
        assert "NewDeviceMetadata" not in tokens
    for _ in range(8):
        sign_in_with_tracked_device(Tracked())


@rule
def the_secret_of_another_device_is_refused():
    tracked = Tracked()
    wrong = lambda: sign_in_with_tracked_device(tracked, device_password=Tracked().secret)
    assert_refused(wrong, "Incorrect username or password.")
    assert_refused(lambda: sign_in_with_tracked_device(tracked, password="wrong"), "Incorrect username or password.")


@rule
def a_forgotten_device_does_not_exist():
    tracked = Tracked()
    devices = cognito.list_devices(AccessToken=tracked.tokens["AccessToken"])["Devices"]
    assert [device["DeviceKey"] for device in devices] == [tracked.key]
    cognito.forget_device(AccessToken=tracked.tokens["AccessToken"], DeviceKey=tracked.key)
    missing = "ResourceNotFoundException"
    assert_refused(lambda: sign_in_with_tracked_device(tracked), "Device does not exist.", missing)


@rule
def a_refresh_needs_the_device():
    tracked = Tracked()
    token = tracked.tokens["RefreshToken"]
    refresh = lambda **more: cognito.initiate_auth(
        ClientId=tracked.client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token, **more}
    )
    assert_refused(refresh, "Invalid Refresh Token.")
    assert refresh(DEVICE_KEY=tracked.key)["AuthenticationResult"]["AccessToken"]


sys.exit(run("boto3 devices"))
