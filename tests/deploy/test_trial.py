"""Tests tests/aws in ministack: the resources that it creates, and that it deletes all of them. ministack runs no functions,
so the trial fails when it signs in. It must clean up after that.
"""

import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
from contextlib import redirect_stderr

from cloud import TEMPLATE, Cloud, translate, yaml_parse

sys.path[:0] = [str(TEMPLATE.parent / "tests" / "aws"), str(TEMPLATE.parent / ".ci")]
import dist
import trial
from worlds import Aws


class Translated(Aws):
    """ministack has no transform, so SAM's translator replaces it. It does not support alarms on an expression either."""

    def stack(self, name, body, parameters, bucket):
        template = translate(yaml_parse(body), parameters)
        for id in [id for id, one in template["Resources"].items() if "Metrics" in one.get("Properties", {})]:
            del template["Resources"][id]
        return super().stack(name, json.dumps(template), parameters, bucket)


class Trial(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        os.environ["AWS_ENDPOINT_URL"] = cls.cloud.endpoint
        cls.addClassCleanup(os.environ.pop, "AWS_ENDPOINT_URL")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.dist = pathlib.Path(folder.name)
        (cls.dist / "VERSION").write_text("0.1.0\n")
        (cls.dist / "template-s3.yaml").write_text(dist.template_of_a_bucket())
        for package in dist.functions().values():
            (cls.dist / f"{package}-arm64.zip").write_bytes(dist.zipped({"bootstrap": b""}))

    def there(self):
        """Returns the resources in the account, except those of the tests."""
        client = self.cloud.client
        stacks = client("cloudformation").describe_stacks()["Stacks"]
        return {
            "stacks": [one["StackName"] for one in stacks if "DELETE" not in one["StackStatus"]],
            "buckets": [one["Name"] for one in client("s3").list_buckets()["Buckets"] if one["Name"] != "code"],
            "pools": client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"],
            "functions": client("lambda").list_functions()["Functions"],
            "secrets": client("secretsmanager").list_secrets()["SecretList"],
            "tables": client("dynamodb").list_tables()["TableNames"],
            "roles": client("iam").list_roles()["Roles"],
        }

    def world(self, admin="/bin/false"):
        template = self.dist / "template-s3.yaml"
        return Translated("challenge-trial-test", self.dist, template, [admin], "us-east-1", {"Architecture": "arm64"})

    def test_everything_is_made_and_everything_is_deleted_after_a_failure(self):
        before = self.there()
        world = self.world()
        made = []
        enroll = world.enroll
        world.enroll = lambda name: (made.append(self.there()), enroll(name))
        with redirect_stderr(io.StringIO()):
            result, error = trial.attempt(world)
        self.assertIsNone(result)
        # `admin` is /bin/false.
        self.assertIn("admin questions enroll", error)
        (made,) = made
        self.assertEqual(sorted(made["stacks"]), ["challenge-trial-test-functions", "challenge-trial-test-puppet"])
        self.assertEqual(len(made["pools"]), 2)
        # The functions that Cognito calls, and the puppet.
        self.assertGreaterEqual(len(made["functions"]), 5)
        self.assertEqual(world.left, [])
        self.assertEqual(self.there(), before)

    def test_a_stack_that_cannot_be_made_is_deleted_too(self):
        before = self.there()
        world = self.world()
        world.parameters["AuthSessionMinutes"] = "99"
        with redirect_stderr(io.StringIO()):
            result, error = trial.attempt(world)
        self.assertIsNone(result)
        self.assertTrue(error)
        self.assertEqual((world.left, self.there()), ([], before))


if __name__ == "__main__":
    unittest.main()
