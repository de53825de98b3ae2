"""Tests `admin/pool.py`, which attaches the functions to an existing pool: it keeps all settings of the pool.

The fields that describe a pool and those that change it are in botocore's model of the service.
"""

import contextlib
import copy
import io
import json
import pathlib
import sys
import tempfile
import unittest

import botocore.session
from botocore.validate import ParamValidator

from cloud import Cloud

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "admin"))
import pool as command

MODEL = botocore.session.get_session().get_service_model("cognito-idp")
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
ARNS = {trigger: f"{ARN}{trigger}:live" for trigger in command.TRIGGERS}
# A pool and an app client with properties of every kind.
POOL = {
    "PoolName": "people",
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 10,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": False,
            "PasswordHistorySize": 3,
            "TemporaryPasswordValidityDays": 5,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
    },
    "DeletionProtection": "ACTIVE",
    "LambdaConfig": {"PreSignUp": f"{ARN}pre-sign-up", "PostConfirmation": f"{ARN}post"},
    "AutoVerifiedAttributes": ["email"],
    "AliasAttributes": ["email"],
    "SmsVerificationMessage": "Code {####}",
    "EmailVerificationMessage": "Your code is {####}",
    "EmailVerificationSubject": "A code",
    "VerificationMessageTemplate": {
        "SmsMessage": "Code {####}",
        "EmailMessage": "Your code is {####}",
        "EmailSubject": "A code",
        "DefaultEmailOption": "CONFIRM_WITH_CODE",
    },
    "SmsAuthenticationMessage": "MFA {####}",
    "MfaConfiguration": "OPTIONAL",
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True},
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT", "ReplyToEmailAddress": "help@example.com"},
    "SmsConfiguration": {
        "SnsCallerArn": "arn:aws:iam::000000000000:role/sms",
        "ExternalId": "outside",
        "SnsRegion": "us-east-1",
    },
    "UserPoolTags": {"team": "identity", "cost": "42"},
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": False,
        "InviteMessageTemplate": {
            "SMSMessage": "{username} {####}",
            "EmailMessage": "Hello {username}, {####}",
            "EmailSubject": "Welcome",
        },
    },
    "UsernameConfiguration": {"CaseSensitive": False},
    "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"},
    "AccountRecoverySetting": {
        "RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}, {"Priority": 2, "Name": "verified_phone_number"}]
    },
}
CLIENT = {
    "ClientName": "app",
    "RefreshTokenValidity": 12,
    "AccessTokenValidity": 30,
    "IdTokenValidity": 45,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "CallbackURLs": ["https://example.com/back"],
    "LogoutURLs": ["https://example.com/out"],
    "SupportedIdentityProviders": ["COGNITO"],
    "PreventUserExistenceErrors": "LEGACY",
    "EnableTokenRevocation": False,
    "AuthSessionValidity": 5,
    "ReadAttributes": ["email", "name"],
    "WriteAttributes": ["name"],
}


