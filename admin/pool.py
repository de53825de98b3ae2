"""Attaches the functions to an existing user pool, and detaches them again. Needs boto3.

    python3 admin/pool.py attach --user-pool-id POOL --stack STACK --client-id CLIENT --dry-run
    python3 admin/pool.py attach --user-pool-id POOL --stack STACK --client-id CLIENT
    python3 admin/pool.py detach --user-pool-id POOL --undo POOL.attached.json

UpdateUserPool and UpdateUserPoolClient reset missing fields. So every field that the service's model has in
both directions is read and sent back. docs/deploying.md#an-existing-pool explains the changes.
"""

import argparse
import json
import os
import pathlib
import sys

import boto3
import botocore.exceptions
from botocore.validate import ParamValidator

ATTRIBUTE = "security_questions"
# The output of the stack for each trigger of the pool.
TRIGGERS = {
    "DefineAuthChallenge": "DefineAuthChallengeArn",
    "CreateAuthChallenge": "CreateAuthChallengeArn",
    "VerifyAuthChallengeResponse": "VerifyAuthChallengeArn",
    "PreTokenGeneration": "PreTokenGenerationArn",
}
# The newer name of a trigger, with the version of its event.
CONFIG = "PreTokenGenerationConfig"
# The settings of a client with challenges: no flow that issues tokens without them, and no access to the hashed answers.
CLIENT = {
    "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": True,
    "ReadAttributes": ["email", "email_verified", "locale", "name"],
    "WriteAttributes": ["locale", "name"],
}
# Flows that issue tokens for the password or a code alone, without a challenge.
AROUND = ["ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH", "USER_PASSWORD_AUTH", "USER_SRP_AUTH"]


class Refused(Exception):
    """An error that the operator must fix."""


def updating(model, operation, described, names):
    """Returns the fields of `described` that `operation` accepts. `names` maps names that differ."""
    takes = model.operation_model(operation).input_shape.members
    sent = {names.get(name, name): value for name, value in described.items()}
    # Some services describe an empty text, but none accepts it.
    return {name: value for name, value in sent.items() if name in takes and value not in (None, "")}


def pool_update(model, pool, triggers, mfa):
    """Returns the complete UpdateUserPool that changes only `triggers` and `mfa` of `pool`. A trigger with the value None is
    removed."""
    update = updating(model, "UpdateUserPool", pool, {"Id": "UserPoolId", "Name": "PoolName"})
    if "AdminCreateUserConfig" in update:
        # It is now `TemporaryPasswordValidityDays` of the password policy, and Cognito accepts only one of them.
        update["AdminCreateUserConfig"] = without(update["AdminCreateUserConfig"], "UnusedAccountValidityDays")
    config = update.get("LambdaConfig", {}) | triggers
    update["LambdaConfig"] = {name: value for name, value in config.items() if value is not None}
    return update | {"MfaConfiguration": mfa}


def client_update(model, client, changes):
    """Returns the complete UpdateUserPoolClient that makes only `changes` to `client`. A None is removed."""
    update = updating(model, "UpdateUserPoolClient", client, {}) | changes
    return {name: value for name, value in update.items() if value is not None}


def without(fields, *names):
    return {name: value for name, value in fields.items() if name not in names}


def wanted(arns):
    """Returns the LambdaConfig of the pool for `arns`, by trigger."""
    config = dict(arns)
    if arns.get("PreTokenGeneration"):
        config[CONFIG] = {"LambdaVersion": "V1_0", "LambdaArn": arns["PreTokenGeneration"]}
    return config


def plain(config):
    """Returns a LambdaConfig without the newer name of a trigger if it has the same value, because not all describe it."""
    newer = config.get(CONFIG) or {}
    same = newer.get("LambdaVersion") == "V1_0" and newer.get("LambdaArn") == config.get("PreTokenGeneration")
    return without(config, CONFIG) if same else config


