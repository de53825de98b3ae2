"""Deploys the functions under a separate name, signs in as all kinds of users, reports, and deletes all that it created.

    tests/aws/run --dry-run                 what would be created and its cost
    tests/aws/run --dist dist               on AWS, with the credentials of the environment, and beside `local`
    tests/aws/run --here                    against `local` alone
"""

import argparse
import json
import os
import pathlib
import platform
import secrets
import sys
import traceback

from questions import ROWS
from signing_in import anonymous, answer, by_password, right_answer, shown, start
from worlds import PASSWORD, ROOT, Aws, Failed, Here

ESTIMATE = """\
makes   a bucket with the zips, a stack with the functions (its user pool, table, secret, bucket, alarms and dashboard
        included), a stack with a user pool and a function of its own, and about 40 users
calls   about 700 times Cognito, which calls the functions about 400 times; the logs are some hundred kilobytes
costs   at list prices of us-east-1, from public summaries of November 2026, without free tiers:
          40 users active in a month, at $0.015 (Essentials)         $0.60
          a secret for an hour, at $0.40 a month                     $0.01
          13 alarms and a dashboard for an hour, at $0.10 and $3     $0.01
          functions, table, bucket, logs                             $0.01
        less than a dollar. What is not deleted costs more: the report names what is left
deletes all of it at the end, also after a failure or an interruption. It sends no mail and no text message"""


def sign_ins(world):
    """Returns the behavior of the functions for all kinds of users: each sentence with the replies to its calls."""
    real = world.real
    world.user(real, "enrolled", enroll=True)
    world.user(real, "not-enrolled")

    def through(name, texts):
        replies = [by_password(real, name)]
        for text in texts:
            if "Session" not in replies[-1]:
                break
            said = right_answer(replies[-1]) if text == "right" else text
            replies.append(answer(real, name, replies[-1], said))
        return [shown(reply) for reply in replies]

    yield "an enrolled user answers right", lambda: through("enrolled", ["right", "right"])
    yield "wrong answers, then right ones", lambda: through("enrolled", ["wrong", "right", "wrong", "right"])
    yield "three wrong answers", lambda: through("enrolled", ["wrong"] * 3)
    yield "a user without answers", lambda: through("not-enrolled", ["right", "right"])
    yield "a nonexistent user", lambda: through("nobody", ["right"])
    yield "a wrong password", lambda: [shown(by_password(real, "enrolled", "N0t-this-password!"))]
    yield "no password", lambda: [shown(start(real, "enrolled"))]
    yield "another flow", lambda: [shown(start(real, "enrolled", {"PASSWORD": PASSWORD}, "USER_PASSWORD_AUTH"))]

    def twice():
        reply = by_password(real, "enrolled")
        answer(real, "enrolled", reply, "wrong")
        return [shown(answer(real, "enrolled", reply, "wrong"))]

    yield "a session that was used", twice


def run(world, fail_at=None):
    """Runs everything in `world`: `(sign-ins, rows, events, durations)`. The error of a row is its result."""
    print(f"{world.name}: creating the resources", file=sys.stderr)
    world.make()
    done, answered = {}, {}
    for sentence, play in sign_ins(world):
        print(f"{world.name}: {sentence}", file=sys.stderr)
        done[sentence] = play()
    for id, question, probe in ROWS:
        print(f"{world.name}: {question}", file=sys.stderr)
        if id == fail_at:
            raise Failed(f"failed at {id}, as TRIAL_FAIL_AT says")
        try:
            answered[id] = probe(world)
        except Exception as error:  # A question that cannot be asked must not hide the others.
            traceback.print_exc()
            answered[id] = f"not answered: {type(error).__name__}: {error}"
    return done, answered, world.events(), world.durations()


def attempt(world, fail_at=None):
    """Runs `run`, then deletes everything, even after an error. Returns its result, and all that could not be deleted."""
    try:
        return run(world, fail_at), None
    except (Exception, KeyboardInterrupt) as error:
        return None, f"{type(error).__name__}: {error}"
    finally:
        left = world.clean()
        for line in left:
            print(f"LEFT BEHIND, delete it by hand: {line}", file=sys.stderr)
        world.left = left


