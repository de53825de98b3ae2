"""Signs in through `local` with the functions of examples/own-challenge: a wrong code, then the right one.

    python3 .ci/sign_in.py cargo run --manifest-path local/Cargo.toml --

The arguments are the command that runs `local`. This script replaces the pager service.
"""

import json
import re
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NUMBER = "555-0100"


class Pager(BaseHTTPRequestHandler):
    """A service that stores the pages it receives and revokes none."""

    pages: list[str] = []

    def do_POST(self):
        self.pages.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.do_GET()

    def do_GET(self):
        body = b'{"revoked": false}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def started(process):
    """Returns the rows that `local` prints before it is ready, by name."""
    rows = {}
    for line in process.stdout:
        print(line, end="")
        # Two spaces, because the rows `User` and `User pool` both exist.
        row = re.match(r"  (Sign in at|User|App client) {2,}(\S+)", re.sub(r"\x1b\[\d*m", "", line))
        if row:
            rows[row[1]] = row[2]
        if "Ready" in line:
            # The rest is read so that `local` never waits for space in the pipe.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return rows
    raise SystemExit("`local` ended before it was ready")


def call(endpoint, operation, body):
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
    }
    request = urllib.request.Request(endpoint, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request, timeout=60))


def start(rows):
    endpoint, client, user = rows["Sign in at"], rows["App client"], rows["User"]
    parameters = {"AuthFlow": "CUSTOM_AUTH", "ClientId": client, "AuthParameters": {"USERNAME": user}}
    return call(endpoint, "InitiateAuth", parameters)


def answer(rows, reply, text):
    return call(rows["Sign in at"], "RespondToAuthChallenge", {
        "ClientId": rows["App client"],
        "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": reply["Session"],
        "ChallengeResponses": {"USERNAME": rows["User"], "ANSWER": text},
    })


def run(command, sign_in):
    """Runs `local`, and signs in when it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        sign_in(started(process))
    finally:
        process.terminate()
        process.wait()


def sign_in(rows):
    reply = start(rows)
    assert reply["ChallengeParameters"]["challenge"] == "PAGER_CODE", reply
    code = re.search(r"\b\d{6}\b", Pager.pages[0])[0]
    assert NUMBER in Pager.pages[0] and code not in json.dumps(reply)
    reply = answer(rows, reply, "000000" if code != "000000" else "111111")
    assert reply["ChallengeParameters"]["attemptsLeft"] == "2", reply
    reply = answer(rows, reply, code)
    assert reply["AuthenticationResult"]["IdToken"], reply
    assert len(Pager.pages) == 1, "the same code over all attempts of a sign-in"


def main():
    pager = ThreadingHTTPServer(("127.0.0.1", 0), Pager)
    threading.Thread(target=pager.serve_forever, daemon=True).start()
    command = [
        *sys.argv[1:],
        "--template", "examples/own-challenge/template.yaml",
        "--listen", "127.0.0.1:0",
        "--ephemeral",
        "--parameter", f"PagerUrl=http://127.0.0.1:{pager.server_port}",
        "--parameter", "AuthFlow=PAGER_CODE:3",
        "--demo-attribute", f"custom:pager={NUMBER}",
    ]
    run(command, sign_in)
    print("signed in with PAGER_CODE")


if __name__ == "__main__":
    main()
