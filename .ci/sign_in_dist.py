"""Signs in through `local` with the functions of a folder that `dist.py` has made: a wrong answer, then the right one.

    python3 .ci/sign_in_dist.py dist [LOCAL]
"""

import json
import pathlib
import platform
import subprocess
import sys
import urllib.parse
import urllib.request

from sign_in import call, started


def sign_in(rows):
    endpoint, client, user = rows["Sign in at"], rows["App client"], rows["User"]
    start = {"AuthFlow": "CUSTOM_AUTH", "ClientId": client, "AuthParameters": {"USERNAME": user}}
    reply = call(endpoint, "InitiateAuth", start)

    def answer(text):
        return call(endpoint, "RespondToAuthChallenge", {
            "ClientId": client,
            "ChallengeName": "CUSTOM_CHALLENGE",
            "Session": reply["Session"],
            "ChallengeResponses": {"USERNAME": user, "ANSWER": text},
        })

    assert reply["ChallengeParameters"]["challenge"] == "CAPTCHA", reply
    reply = answer("not this")
    assert reply["ChallengeParameters"]["attemptsLeft"] == "2", reply
    session = urllib.parse.quote(reply["Session"], safe="")
    debug = urllib.request.urlopen(f"{endpoint.rstrip('/')}/debug/answer?session={session}", timeout=60)
    reply = answer(json.load(debug)["privateChallengeParameters"]["answer"])
    assert reply["AuthenticationResult"]["IdToken"], reply


def main():
    folder = pathlib.Path(sys.argv[1])
    command = sys.argv[2:] or ["target/debug/local"]
    processor = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    command += [
        "--template", str(folder / f"template-{processor}.yaml"),
        "--functions-dir", str(folder),
        "--listen", "127.0.0.1:0",
        "--ephemeral",
        "--debug-answers",
        "--flow", "CAPTCHA:3",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        sign_in(started(process))
    finally:
        process.terminate()
        process.wait()
    print(f"signed in with the functions of {folder}")


if __name__ == "__main__":
    main()
