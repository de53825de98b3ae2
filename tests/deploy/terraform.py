"""The resources of examples/terraform, with the names and the form of cloudformation.py.

Terraform itself needs the provider to evaluate a module, and package registries do not have it. This reads the parts that
the module needs: variables with their defaults, references, and the modules of the functions.
"""

import pathlib
import re

import hcl2

MODULE = pathlib.Path(__file__).parents[2] / "examples/terraform"
# The module of each function, and the name of the function in the other templates.
FUNCTIONS = {
    "define": "DefineAuthChallenge",
    "create": "CreateAuthChallenge",
    "verify": "VerifyAuthChallenge",
    "tokens": "PreTokenGeneration",
    "enrolment": "Enrolment",
}
# The references in expressions.
REFERENCES = {
    "aws_apigatewayv2_api.enrolment[0].execution_arn": "arn:{AWS::Partition}:execute-api:{AWS::Region}:{AWS::AccountId}:{EnrolmentApi}",
    "aws_cognito_user_pool_client.client[*].id": "{UserPoolClient}",
    "aws_dynamodb_table.attempts.arn": "{AttemptsTable.Arn}",
    "aws_dynamodb_table.attempts.name": "{AttemptsTable}",
    "aws_s3_bucket.captcha.arn": "{CaptchaBucket.Arn}",
    "aws_s3_bucket.captcha.bucket": "{CaptchaBucket}",
    "data.aws_secretsmanager_secret_version.challenge.secret_string": "{ChallengeSecret}",
    'join(",", local.enrolment_clients)': "{UserPoolClient}",
    "local.user_pool_arn": "{UserPool.Arn}",
    "local.user_pool_id": "{UserPool}",
    "tostring(var.auth_session_minutes)": "3",
}
for name, id in FUNCTIONS.items():
    REFERENCES[f"module.{name}.name"] = f"{{{id}Function}}"
    REFERENCES[f"module.{name}[0].name"] = f"{{{id}Function}}"
    REFERENCES[f'aws_lambda_alias.live["{name}"].arn'] = f"{{{id}Alias}}"


class Module:
    """Returns the blocks of a folder of Terraform."""

    def __init__(self, folder, **inputs):
        self.blocks = {}
        variables, self.locals = {}, {}
        for path in sorted(folder.glob("*.tf")):
            with path.open() as file:
                read = hcl2.load(file)
            for kind in ("resource", "data"):
                for each in read.get(kind, []):
                    for label, named in each.items():
                        for id, block in named.items():
                            self.blocks[(kind, unquoted(label), unquoted(id))] = block
            for kind in ("module", "variable"):
                for each in read.get(kind, []):
                    for id, block in each.items():
                        self.blocks[(kind, unquoted(id))] = block
                        if kind == "variable":
                            variables[unquoted(id)] = block.get("default")
            for each in read.get("locals", []):
                self.locals |= each
        self.variables = variables | inputs

    def resource(self, label, id):
        """Returns the evaluated arguments of a resource."""
        return self.value(self.blocks[("resource", label, id)])

    def value(self, node):
        """Evaluates quotes and references in `node`."""
        if isinstance(node, list):
            return [self.value(each) for each in node]
        if isinstance(node, dict):
            return {unquoted(key): self.value(each) for key, each in node.items() if not key.startswith("__")}
        if not isinstance(node, str):
            return node
        if node.startswith("${"):
            return self.expression(node[2:-1])
        return re.sub(r"\$\{([^}]+)\}", lambda each: str(self.expression(each[1])), unquoted(node))

    def expression(self, text):
        if variable := re.fullmatch(r"var\.(\w+)", text):
            return self.value(self.variables[variable[1]])
        if text in REFERENCES:
            return REFERENCES[text]
        return self.value(text) if text.startswith('"') else f"<{text}>"

    def environment(self, text):
        """Returns the variables of a function: the common ones and its own."""
        own = re.findall(r"([A-Z_]+) = (join\([^)]*\)|[^,}]+)", text)
        return self.value(self.locals["common"]) | {name: self.expression(each.strip()) for name, each in own}


def unquoted(text):
    return text[1:-1] if text.startswith('"') and text.endswith('"') else text