def filled(shape):
    """Returns a value with every member of `shape`."""
    match shape.type_name:
        case "structure":
            return {name: filled(member) for name, member in shape.members.items()}
        case "list":
            return [filled(shape.member)]
        case "map":
            return {filled(shape.key): filled(shape.value)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * shape.metadata.get("min", 1)
        case "integer" | "long":
            return shape.metadata.get("max", 1)
        case "boolean":
            return True
        case "timestamp":
            return "2026-11-22T00:00:00+00:00"
    raise AssertionError(shape.type_name)


class Model(unittest.TestCase):
    """A pool and an app client with every field of AWS's model."""

    def accepts(self, operation, update):
        """Checks that the update has every field of the operation, and is valid."""
        takes = MODEL.operation_model(operation).input_shape
        self.assertEqual(ParamValidator().validate(update, takes).generate_report(), "")
        self.assertEqual(set(takes.members), set(update))

    def test_a_pool_keeps_everything_but_its_triggers_and_its_mfa(self):
        pool = filled(MODEL.operation_model("DescribeUserPool").output_shape.members["UserPool"])
        pool["MfaConfiguration"] = "ON"
        update = command.pool_update(MODEL, copy.deepcopy(pool), command.wanted(ARNS), "OFF")
        expected = pool | {
            "UserPoolId": pool["Id"],
            "PoolName": pool["Name"],
            "MfaConfiguration": "OFF",
            "LambdaConfig": pool["LambdaConfig"] | command.wanted(ARNS),
        }
        del expected["AdminCreateUserConfig"]["UnusedAccountValidityDays"]
        self.accepts("UpdateUserPool", update)
        self.assertEqual(update, {name: expected[name] for name in update})

    def test_an_app_client_keeps_everything_but_what_would_be_a_way_around(self):
        client = filled(MODEL.operation_model("DescribeUserPoolClient").output_shape.members["UserPoolClient"])
        client["EnableTokenRevocation"] = False
        changes = command.CLIENT | {"AuthSessionValidity": 3}
        update = command.client_update(MODEL, client, changes)
        expected = client | changes
        self.accepts("UpdateUserPoolClient", update)
        self.assertEqual(update, {name: expected[name] for name in update})


class There(unittest.TestCase):
    """A pool in ministack, with an app client that is attached and one that is not."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.cognito = cls.cloud.client("cognito-idp")

    def setUp(self):
        self.pool = self.cognito.create_user_pool(**POOL)["UserPool"]["Id"]
        make = self.cognito.create_user_pool_client
        self.client = make(UserPoolId=self.pool, **CLIENT)["UserPoolClient"]["ClientId"]
        self.other = make(UserPoolId=self.pool, **CLIENT | {"ClientName": "other"})["UserPoolClient"]["ClientId"]
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.undo = f"{folder.name}/undo.json"

    def run_command(self, name, *more):
        place = ["--user-pool-id", self.pool, "--endpoint-url", self.cloud.endpoint, "--undo", self.undo, "--yes"]
        functions = [f"--{command.dashed(output)}={ARNS[trigger]}" for trigger, output in command.TRIGGERS.items()]
        client = ["--client-id", self.client, "--auth-session-minutes", "3", *functions] if name == "attach" else []
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            command.main([name, *place, *client, *more])
        return printed.getvalue()

    def described(self):
        """Returns the current pool and its clients, without times."""
        pool = self.cognito.describe_user_pool(UserPoolId=self.pool)["UserPool"]
        clients = [
            self.cognito.describe_user_pool_client(UserPoolId=self.pool, ClientId=client)["UserPoolClient"]
            for client in (self.client, self.other)
        ]
        mfa = command.without(self.cognito.get_user_pool_mfa_config(UserPoolId=self.pool), "ResponseMetadata")
        return [command.without(each, "LastModifiedDate") for each in (pool, *clients)], mfa

    def test_attaching_changes_what_it_says_and_detaching_undoes_it(self):
        (pool, client, other), mfa = self.described()
        self.assertGreater(len(str(pool)), 1000)
        shown = self.run_command("attach", "--dry-run")
        self.assertEqual(self.described(), ([pool, client, other], mfa))
        self.assertFalse(pathlib.Path(self.undo).exists())
        for line in (
            "MfaConfiguration: \"OPTIONAL\" -> \"OFF\"",
            "LambdaConfig.DefineAuthChallenge: (none) -> ",
            "ExplicitAuthFlows: [\"ALLOW_USER_SRP_AUTH\"",
            "MFA will be off for every user",
            f"app client {self.other} (other) allows USER_SRP_AUTH",
            "nothing was changed",
        ):
            self.assertIn(line, shown)
        self.assertNotIn(f"app client {self.client} (app) allows", shown)

        attached = self.run_command("attach")
        # The same lines as the dry run, except for the last one.
        self.assertEqual(attached.splitlines()[:-1], shown.splitlines()[:-1])
        (after, client_after, other_after), _ = self.described()
        expected = pool | {"LambdaConfig": pool["LambdaConfig"] | command.wanted(ARNS), "MfaConfiguration": "OFF"}
        added = [each for each in after["SchemaAttributes"] if each not in pool["SchemaAttributes"]]
        self.assertEqual([each["Name"] for each in added], ["custom:security_questions"])
        expected["SchemaAttributes"] = after["SchemaAttributes"]
        self.assertEqual(after, expected)
        self.assertEqual(client_after, client | command.CLIENT | {"AuthSessionValidity": 3})
        self.assertEqual(other_after, other)

        # Another setting changes in the meantime, and is kept.
        update = command.pool_update(MODEL, after, {}, "OFF") | {"UserPoolTags": {"team": "other"}}
        self.cognito.update_user_pool(**update)
        self.run_command("detach")
        (restored, client_restored, _), mfa_restored = self.described()
        expected = pool | {"SchemaAttributes": after["SchemaAttributes"], "UserPoolTags": {"team": "other"}}
        self.assertEqual(restored, expected)
        self.assertEqual(client_restored, client)
        self.assertEqual(mfa_restored, mfa)

    def test_triggers_of_others_are_left_unless_they_are_to_be_replaced(self):
        theirs = {"LambdaConfig": {"DefineAuthChallenge": f"{ARN}theirs"}}
        pool = self.cognito.describe_user_pool(UserPoolId=self.pool)["UserPool"]
        self.cognito.update_user_pool(**command.pool_update(MODEL, pool, theirs["LambdaConfig"], "OFF"))
        before = self.described()
        with self.assertRaisesRegex(SystemExit, "--replace removes them:\n  DefineAuthChallenge: .*theirs"):
            self.run_command("attach")
        self.assertEqual(self.described(), before)
        self.run_command("attach", "--replace")
        # Now the triggers are those of the challenges. Another attach would keep them.
        self.cognito.update_user_pool(
            **command.pool_update(MODEL, self.described()[0][0], theirs["LambdaConfig"], "OFF")
        )
        with self.assertRaisesRegex(SystemExit, "differ from those that `attach` has set"):
            self.run_command("detach")

    def test_what_cannot_be_is_one_message(self):
        with self.assertRaisesRegex(SystemExit, "the pool has no app client nobody"):
            self.run_command("attach", "--client-id", "nobody")
        self.run_command("attach")
        with self.assertRaisesRegex(SystemExit, "exists already"):
            self.run_command("attach")
        record = json.loads(pathlib.Path(self.undo).read_text())
        self.assertEqual(pathlib.Path(self.undo).stat().st_mode & 0o777, 0o600)
        record["pool"]["Id"] = "us-east-1_other"
        pathlib.Path(self.undo).write_text(json.dumps(record))
        with self.assertRaisesRegex(SystemExit, "is for the pool us-east-1_other"):
            self.run_command("detach")


if __name__ == "__main__":
    unittest.main()
