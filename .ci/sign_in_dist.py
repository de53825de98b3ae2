"""Signs in through `local` with the functions of a folder that `dist.py` has made: a wrong answer, then the right one.

    python3 .ci/sign_in_dist.py dist [LOCAL]
"""

import json
import pathlib
import platform
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
    folder = pathlib.Path(sys.argv[1])
    command = sys.argv[2:] or ["target/debug/cognito-loop"]
    processor = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    command += [
        "--template", str(folder / f"template-{processor}.yaml"),
        "--functions-dir", str(folder),
        "--listen", "127.0.0.1:0",
        "--ephemeral",
        "--debug-answers",
        "--flow", "CAPTCHA:3",
    ]
    run(command, sign_in)
    print(f"signed in with the functions of {folder}")


if __name__ == "__main__":
    main()