def report(results):
    """Returns the report as Markdown. `results` are by the name of their world, and the last one is the reference."""
    names = list(results)
    lines = [f"# Trial on {' and '.join(names)}", "", f"Python {platform.python_version()}", ""]
    first, last = results[names[0]], results[names[-1]]
    lines += ["## Sign-ins", "", f"| sign-in | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for sentence in first[0]:
        cells = [" → ".join(map(outcome, results[name][0][sentence])) for name in names]
        same = first[0][sentence] == last[0][sentence]
        lines.append(f"| {sentence} | {' | '.join(cells)}{'' if same else ', different'} |")
    for sentence, replies in first[0].items():
        if replies != last[0][sentence]:
            lines += ["", f"### {sentence}", ""]
            for name in names:
                lines += [f"{name}:", "", *block(results[name][0][sentence])]
    lines += ["", "## Open questions", ""]
    for id, question, _ in ROWS:
        lines += [f"### {question}", ""]
        for name in names:
            called = sorted({each["event"]["triggerSource"].split("_")[0] for each in of_user(results[name][2], id)})
            lines += [f"{name}, which called {', '.join(called) or 'no function'}:", "", *block(results[name][1][id])]
    lines += ["## Durations", ""]
    for name in names:
        durations = results[name][3]
        if durations is None:
            lines.append(f"{name}: not measured, because it writes no platform logs")
        else:
            for kind, values in sorted(durations.items()):
                middle = sorted(values)[len(values) // 2]
                lines.append(f"{name}: {len(values)} {kind} calls, median {middle:.1f} ms, most {max(values):.1f} ms")
    return "\n".join(lines) + "\n"


def outcome(reply):
    """Summarizes a reply in one or two words."""
    if "AuthenticationResult" in reply:
        return "tokens"
    if "ChallengeParameters" in reply:
        asked = reply["ChallengeParameters"]
        return f"{asked.get('challenge', reply.get('ChallengeName'))} ({asked.get('attemptsLeft', '-')} left)"
    return reply.get("Message", "nothing")


def of_user(events, id):
    """Returns the events of the users of a row: their usernames start with its id, or control the puppet."""
    names = {
        "unknown_challenge": ("next-null", "next-empty", "next-unheard"),
        "own_challenges": ("next-sms", "next-email", "next-software", "next-srp", "next-password"),
        "size_limit": ("size-",),
        "device_srp_auth": ("device",),
    }.get(id, (id.replace("_", "-"),))
    found = [each for each in events if str(each["event"].get("userName")).startswith(names)]
    if id == "nonexistent":
        found = [each for each in events if each["event"].get("request", {}).get("userNotFound")]
    return found


def block(value):
    return ["```json", json.dumps(value, indent=1, ensure_ascii=False), "```", ""]


def write_fixtures(folder, events):
    """Returns the different events as fixtures: the event without names, and the puppet's response."""
    folder.mkdir(parents=True, exist_ok=True)
    seen = set()
    for each in events:
        event = anonymous(each["event"])
        shape = json.dumps([event.get("triggerSource"), event.get("request")], sort_keys=True)
        if shape not in seen:
            seen.add(shape)
            name = f"{event['triggerSource'].split('_')[0]}-{len(seen):03}"
            (folder / f"{name}.event.json").write_text(json.dumps(event, indent=2) + "\n")
            (folder / f"{name}.response.json").write_text(json.dumps(each["response"], indent=2) + "\n")
    return len(seen)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--dry-run", action="store_true", help="show what would be created and its cost, and do nothing")
    parser.add_argument("--here", action="store_true", help="only against `local`: nothing is created on AWS")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dist", type=pathlib.Path, help="the folder that .ci/dist.py has made, for AWS")
    parser.add_argument("--template", type=pathlib.Path, help="another template than template-s3.yaml of --dist")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    parser.add_argument("--processor", choices=["arm64", "x86_64"], default="arm64")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "target" / "aws", help="report and fixtures [target/aws]")
    parser.add_argument("--local", default=str(ROOT / "target/debug/cognito-loop"), help="the program `local`")
    parser.add_argument("--admin", default=str(ROOT / "target/debug/admin"), help="the program `admin`")
    parser.add_argument("--functions-dir", help="functions for `local`, else it builds them")
    return parser.parse_args()


def main():
    given = parsed()
    name = f"challenge-trial-{secrets.token_hex(4)}"
    print(ESTIMATE if not given.here else "nothing is created on AWS: two servers on this machine", file=sys.stderr)
    if given.dry_run:
        print(f"the names would start with {name}; the rows would be:", file=sys.stderr)
        for _, question, _ in ROWS:
            print(f"  {question}")
        return 0
    if not given.here:
        if not given.dist:
            sys.exit("error: name the folder of .ci/dist.py with --dist, or use --here")
        if not given.yes and input(f"make all of it as {name} in {given.region}? Type yes: ") != "yes":
            sys.exit("nothing was made")
    worlds = []
    if not given.here:
        template = given.template or given.dist / "template-s3.yaml"
        parameters = {"Architecture": given.processor}
        worlds.append(Aws(name, given.dist, template, [given.admin], given.region, parameters))
    functions = ["--functions-dir", given.functions_dir] if given.functions_dir else []
    worlds.append(Here([given.local], [given.admin], functions))
    results, wrong = {}, []
    for world in worlds:
        result, error = attempt(world, os.environ.get("TRIAL_FAIL_AT"))
        wrong += [f"{world.name}: {error}"] if error else []
        wrong += [f"{world.name}: left behind: {line}" for line in world.left]
        if result:
            results[world.name] = result
    if results:
        given.output.mkdir(parents=True, exist_ok=True)
        (given.output / "report.md").write_text(report(results))
        first = next(iter(results.values()))
        count = write_fixtures(given.output / "fixtures", first[2])
        unanswered = [id for id, found in first[1].items() if str(found).startswith("not answered")]
        print(f"{given.output}/report.md: {len(first[0])} sign-ins, {len(first[1])} questions, {count} different events")
        wrong += [f"not answered: {id}" for id in unanswered]
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
