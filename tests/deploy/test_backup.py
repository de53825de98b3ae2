"""Tests `admin/backup.py` in ministack: it restores the saved data and changes nothing else."""

import contextlib
import io
import pathlib
import sys
import tempfile
import time
import unittest

from cloud import Cloud

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "admin"))
import backup

HASHES = {"ada": '{"first-pet":"$argon2id$1"}', "bob": '{"first-pet":"$argon2id$2"}'}
SCHEMA = [{"Name": "security_questions", "AttributeDataType": "String", "Mutable": True}]


class Backup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.cognito, cls.dynamodb = cls.cloud.client("cognito-idp"), cls.cloud.client("dynamodb")

    def setUp(self):
        self.pool = self.new_pool({**HASHES, "carl": ""})
        self.table = f"attempts-{self.id().rsplit('.', 1)[1]}"
        self.dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        later, before = str(int(time.time()) + 10_000), str(int(time.time()) - 10_000)
        self.counts = [
            {"id": {"S": "one"}, "consecutive": {"N": "7"}, "expires": {"N": later}},
            {"id": {"S": "two"}, "consecutive": {"N": "1"}, "expires": {"N": later}},
        ]
        over = {"id": {"S": "over"}, "consecutive": {"N": "9"}, "expires": {"N": before}}
        for item in (*self.counts, over):
            self.dynamodb.put_item(TableName=self.table, Item=item)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = f"{folder.name}/backup.jsonl"

    def new_pool(self, users):
        pool = self.cognito.create_user_pool(PoolName="people", Schema=SCHEMA)["UserPool"]["Id"]
        for name, value in users.items():
            self.cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
            self.enroll(pool, name, value)
        return pool

    def enroll(self, pool, name, value):
        attribute = {"Name": backup.ATTRIBUTE, "Value": value}
        self.cognito.admin_update_user_attributes(UserPoolId=pool, Username=name, UserAttributes=[attribute])

    def run_command(self, command, *more, pool=None):
        place = ["--user-pool-id", pool or self.pool, "--table", self.table, "--file", self.file, "--rate", "1000"]
        endpoints = ["--endpoint-url", self.cloud.endpoint, "--dynamodb-endpoint-url", self.cloud.endpoint]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = backup.main([command, *place, *endpoints, *more])
        return code, printed.getvalue()

    def enrolled(self, pool=None):
        return dict(backup.enrolled(self.cognito, pool or self.pool))

    def counted(self):
        return sorted(backup.items(self.dynamodb, self.table), key=str)

    def lose(self):
        for name in HASHES:
            self.enroll(self.pool, name, "")
        for item in self.counted():
            self.dynamodb.delete_item(TableName=self.table, Key={"id": item["id"]})

    def test_what_was_lost_comes_back(self):
        code, printed = self.run_command("export")
        self.assertEqual((code, printed), (0, "saved the enrolled answers of 2 users, and 3 counts\n"))
        self.assertEqual(pathlib.Path(self.file).stat().st_mode & 0o777, 0o600)
        before = self.enrolled()
        self.lose()
        code, printed = self.run_command("import", "--dry-run")
        self.assertEqual((self.enrolled()["ada"], self.counted()), ("", []))
        self.assertIn("users: 2 restored, 0 the same\ncounts: 2 restored\nnothing was changed", printed)
        code, printed = self.run_command("import")
        self.assertEqual((code, printed), (0, "users: 2 restored, 0 the same\ncounts: 2 restored\n"))
        self.assertEqual(self.enrolled(), before)
        # Expired counts are not restored.
        self.assertEqual(self.counted(), sorted(self.counts, key=str))

    def test_what_has_changed_since_is_kept_unless_it_is_to_be_replaced(self):
        self.run_command("export")
        self.enroll(self.pool, "ada", "newer")
        newer = self.counts[0] | {"consecutive": {"N": "50"}}
        self.dynamodb.put_item(TableName=self.table, Item=newer)
        code, printed = self.run_command("import")
        self.assertEqual(code, 1)
        self.assertIn("not restored: ada: other answers are enrolled", printed)
        self.assertEqual(self.enrolled()["ada"], "newer")
        self.assertIn(newer, self.counted())
        code, _ = self.run_command("import", "--replace")
        self.assertEqual((code, self.enrolled()["ada"]), (0, HASHES["ada"]))
        self.assertIn(self.counts[0], self.counted())

    def test_another_pool_gets_the_answers_of_its_users_and_no_counts(self):
        self.run_command("export")
        other = self.new_pool({"ada": ""})
        code, printed = self.run_command("import", pool=other)
        self.assertEqual(code, 1)
        self.assertEqual(self.enrolled(other), {"ada": HASHES["ada"]})
        self.assertIn("not restored: bob: no such user", printed)
        self.assertIn(f"not restored: 3 counts: they belong to users of {self.pool}", printed)

    def test_what_is_no_backup_is_one_message(self):
        for text in ("", "no JSON", '{"form": "other"}\n'):
            pathlib.Path(self.file).write_text(text)
            code, printed = self.run_command("import")
            self.assertEqual((code, printed.count("\n")), (2, 1), printed)
            self.assertIn("is not a backup", printed)
        code, printed = self.run_command("export")
        self.assertEqual(code, 2)
        self.assertIn("exists already", printed)


if __name__ == "__main__":
    unittest.main()
