"""Saves enrolled answers and counted attempts, and restores them. Needs boto3.

    python3 admin/backup.py export --user-pool-id POOL --table TABLE --file backup.jsonl
    python3 admin/backup.py import --user-pool-id POOL --table TABLE --file backup.jsonl --dry-run

The file contains hashes and counts, but no answers and no secret. The hashes are valid only with the secret that created
them: docs/disaster.md describes a complete restore.
"""

import argparse
import json
import os
import pathlib
import sys
import time

import boto3
import botocore.exceptions

ATTRIBUTE = "custom:security_questions"
FORM = "cognito-challenge backup 1"


class Refused(Exception):
    """An error that the operator must fix."""


class Slow:
    """Limits the calls of a client to `rate` a second: administrators share a quota with the sign-ins."""

    def __init__(self, client, rate):
        self.client, self.pause, self.last = client, 1 / rate, 0.0

    def __getattr__(self, operation):
        def call(**arguments):
            if (wait := self.last + self.pause - time.monotonic()) > 0:
                time.sleep(wait)
            self.last = time.monotonic()
            return getattr(self.client, operation)(**arguments)

        return call


def enrolled(cognito, pool):
    """Yields each user of `pool`: the username and the value of the attribute, empty if nothing is enrolled."""
    more = {}
    while True:
        page = cognito.list_users(UserPoolId=pool, AttributesToGet=[ATTRIBUTE], Limit=60, **more)
        for user in page["Users"]:
            values = {each["Name"]: each.get("Value", "") for each in user.get("Attributes", [])}
            yield user["Username"], values.get(ATTRIBUTE, "")
        if not page.get("PaginationToken"):
            return
        more = {"PaginationToken": page["PaginationToken"]}


def items(table_client, table):
    """Yields all items of the table, in DynamoDB's format."""
    more = {}
    while True:
        page = table_client.scan(TableName=table, ConsistentRead=True, **more)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def export(given, cognito, dynamodb):
    lines = [{"form": FORM, "pool": given.user_pool_id, "table": given.table}]
    lines += [{"user": name, "questions": value} for name, value in enrolled(cognito, given.user_pool_id) if value]
    users = len(lines) - 1
    if given.table:
        lines += [{"item": item} for item in items(dynamodb, given.table)]
    try:
        file = os.open(given.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{given.file} exists already: name another file") from None
    with open(file, "w") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    print(f"saved the enrolled answers of {users} users, and {len(lines) - 1 - users} counts")


def read(path):
    """Returns the lines of a backup."""
    try:
        first, *lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    except ValueError as error:
        raise Refused(f"{path} is not a backup: {error}") from None
    if first.get("form") != FORM:
        raise Refused(f"{path} is not a backup in the form `{FORM}`")
    return first, lines


def import_(given, cognito, dynamodb):
    first, lines = read(given.file)
    there = dict(enrolled(cognito, given.user_pool_id))
    done = {"restored": 0, "the same": 0, "other answers are enrolled": [], "no such user": []}
    for line in (line for line in lines if "user" in line):
        name, value = line["user"], line["questions"]
        if name not in there:
            done["no such user"].append(name)
        elif there[name] == value:
            done["the same"] += 1
        elif there[name] and not given.replace:
            done["other answers are enrolled"].append(name)
        else:
            done["restored"] += 1
            if not given.dry_run:
                attribute = {"Name": ATTRIBUTE, "Value": value}
                cognito.admin_update_user_attributes(
                    UserPoolId=given.user_pool_id, Username=name, UserAttributes=[attribute]
                )
    print(f"users: {done['restored']} restored, {done['the same']} the same")
    for why in ("other answers are enrolled", "no such user"):
        for name in done[why]:
            print(f"not restored: {name}: {why}")
    counts = [line["item"] for line in lines if "item" in line]
    if counts and not given.table:
        print(f"not restored: {len(counts)} counts: name the table with --table")
    elif counts and first["pool"] != given.user_pool_id:
        # The keys are hashes of the pool and the user.
        print(f"not restored: {len(counts)} counts: they belong to users of {first['pool']}")
    else:
        print(f"counts: {restore(given, dynamodb, counts)} restored")
    if given.dry_run:
        print("nothing was changed")
    return 1 if done["no such user"] or done["other answers are enrolled"] else 0


def restore(given, dynamodb, counts):
    """Writes the counts that have not expired. Without --replace, existing ones are kept. Returns their number."""
    restored = 0
    for item in counts:
        if int(item.get("expires", {}).get("N", "0")) <= time.time():
            continue
        condition = {} if given.replace else {"ConditionExpression": "attribute_not_exists(id)"}
        if given.dry_run:
            found = dynamodb.get_item(TableName=given.table, Key={"id": item["id"]}).get("Item")
            restored += given.replace or not found
            continue
        try:
            dynamodb.put_item(TableName=given.table, Item=item, **condition)
            restored += 1
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
    return restored


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (("export", export), ("import", import_)):
        command = commands.add_parser(name)
        command.set_defaults(does=does)
        command.add_argument("--user-pool-id", required=True)
        command.add_argument("--table", help="the output AttemptsTableName of the stack; without it, no counts")
        command.add_argument("--file", required=True)
        command.add_argument("--rate", type=float, default=5, help="the maximum number of calls to Cognito a second [5]")
        command.add_argument("--endpoint-url", help="another Cognito, such as a `local`")
        command.add_argument("--dynamodb-endpoint-url", help="another DynamoDB")
        command.add_argument("--region")
    command = commands.choices["import"]
    command.add_argument("--dry-run", action="store_true", help="show the changes without making them")
    command.add_argument("--replace", action="store_true", help="also replace existing answers and counts")
    return parser.parse_args(arguments)


def main(arguments=None):
    given = parsed(arguments)
    cognito = boto3.client("cognito-idp", endpoint_url=given.endpoint_url, region_name=given.region)
    dynamodb = boto3.client("dynamodb", endpoint_url=given.dynamodb_endpoint_url, region_name=given.region)
    try:
        return given.does(given, Slow(cognito, given.rate), dynamodb) or 0
    except (Refused, OSError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as refused:
        print(f"error: {refused}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
