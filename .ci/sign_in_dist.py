"""Signs in through `local` with existing builds of the functions: a wrong answer, then the right one.

    python3 .ci/sign_in_dist.py LOCAL --template dist/template-x86_64.yaml --functions-dir dist

The arguments are the command that runs `local`.
"""

import json
import sys
import urllib.parse
import urllib.request

from sign_in import answer, run, start


def sign_in(rows):
    reply = start(rows)
    assert reply["ChallengeParameters"]["challenge"] == "CAPTCHA", reply
    reply = answer(rows, reply, "not this")
    assert reply["ChallengeParameters"]["attemptsLeft"] == "2", reply
    session = urllib.parse.quote(reply["Session"], safe="")
    debug = urllib.request.urlopen(f"{rows['Sign in at'].rstrip('/')}/debug/answer?session={session}", timeout=60)
    reply = answer(rows, reply, json.load(debug)["privateChallengeParameters"]["answer"])
    assert reply["AuthenticationResult"]["IdToken"], reply


def main():
    command = [*sys.argv[1:], "--listen", "127.0.0.1:0", "--ephemeral", "--debug-answers", "--flow", "CAPTCHA:3"]
    run(command, sign_in)
    print(f"signed in: {' '.join(sys.argv[2:])}")


if __name__ == "__main__":
    main()