def foreign(config, arns):
    """Returns the triggers of the challenges that `config` assigns to other functions."""
    found = []
    for trigger, arn in arns.items():
        newer = config.get(CONFIG, {}).get("LambdaArn") if trigger == "PreTokenGeneration" else None
        there = config.get(trigger) or newer
        if there and there != arn:
            found.append(f"{trigger}: {there}")
    return found


def differences(before, after, path=""):
    """Yields one line for each field that differs in `after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            line
            for name in sorted({*before, *after})
            for line in differences(before.get(name), after.get(name), f"{path}.{name}" if path else name)
        ]
    if before == after or not (before or after or isinstance(before, bool)):
        return []
    return [f"{path}: {shown(before)} -> {shown(after)}"]


def shown(value):
    return "(none)" if value is None else json.dumps(value, default=str)


def warnings(clients, chosen):
    """Yields warnings about the app clients that are not changed."""
    for client in clients:
        name = f"app client {client['ClientId']} ({client.get('ClientName', '')})"
        flows = [flow.removeprefix("ALLOW_") for flow in client.get("ExplicitAuthFlows", [])]
        around = sorted(set(flows) & set(AROUND))
        if client["ClientId"] in chosen:
            continue
        if around:
            yield f"{name} allows {', '.join(around)}, which issue tokens without a challenge"
        if client.get("AllowedOAuthFlowsUserPoolClient"):
            yield f"{name} uses the hosted pages, whose tokens pre-token-generation denies"
        for list_of in ("ReadAttributes", "WriteAttributes"):
            attributes = client.get(list_of)
            # If a client has no list of attributes, its description has none either.
            if attributes is None or f"custom:{ATTRIBUTE}" in attributes:
                yield f"{name} may {list_of[:-10].lower()} custom:{ATTRIBUTE}: give it {list_of} without it"


def validate(model, operation, updates):
    """Checks `updates` against the service's model before the first change."""
    for update in updates:
        report = ParamValidator().validate(update, model.operation_model(operation).input_shape)
        if report.has_errors():
            raise Refused(f"{operation} does not accept the pool's settings: {report.generate_report()}")


class Attached:
    """A pool, its app clients, and the names of the functions."""

    def __init__(self, arguments):
        self.cognito = boto3.client("cognito-idp", endpoint_url=arguments.endpoint_url, region_name=arguments.region)
        self.model = self.cognito.meta.service_model
        self.id = arguments.user_pool_id

    def pool(self):
        return self.cognito.describe_user_pool(UserPoolId=self.id)["UserPool"]

    def client(self, client):
        described = self.cognito.describe_user_pool_client(UserPoolId=self.id, ClientId=client)["UserPoolClient"]
        return without(described, "ClientSecret")

    def clients(self):
        pages = self.cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=self.id)
        return [self.client(client["ClientId"]) for page in pages for client in page["UserPoolClients"]]

    def mfa(self):
        return without(self.cognito.get_user_pool_mfa_config(UserPoolId=self.id), "ResponseMetadata")


