"""Tries the rules of the boto3 scripts and reports the results."""

import sys
import traceback
from importlib.metadata import version

from botocore.exceptions import ClientError

RULES = []


def rule(check):
    """Adds `check` to the rules. Its name is the sentence."""
    RULES.append(check)
    return check


def assert_refused(call, message, error="NotAuthorizedException"):
    try:
        reply = call()
    except ClientError as refusal:
        found = refusal.response["Error"]
        assert found["Code"] == error, f"expected {error}, got {found['Code']}"
        assert found["Message"] == message, f"expected `{message}`, got `{found['Message']}`"
    else:
        raise AssertionError(f"expected `{message}`, got an answer with {sorted(reply)}")


def run(name):
    """Tries every rule, with `name` before its sentence. Returns the exit code."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("boto3", "pycognito", "warrant"))
    print(f"{libraries}, Python {sys.version.split()[0]}")
    failed = 0
    for check in RULES:
        sentence = check.__name__.replace("_", " ")
        try:
            check()
        except Exception as error:  # With any error, the rule does not hold.
            failed += 1
            traceback.print_exc()
            print(f"not ok {name}: {sentence}: {' '.join(str(error).split())}", flush=True)
        else:
            print(f"ok {name}: {sentence}", flush=True)
    return 1 if failed else 0
