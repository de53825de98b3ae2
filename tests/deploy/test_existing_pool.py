"""The steps of docs/deploying.md for a pool that is there already: they lose nothing of it.

What AWS describes a pool with, and what it takes to change one, is in botocore's model of the service.
"""

import re
import unittest
from pathlib import Path

import botocore.session
import jq
from botocore.validate import ParamValidator

PAGE = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text()
MODEL = botocore.session.get_session().get_service_model("cognito-idp")
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
TRIGGERS = {
    "DefineAuthChallenge": f"{ARN}DEFINE",
    "CreateAuthChallenge": f"{ARN}CREATE",
    "VerifyAuthChallengeResponse": f"{ARN}VERIFY",
    "PreTokenGeneration": f"{ARN}PRE_TOKEN",
    "PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": f"{ARN}PRE_TOKEN"},
}
CLIENT = {
    "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": True,
    "AuthSessionValidity": 3,
    "ReadAttributes": ["email", "email_verified", "locale", "name"],
    "WriteAttributes": ["locale", "name"],
}


def changed(described, file):
    """What the page's jq makes of `described`, which is in `file` there."""
    (program,) = re.findall(rf"jq '([^']+)' {re.escape(file)}", PAGE)
    program = re.sub(r'"([A-Z_]+)_ARN"', rf'"{ARN}\1"', program)
    return jq.compile(program).input_value(described).first()


def filled(shape):
    """A value with everything that `shape` can have."""
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


class ExistingPool(unittest.TestCase):
    """A pool, and an app client, with everything that they can have."""

    def attach(self, operation, described, file):
        """What changes them, which has to be all that the operation takes, and nothing else."""
        takes = MODEL.operation_model(operation).input_shape
        changes = changed(described, file)
        self.assertEqual(ParamValidator().validate(changes, takes).generate_report(), "")
        self.assertEqual(set(takes.members), set(changes))
        return changes

    def test_a_pool_keeps_everything_but_its_triggers_and_its_mfa(self):
        pool = filled(MODEL.operation_model("DescribeUserPool").output_shape.members["UserPool"])
        pool["MfaConfiguration"] = "ON"
        expected = pool | {
            "UserPoolId": pool["Id"],
            "PoolName": pool["Name"],
            "MfaConfiguration": "OFF",
            "LambdaConfig": pool["LambdaConfig"] | TRIGGERS,
        }
        # Cognito calls it `TemporaryPasswordValidityDays` by now, and refuses this name.
        del expected["AdminCreateUserConfig"]["UnusedAccountValidityDays"]
        changes = self.attach("UpdateUserPool", pool, "pool.json")
        self.assertEqual(changes, {name: expected[name] for name in changes})

    def test_an_app_client_keeps_everything_but_what_would_be_a_way_around(self):
        client = filled(MODEL.operation_model("DescribeUserPoolClient").output_shape.members["UserPoolClient"])
        client["EnableTokenRevocation"] = False
        changes = self.attach("UpdateUserPoolClient", client, "client.json")
        expected = client | CLIENT
        self.assertEqual(changes, {name: expected[name] for name in changes})


if __name__ == "__main__":
    unittest.main()
