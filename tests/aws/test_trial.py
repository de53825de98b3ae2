"""Tests the trial: a complete run against `local`, and its failures.

    tests/aws/run --self-test LOCAL ADMIN FUNCTIONS_DIR
"""

import io
import json
import os
import pathlib
import re
import sys
import tempfile
import unittest
from contextlib import redirect_stderr

import trial
from questions import ROWS
from signing_in import anonymous
from worlds import Here

LOCAL, ADMIN, FUNCTIONS = sys.argv[1:4]


def here():
    return Here([LOCAL], [ADMIN], ["--functions-dir", FUNCTIONS])


def processes():
    """Returns the commands of the processes that this one started."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.append((stat.parent / "cmdline").read_text())
        except OSError:
            pass
    return found


class Trial(unittest.TestCase):
    def test_it_runs_from_beginning_to_end_and_leaves_nothing(self):
        world = here()
        with redirect_stderr(io.StringIO()) as said:
            result, error = trial.attempt(world)
        self.assertIsNone(error, said.getvalue())
        self.assertEqual(world.left, [])
        self.assertEqual(processes(), [])
        done, answered, events, _ = result
        ends = {sentence: trial.outcome(replies[-1]) for sentence, replies in done.items()}
        incorrect = "Incorrect username or password."
        self.assertEqual(
            ends,
            {
                "an enrolled user answers right": "tokens",
                "wrong answers, then right ones": "tokens",
                "three wrong answers": incorrect,
                "a user without answers": "SECURITY_QUESTION (2 left)",
                "a nonexistent user": incorrect,
                "a wrong password": incorrect,
                "no password": incorrect,
                "another flow": "USER_PASSWORD_AUTH flow not enabled for this client",
                "a session that was used": "Invalid session for the user, session can only be used once.",
            },
        )
        self.assertEqual(list(answered), [id for id, _, _ in ROWS])
        for id, found in answered.items():
            self.assertFalse(str(found).startswith("not answered"), f"{id}: {found}")
            if id != "throttling":
                self.assertTrue(trial.of_user(events, id), f"no function was called for {id}")
        report = trial.report({"local": result})
        for _, question, _ in ROWS:
            self.assertIn(question, report)
        # A report may be published, so it contains no token, no session and no password.
        self.assertNotRegex(report, r"eyJ[A-Za-z0-9_-]{10,}")
        self.assertNotIn(trial.PASSWORD, report)
        with tempfile.TemporaryDirectory() as folder:
            count = trial.write_fixtures(pathlib.Path(folder), events)
            texts = [file.read_text() for file in pathlib.Path(folder).iterdir()]
        self.assertEqual(len(texts), 2 * count)
        self.assertGreater(count, 20)
        for text in texts:
            self.assertNotIn("LocalPool", text)
            self.assertEqual(set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", text)) - {"8a1f2b3c-0000-4000-8000-00000000abcd"}, set())

    def test_a_failure_half_way_deletes_all_the_same(self):
        world = here()
        deleted = []
        later = world.later
        world.later = lambda what, undo: later(what, lambda: (deleted.append(what), undo()))
        with redirect_stderr(io.StringIO()):
            result, error = trial.attempt(world, fail_at="lockout")
        self.assertIsNone(result)
        self.assertIn("failed at lockout", error)
        self.assertEqual((world.left, world.undo, processes()), ([], [], []))
        self.assertEqual(deleted[-3:], ["local", "local", "the folder of the puppet"])
        self.assertIn("user enrolled", deleted)

    def test_what_cannot_be_deleted_is_named_and_the_rest_goes(self):
        world = here()
        gone = []

        def fails():
            raise RuntimeError("no")

        for what, undo in (("one", lambda: gone.append("one")), ("two", fails), ("three", lambda: gone.append("three"))):
            world.later(what, undo)
        self.assertEqual(world.clean(), ["two: no"])
        self.assertEqual(gone, ["three", "one"])

    def test_an_event_becomes_a_fixture_without_names(self):
        event = {
            "region": "eu-central-1",
            "userPoolId": "eu-central-1_AbCdEf",
            "userName": "12345678-1234-1234-1234-1234567890ab",
            "callerContext": {"clientId": "abc"},
            "request": {"userAttributes": {"sub": "12345678-1234-1234-1234-1234567890ab"}},
        }
        text = json.dumps(anonymous(event))
        for name in ("eu-central-1", "AbCdEf", "12345678-", '"abc"'):
            self.assertNotIn(name, text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