def facts():
    """Returns the properties of a stack that must be the same for all tools."""
    module = Module(MODULE)
    functions = {
        id: Module(MODULE / "function", **module.value(module.blocks[("module", name)])) for name, id in FUNCTIONS.items()
    }
    pool = module.resource("aws_cognito_user_pool", "users")
    client = module.resource("aws_cognito_user_pool_client", "client")
    (wired,) = pool["lambda_config"]
    (case,) = pool["username_configuration"]
    (creation,) = pool["admin_create_user_config"]
    (recovery,) = pool["account_recovery_setting"]
    (stage,) = module.resource("aws_apigatewayv2_stage", "enrolment")["default_route_settings"]
    return {
        "triggers": {pascal(name): value for name, value in wired.items()},
        "pool": {
            "MfaConfiguration": pool["mfa_configuration"],
            "DeletionProtection": pool["deletion_protection"],
            "AliasAttributes": pool["alias_attributes"],
            "AutoVerifiedAttributes": pool["auto_verified_attributes"],
            "CaseSensitive": case["case_sensitive"],
            "AllowAdminCreateUserOnly": creation["allow_admin_create_user_only"],
            "RecoveryMechanisms": [pascal_keys(each) for each in recovery["recovery_mechanism"]],
            "PasswordPolicy": pascal_keys(pool["password_policy"][0]),
            "Schema": [
                pascal_keys(each)
                | {"StringAttributeConstraints": pascal_keys(each["string_attribute_constraints"][0])}
                for each in pool["schema"]
            ],
        },
        "client": {pascal(name): client[name] for name in CLIENT} | {"OAuth": client.get("allowed_oauth_flows", [])},
        "callers": set(callers(module)),
        "functions": {f"{id}Function": lambda_function(id, each) for id, each in functions.items()},
        "environment": {
            f"{id}Function": module.environment(module.blocks[("module", name)]["environment"])
            for name, id in FUNCTIONS.items()
        },
        "roles": {f"{id}Role": role(id, each) for id, each in functions.items()},
        "logs": {f"{id}LogGroup": log(each, "function") for id, each in functions.items()}
        | {"EnrolmentApiLogGroup": log(module, "enrolment_api")},
        "bucket": bucket(module),
        "table": table(module),
        "secret": secret(module),
        "kept": {
            id
            for id, label, name in (
                ("UserPool", "aws_cognito_user_pool", "users"),
                ("ChallengeSecret", "aws_secretsmanager_secret", "challenge"),
            )
            if module.resource(label, name)["lifecycle"][0]["prevent_destroy"]
        },
        "alarms": alarms(module),
        "throttle": pascal_keys(stage),
    }


CLIENT = [
    "auth_session_validity",
    "enable_token_revocation",
    "explicit_auth_flows",
    "generate_secret",
    "prevent_user_existence_errors",
    "read_attributes",
    "write_attributes",
]


def pascal(name):
    return "".join(word.capitalize() for word in name.split("_"))


def pascal_keys(block):
    return {pascal(name): value for name, value in block.items()}


def each_trigger(block, module):
    """Returns a block for each function that Cognito calls, by the function's name."""
    assert block["for_each"] == "${local.triggers}", block
    for name, reference in module.locals["triggers"].items():
        assert reference == f"${{module.{name}}}"
        yield FUNCTIONS[name]


def callers(module):
    """Returns the permissions to call functions: the alias or function, the service, and the source."""
    block = module.blocks[("resource", "aws_lambda_permission", "cognito")]
    assert block["qualifier"] == "${aws_lambda_alias.live[each.key].name}"
    permission = module.value(block)
    for id in each_trigger(block, module):
        assert permission["function_name"] == "<each.value.name>"
        yield f"{{{id}Alias}}", permission["principal"], permission["source_arn"]
    permission = module.resource("aws_lambda_permission", "enrolment")
    yield permission["function_name"], permission["principal"], permission["source_arn"]


def lambda_function(id, module):
    function = module.resource("aws_lambda_function", "function")
    (log,) = function["logging_config"]
    assert function["role"] == "<aws_iam_role.function.arn>"
    assert log.pop("log_group") == "<aws_cloudwatch_log_group.function.name>"
    names = {"architectures", "handler", "memory_size", "runtime", "timeout"}
    return {pascal(name): function[name] for name in names} | {"Log": pascal_keys(log) | {"LogGroup": f"{{{id}LogGroup}}"}}


