"""Tests that three tools create the same stack: template.yaml by SAM, examples/cdk, and examples/terraform.

SAM's translator and the CDK create CloudFormation. Terraform's module is read: see terraform.py.
"""

import copy
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import cloudformation
import terraform
from cloud import translated

# The CDK's app, with its packages installed.
CDK = pathlib.Path(os.environ.get("CDK", pathlib.Path(__file__).parents[2] / "examples/cdk"))
TRIGGERS = ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallenge", "PreTokenGeneration"]
FUNCTIONS = [*TRIGGERS, "Enrolment"]
# The functions' defaults of missing variables: docs/reference.md.
DEFAULTS = {
    "ATTEMPTS_LIMIT": "100",
    "ATTEMPTS_UNREACHABLE": "closed",
    "CANNOT_JUDGE": "closed",
    "DEFAULT_LOCALE": "en",
    "ENROLMENT_NOTICES": "Enabled",
    "ENROLMENT_URL": "",
    "PROOF_OF_WORK_TRIES": "200",
}


def synthesised(**context):
    """Returns the CDK's output for its app."""
    with tempfile.TemporaryDirectory() as folder:
        for package in ("define-auth-challenge", "create-auth-challenge", "verify-auth-challenge", "pre-token-generation", "enrolment"):
            # The CDK copies the zips without reading them.
            pathlib.Path(folder, f"{package}-arm64.zip").write_text(package)
        out = f"{folder}/cdk.out"
        command = ["npx", "cdk", "synth", "--quiet", "--output", out]
        for name, value in {"artifacts": folder, **context}.items():
            command += ["--context", f"{name}={value}"]
        environment = os.environ | {"CDK_DISABLE_CLI_TELEMETRY": "true"}
        done = subprocess.run(command, cwd=CDK, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        return json.loads(pathlib.Path(out, "SignIn.template.json").read_text())


class Tools(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.stacks = {
            # With a revision, Cognito calls the aliases.
            "SAM": cloudformation.facts(cloudformation.Template(translated(Revision="1"), Revision="1")),
            "CDK": cloudformation.facts(cloudformation.Template(synthesised())),
            "Terraform": terraform.facts(),
        }

    def each(self, fact):
        """Checks that a property is the same in the three stacks."""
        found = {tool: stack[fact] for tool, stack in self.stacks.items()}
        for tool, value in found.items():
            self.assertEqual(value, found["SAM"], f"{fact}: {tool} and SAM")
        return found["SAM"]

    def test_cognito_calls_the_aliases(self):
        wired = self.each("triggers")
        self.assertEqual(set(wired.values()), {f"{{{name}Alias}}" for name in TRIGGERS})

    def test_the_pool_has_no_mfa_and_keeps_its_accounts(self):
        pool = self.each("pool")
        self.assertEqual((pool["MfaConfiguration"], pool["DeletionProtection"]), ("OFF", "ACTIVE"))
        self.assertEqual(self.each("kept"), {"UserPool", "ChallengeSecret"})

    def test_the_app_client_leaves_no_way_around_the_challenges(self):
        client = self.each("client")
        self.assertEqual(client["ExplicitAuthFlows"], ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        self.assertEqual((client["OAuth"], client["GenerateSecret"]), ([], False))
        self.assertNotIn("custom:security_questions", client["ReadAttributes"] + client["WriteAttributes"])

    def test_each_alias_is_called_by_the_pool_and_each_permission_says_from_where(self):
        for tool, stack in self.stacks.items():
            callers = stack["callers"]
            for called, principal, source in callers:
                with self.subTest(tool, called=called):
                    if principal == "cognito-idp.amazonaws.com":
                        self.assertEqual(source, "{UserPool.Arn}")
                    else:
                        self.assertEqual((called, principal), ("{EnrolmentFunction}", "apigateway.amazonaws.com"))
                        self.assertIn(":{EnrolmentApi}/", source)
            by_pool = {called for called, principal, _ in callers if principal.startswith("cognito")}
            self.assertLessEqual({f"{{{name}Alias}}" for name in TRIGGERS}, by_pool, tool)
            # SAM's stack may have had no revision before.
            self.assertLessEqual(by_pool, {f"{{{name}{of}}}" for name in TRIGGERS for of in ("Alias", "Function")}, tool)

    def test_each_role_allows_the_same_calls(self):
        roles = self.each("roles")
        self.assertEqual(set(roles), {f"{name}Role" for name in FUNCTIONS})
        for id, allowed in roles.items():
            self.assertEqual(allowed.pop("taken by"), {"lambda.amazonaws.com"}, id)
            for resource, actions in allowed.items():
                self.assertNotIn("*", resource.removesuffix("/captcha/*"), id)
                self.assertNotIn("*", "".join(actions), id)

    def test_the_functions_are_the_same(self):
        functions = self.each("functions")
        self.assertEqual(set(functions), {f"{name}Function" for name in FUNCTIONS})
        for function in functions.values():
            self.assertEqual((function["Timeout"], function["Log"]["LogFormat"]), (5, "JSON"))

    def test_the_functions_have_the_same_variables_but_for_defaults(self):
        stacks = {
            tool: {
                id: {name: value for name, value in own.items() if str(value) != DEFAULTS.get(name)}
                for id, own in stack["environment"].items()
            }
            for tool, stack in self.stacks.items()
        }
        for tool, stack in stacks.items():
            self.assertEqual(stack, stacks["SAM"], tool)
        holders = {id for id, own in stacks["SAM"].items() if own.get("CHALLENGE_SECRET") == "{ChallengeSecret}"}
        self.assertEqual(holders, {"CreateAuthChallengeFunction", "VerifyAuthChallengeFunction", "EnrolmentFunction"})

    def test_logs_pictures_and_counts_are_forgotten(self):
        self.assertEqual(set(self.each("logs").values()), {30})
        self.assertEqual(self.each("bucket")["days"], ("Enabled", 1))
        self.assertEqual(self.each("table")[2], {"AttributeName": "expires", "Enabled": True})

    def test_the_bucket_is_private_and_encrypted_and_refuses_plain_http(self):
        bucket = self.each("bucket")
        self.assertEqual(bucket["encryption"], {"SSEAlgorithm": "AES256"})
        self.assertEqual(set(bucket["public"].values()), {True})
        effect, action, condition, _ = bucket["refused"]
        self.assertEqual((effect, action, condition), ("Deny", "s3:*", {"Bool": {"aws:SecureTransport": "false"}}))

    def test_the_secret_is_long_and_random(self):
        self.assertGreaterEqual(self.each("secret")["PasswordLength"], 32)

    def test_every_function_has_alarms_for_its_errors_throttles_and_duration(self):
        alarms = self.each("alarms")
        for name in FUNCTIONS:
            for metric in ("Errors", "Throttles", "Duration"):
                self.assertIn(("AWS/Lambda", metric, "FunctionName", f"{{{name}Function}}"), alarms)

    def test_an_existing_pool_is_the_only_caller_and_gets_nothing_of_its_own(self):
        cdk = cloudformation.Template(synthesised(existingUserPoolId="us-east-1_There"))
        self.assertFalse([id for id, each in cdk.resources.items() if each["Type"].startswith("AWS::Cognito::")])
        pool = "arn:{AWS::Partition}:cognito-idp:{AWS::Region}:{AWS::AccountId}:userpool/us-east-1_There"
        permissions = cdk.of("AWS::Lambda::Permission").values()
        self.assertEqual({each["SourceArn"] for each in permissions}, {pool})
        self.assertEqual({each["FunctionName"] for each in permissions}, {f"{{{name}Alias}}" for name in TRIGGERS})
        outputs = set(cdk.template["Outputs"])
        self.assertTrue({f"{name}Arn" for name in TRIGGERS} <= outputs)
        self.assertFalse({"UserPoolId", "UserPoolClientId", "EnrolmentEndpoint"} & outputs)

    def test_the_api_of_the_enrolment_is_throttled(self):
        self.assertEqual(self.each("throttle"), {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 20})


if __name__ == "__main__":
    unittest.main()
