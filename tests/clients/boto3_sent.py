"""Signs in with boto3 and codes and links that the functions send.

Needs ENDPOINT, a running `local` whose flow is `PASSWORD,EMAIL_CODE:3,SMS_CODE:3,MAGIC_LINK:3`.
"""

import json
import os
import re
import sys
import urllib.request

from boto3_rules import assert_refused, rule, run
from snippets import boto3_sign_in

ENDPOINT = os.environ["ENDPOINT"]
POOL, CLIENT = "us-east-1_LocalPool", "localclient000000000000000"
USER, PASSWORD = "demo", "Passw0rd!demo"

cognito = boto3_sign_in.connect("us-east-1", ENDPOINT)


def sign_in(answer):
    """Returns the tokens and the parameters of each challenge. `answer` takes these parameters."""
    asked = []

    def recording(parameters):
        asked.append(parameters)
        return answer(parameters)

    return boto3_sign_in.sign_in(cognito, POOL, CLIENT, USER, PASSWORD, recording), asked


def outbox():
    with urllib.request.urlopen(f"{ENDPOINT}/debug/outbox", timeout=10) as response:
        return json.load(response)["messages"]


def newest_answer(_):
    text = outbox()[0]["text"]
    return (re.search(r"#link=(\S+)", text) or re.search(r"\b(\d{6})\b", text)).group(1)


# Before the others, because a right answer resets the count of wrong ones.
@rule
def three_wrong_codes_end_the_sign_in_and_send_one_mail():
    before = len(outbox())
    assert_refused(lambda: sign_in(lambda _: "wrong"), "Incorrect username or password.")
    assert len(outbox()) == before + 1


@rule
def the_code_in_the_documentation_signs_in_with_codes_and_a_link():
    before = len(outbox())
    tokens, asked = sign_in(newest_answer)
    assert tokens["AccessToken"]
    assert [parameters["challenge"] for parameters in asked] == ["EMAIL_CODE", "SMS_CODE", "MAGIC_LINK"]
    assert [parameters["destination"] for parameters in asked] == ["d***@e***", "+*******0100", "d***@e***"]
    assert len(outbox()) == before + 3


@rule
def a_code_works_with_blanks_and_in_the_digits_of_another_script():
    arabic = str.maketrans("0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669")

    def typed(parameters):
        right = newest_answer(parameters)
        return right if parameters["challenge"] == "MAGIC_LINK" else f" {right[:3]}-{right[3:]} ".translate(arabic)

    tokens, asked = sign_in(typed)
    assert tokens["AccessToken"] and len(asked) == 3


sys.exit(run("boto3, sent"))