def role(id, module):
    """Returns the actions that a function's role allows, by resource, and the service that may assume it."""
    (assumed,) = module.value(module.blocks[("data", "aws_iam_policy_document", "assume")])["statement"]
    (principal,) = assumed["principals"]
    document = module.blocks[("data", "aws_iam_policy_document", "function")]
    (own,) = document["statement"]
    (dynamic,) = [each['"statement"'] for each in document["dynamic"]]
    assert dynamic["for_each"] == "${var.statements}", dynamic
    logs = f"{{{id}LogGroup.Arn}}"
    assert own["resources"] == ['"${aws_cloudwatch_log_group.function.arn}:*"'], own
    allowed = {"taken by": set(principal["identifiers"]), logs: set(module.value(own["actions"]))}
    for statement in module.variables["statements"]:
        assert statement.keys() == {"actions", "resources"}, statement
        for resource in statement["resources"]:
            allowed.setdefault(resource, set()).update(statement["actions"])
    return allowed


def log(module, id):
    return module.resource("aws_cloudwatch_log_group", id)["retention_in_days"]


def bucket(module):
    def of(label):
        block = module.resource(label, "captcha")
        assert block["bucket"] == "<aws_s3_bucket.captcha.id>", block
        return block

    (encrypted,) = of("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    (algorithm,) = encrypted["apply_server_side_encryption_by_default"]
    (forgotten,) = of("aws_s3_bucket_lifecycle_configuration")["rule"]
    (owned,) = of("aws_s3_bucket_ownership_controls")["rule"]
    public = of("aws_s3_bucket_public_access_block")
    assert of("aws_s3_bucket_policy")["policy"] == "<data.aws_iam_policy_document.captcha.json>"
    (refused,) = module.value(module.blocks[("data", "aws_iam_policy_document", "captcha")])["statement"]
    (condition,) = refused["condition"]
    return {
        "encryption": {"SSEAlgorithm": algorithm["sse_algorithm"]},
        "days": (forgotten["status"], forgotten["expiration"][0]["days"]),
        "ownership": [pascal_keys(owned)],
        "public": {pascal(name): value for name, value in public.items() if name != "bucket"},
        "refused": (
            refused["effect"],
            *refused["actions"],
            {condition["test"]: {condition["variable"]: condition["values"][0]}},
            sorted(refused["resources"]),
        ),
    }


def table(module):
    made = module.resource("aws_dynamodb_table", "attempts")
    (ttl,) = made["ttl"]
    return made["billing_mode"], [{"AttributeName": made["hash_key"], "KeyType": "HASH"}], pascal_keys(ttl)


def secret(module):
    made = module.resource("random_password", "challenge")
    version = module.resource("aws_secretsmanager_secret_version", "challenge")
    assert version["secret_string"] == "<random_password.challenge.result>"
    return {"PasswordLength": made["length"], "ExcludePunctuation": not made["special"]}


def alarms(module):
    """Returns the metrics, functions and conditions of an alarm."""
    found = {}

    def add(block, dimension, function, **more):
        alarm = module.value(block) | more
        assert alarm["treat_missing_data"] == "notBreaching" and alarm["evaluation_periods"] == 1
        watched = (alarm["namespace"], alarm["metric_name"], dimension, f"{{{FUNCTIONS[function]}Function}}")
        statistic = alarm.get("statistic", alarm.get("extended_statistic"))
        found[watched] = (alarm["comparison_operator"], alarm["threshold"], statistic, alarm["period"])

    assert module.locals["functions"] == "${merge(local.triggers, local.enrolled ? {enrolment = module.enrolment[0]} : {})}"
    for id in ("errors", "throttles", "duration"):
        block = module.blocks[("resource", "aws_cloudwatch_metric_alarm", id)]
        assert block["for_each"] == "${local.functions}", block
        assert module.value(block["dimensions"]) == {"FunctionName": "<each.value.name>"}
        for function in FUNCTIONS:
            add(block, "FunctionName", function)
    block = module.blocks[("resource", "aws_cloudwatch_metric_alarm", "own")]
    for metric, each in module.value(module.locals["own_metrics"]).items():
        own = {name: each[name] for name in ("threshold", "period")}
        add(block, "function", each["function"], metric_name=metric, **own)
    return found