def arns_of(arguments):
    """Returns the functions by trigger, from the arguments or the outputs of the stack, and the minutes of a session, if known."""
    given = {trigger: getattr(arguments, output) for trigger, output in TRIGGERS.items()}
    if all(given.values()) or not arguments.stack:
        if missing := [f"--{dashed(TRIGGERS[trigger])}" for trigger, arn in given.items() if not arn]:
            raise Refused(f"give --stack, or the ARNs of the functions: {' '.join(missing)}")
        return given, arguments.auth_session_minutes
    stacks = boto3.client("cloudformation", region_name=arguments.region)
    (stack,) = stacks.describe_stacks(StackName=arguments.stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    if parameters.get("ExistingUserPoolId") != arguments.user_pool_id:
        raise Refused(
            f"stack {arguments.stack} was deployed with ExistingUserPoolId={parameters.get('ExistingUserPoolId', '')!r}: "
            f"its functions may not be called by {arguments.user_pool_id}"
        )
    minutes = arguments.auth_session_minutes or int(parameters.get("AuthSessionMinutes", 3))
    return {trigger: given[trigger] or outputs[output] for trigger, output in TRIGGERS.items()}, minutes


def attach(arguments):
    there = Attached(arguments)
    arns, minutes = arns_of(arguments)
    if arguments.without_pre_token_generation:
        del arns["PreTokenGeneration"]
    pool, mfa, clients = there.pool(), there.mfa(), there.clients()
    if others := foreign(pool.get("LambdaConfig", {}), arns):
        if not arguments.replace:
            raise Refused(
                "the pool has other functions for these triggers; --replace removes them:\n  " + "\n  ".join(others)
            )
    chosen = {client["ClientId"]: client for client in clients if client["ClientId"] in arguments.client_id}
    if unknown := set(arguments.client_id) - set(chosen):
        raise Refused(f"the pool has no app client {', '.join(sorted(unknown))}")
    update = pool_update(there.model, pool, wanted(arns), "OFF")
    changes = CLIENT | ({"AuthSessionValidity": minutes} if minutes else {})
    updates = [client_update(there.model, client, changes) for client in chosen.values()]
    validate(there.model, "UpdateUserPool", [update])
    validate(there.model, "UpdateUserPoolClient", updates)
    attribute = all(each["Name"] != f"custom:{ATTRIBUTE}" for each in pool.get("SchemaAttributes", []))

    if attribute:
        print(f"add the attribute custom:{ATTRIBUTE}, which cannot be removed again")
    print_differences("the user pool", unchanged(there, pool), update)
    for client, changed in zip(chosen.values(), updates):
        print_differences(f"app client {client['ClientId']}", client_update(there.model, client, {}), changed)
    if pool.get("MfaConfiguration", "OFF") != "OFF":
        print("warning: MFA will be off for every user and client of the pool: with it, Cognito can issue tokens without")
        print("         the challenges. Do not attach a pool that needs MFA.")
    for warning in warnings(clients, chosen):
        print(f"warning: {warning}")
    if not chosen:
        print("warning: no app client is changed: name one with --client-id")
    if arguments.dry_run:
        print("nothing was changed")
        return
    confirm(arguments, "attach the functions")

    undo = pathlib.Path(arguments.undo or f"{there.id}.attached.json")
    record = {"pool": pool, "mfa": mfa, "clients": list(chosen.values()), "triggers": wanted(arns)}
    if undo.exists():
        raise Refused(f"{undo} exists already, and detaching needs it: move it, or name another file with --undo")
    # Before the first change, so that each change can be undone.
    write_private(undo, json.dumps(record, default=str, indent=1))
    if attribute:
        there.cognito.add_custom_attributes(
            UserPoolId=there.id,
            CustomAttributes=[
                {
                    "Name": ATTRIBUTE,
                    "AttributeDataType": "String",
                    "Mutable": True,
                    "StringAttributeConstraints": {"MaxLength": "2048"},
                }
            ],
        )
    there.cognito.update_user_pool(**update)
    for each in updates:
        there.cognito.update_user_pool_client(**each)
    check(there, update, updates)
    print(f"attached; `detach` needs {undo}")


def detach(arguments):
    there = Attached(arguments)
    if not arguments.undo:
        raise Refused("name the file that `attach` wrote with --undo")
    record = json.loads(pathlib.Path(arguments.undo).read_text())
    if record["pool"]["Id"] != there.id:
        raise Refused(f"{arguments.undo} is for the pool {record['pool']['Id']}")
    pool, before = there.pool(), record["pool"]
    config, ours = plain(pool.get("LambdaConfig", {})), plain(record["triggers"])
    others = [f"{name}: {shown(config.get(name))}" for name, value in ours.items() if config.get(name) != value]
    if others and not arguments.replace:
        raise Refused("these triggers differ from those that `attach` has set; --replace restores them anyway:\n  " + "\n  ".join(others))
    triggers = {name: before.get("LambdaConfig", {}).get(name) for name in record["triggers"]}
    update = pool_update(there.model, pool, triggers, pool.get("MfaConfiguration", "OFF"))
    updates = []
    for was in record["clients"]:
        current = there.client(was["ClientId"])
        changes = {name: was.get(name) for name in [*CLIENT, "AuthSessionValidity"]}
        updates.append((current, client_update(there.model, current, changes)))
    print_differences("the user pool", unchanged(there, pool), update)
    for current, changed in updates:
        print_differences(f"app client {current['ClientId']}", client_update(there.model, current, {}), changed)
    mfa = record["mfa"]
    now = there.mfa()
    print_differences("MFA of the user pool", now, mfa)
    if arguments.dry_run:
        print("nothing was changed")
        return
    confirm(arguments, "detach the functions")
    there.cognito.update_user_pool(**update)
    for _, changed in updates:
        there.cognito.update_user_pool_client(**changed)
    if mfa != now:
        there.cognito.set_user_pool_mfa_config(UserPoolId=there.id, **mfa)
        update["MfaConfiguration"] = mfa.get("MfaConfiguration", "OFF")
    check(there, update, [changed for _, changed in updates])
    print(f"detached; the attribute custom:{ATTRIBUTE} stays, because Cognito cannot remove attributes. Delete the stack next")


def unchanged(there, pool):
    """Returns the update that `pool_update` would send to change nothing."""
    return pool_update(there.model, pool, {}, pool.get("MfaConfiguration", "OFF"))


def check(there, update, updates):
    """Reads the changed resource again and checks that it has all values that were sent."""
    now = unchanged(there, there.pool())
    asked, now = ({**each, "LambdaConfig": plain(each["LambdaConfig"])} for each in (update, now))
    lines = differences(asked, now)
    for each in updates:
        now = client_update(there.model, there.client(each["ClientId"]), {})
        lines += differences(each, now, each["ClientId"])
    if lines:
        raise Refused("the pool differs from the request; each line is requested -> actual:\n  " + "\n  ".join(lines))


def print_differences(what, before, after):
    lines = differences(before, after)
    print(f"{what}: {'nothing changes' if not lines else ''}".rstrip())
    for line in lines:
        print(f"  {line}")


def confirm(arguments, what):
    if not arguments.yes and input(f"{what}? Type yes: ") != "yes":
        raise Refused("nothing was changed")


def write_private(path, text):
    """Writes a file that only its owner may read, because it contains the pool's configuration."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def dashed(output):
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in output).lstrip("-")


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (("attach", attach), ("detach", detach)):
        command = commands.add_parser(name)
        command.set_defaults(does=does)
        command.add_argument("--user-pool-id", required=True)
        command.add_argument("--undo", metavar="FILE", help="the file that attach writes and detach reads [POOL.attached.json]")
        command.add_argument("--dry-run", action="store_true", help="show the changes without making them")
        command.add_argument("--yes", action="store_true", help="do not ask")
        command.add_argument("--replace", action="store_true", help="also replace triggers of other functions")
        command.add_argument("--endpoint-url", help="another Cognito, such as a `local`")
        command.add_argument("--region")
    command = commands.choices["attach"]
    command.add_argument("--stack", help="the stack with ExistingUserPoolId, whose outputs name the functions")
    command.add_argument("--client-id", action="append", default=[], help="an app client to configure; can be repeated")
    command.add_argument("--auth-session-minutes", type=int, help="the stack's AuthSessionMinutes, without --stack")
    command.add_argument("--without-pre-token-generation", action="store_true", help="do not change that trigger")
    for output in TRIGGERS.values():
        command.add_argument(f"--{dashed(output)}", dest=output, metavar="ARN")
    return parser.parse_args(arguments)


def main(arguments=None):
    given = parsed(arguments)
    try:
        given.does(given)
    except (Refused, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as refused:
        sys.exit(f"error: {refused}")


if __name__ == "__main__":
    main()
