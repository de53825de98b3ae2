"""The resources of a CloudFormation template, by the common names of the templates of SAM and the CDK."""

import re

# The value that CloudFormation omits.
NOTHING = object()


class Template:
    """A template without transforms, with the values of its parameters.

    A reference to a resource becomes text such as `{AttemptsTable}` or `{AttemptsTable.Arn}`.
    """

    def __init__(self, template, **parameters):
        self.template = template
        self.parameters = {name: each.get("Default") for name, each in template.get("Parameters", {}).items()} | parameters
        self.resources = {
            common(id): {"Type": each["Type"], **self.value({key: each[key] for key in each if key != "Metadata"})}
            for id, each in template["Resources"].items()
            if "Condition" not in each or self.holds({"Condition": each["Condition"]})
        }

    def of(self, kind):
        """Returns the properties of the resources of a type."""
        resources = self.resources.items()
        return {id: each.get("Properties", {}) for id, each in resources if each["Type"] == kind}

    def value(self, node):
        """Evaluates the functions of CloudFormation in `node`."""
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) != 1 or not (next(iter(node)) == "Ref" or next(iter(node)).startswith("Fn::")):
            values = {key: self.value(value) for key, value in node.items()}
            return {key: value for key, value in values.items() if value is not NOTHING}
        ((function, argument),) = node.items()
        match function:
            case "Ref":
                return self.reference(argument)
            case "Fn::GetAtt":
                id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
                return f"{{{common(id)}.{attribute}}}"
            case "Fn::Sub":
                text, own = argument if isinstance(argument, list) else (argument, {})
                return re.sub(r"\$\{([^!}]+)\}", lambda name: str(self.substituted(name[1], own)), text)
            case "Fn::Join":
                return argument[0].join(map(str, self.value(argument[1])))
            case "Fn::Split":
                return self.value(argument[1]).split(argument[0])
            case "Fn::Select":
                return self.value(argument[1])[int(argument[0])]
            case "Fn::FindInMap":
                name, first, second = map(self.value, argument)
                return self.template["Mappings"][name][first][second]
            case "Fn::If":
                condition, then, otherwise = argument
                return self.value(then if self.holds({"Condition": condition}) else otherwise)
        raise AssertionError(function)

    def reference(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.parameters:
            return self.parameters[name]
        return f"{{{name if name.startswith('AWS::') else common(name)}}}"

    def substituted(self, name, own):
        if name in own:
            return self.value(own[name])
        return self.value({"Fn::GetAtt": name} if "." in name else {"Ref": name})

    def holds(self, node):
        """Returns whether a condition holds."""
        ((function, argument),) = node.items()
        match function:
            case "Condition":
                return self.holds(self.template["Conditions"][argument])
            case "Fn::Equals":
                left, right = map(self.value, argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(map(self.holds, argument))
            case "Fn::Or":
                return any(map(self.holds, argument))
        raise AssertionError(function)


def common(id):
    """Removes the CDK's additions from a logical id, and unifies the names of aliases."""
    id = re.sub(r"^SignIn(.*)[0-9A-F]{8}$", r"\1", id)
    return re.sub(r"Function(Aliaslive|Live)$", "Alias", id)


def facts(template):
    """Returns the properties of a stack that must be the same for all tools."""
    (pool,) = template.of("AWS::Cognito::UserPool").values()
    (client,) = template.of("AWS::Cognito::UserPoolClient").values()
    (bucket,) = template.of("AWS::S3::Bucket").values()
    (bucket_policy,) = template.of("AWS::S3::BucketPolicy").values()
    (table,) = template.of("AWS::DynamoDB::Table").values()
    (secret,) = template.of("AWS::SecretsManager::Secret").values()
    (stage,) = template.of("AWS::ApiGatewayV2::Stage").values() or [None]
    (encrypted,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (forgotten,) = bucket["LifecycleConfiguration"]["Rules"]
    (refused,) = bucket_policy["PolicyDocument"]["Statement"]
    return {
        "triggers": pool["LambdaConfig"],
        "pool": {
            "MfaConfiguration": pool["MfaConfiguration"],
            "DeletionProtection": pool["DeletionProtection"],
            "AliasAttributes": pool["AliasAttributes"],
            "AutoVerifiedAttributes": pool["AutoVerifiedAttributes"],
            "CaseSensitive": pool["UsernameConfiguration"]["CaseSensitive"],
            "AllowAdminCreateUserOnly": pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
            "RecoveryMechanisms": pool["AccountRecoverySetting"]["RecoveryMechanisms"],
            "PasswordPolicy": pool["Policies"]["PasswordPolicy"],
            "Schema": pool["Schema"],
        },
        "client": {name: client[name] for name in CLIENT}
        # An app client has no OAuth without flows.
        | {"OAuth": client.get("AllowedOAuthFlows", [])},
        "callers": {
            (each["FunctionName"].replace(".Arn}", "}"), each["Principal"], each.get("SourceArn"))
            for each in template.of("AWS::Lambda::Permission").values()
        },
        "functions": {
            id: {name: each[name] for name in FUNCTION} | {"Log": each["LoggingConfig"]}
            for id, each in template.of("AWS::Lambda::Function").items()
        },
        "environment": {
            id: {name: secretless(value) for name, value in each["Environment"]["Variables"].items()}
            for id, each in template.of("AWS::Lambda::Function").items()
        },
        "roles": roles(template),
        "logs": {id: each["RetentionInDays"] for id, each in template.of("AWS::Logs::LogGroup").items()},
        "bucket": {
            "encryption": encrypted["ServerSideEncryptionByDefault"],
            "days": (forgotten["Status"], forgotten["ExpirationInDays"]),
            "ownership": bucket["OwnershipControls"]["Rules"],
            "public": bucket["PublicAccessBlockConfiguration"],
            "refused": (refused["Effect"], refused["Action"], refused["Condition"], sorted(refused["Resource"])),
        },
        "table": (table["BillingMode"], table["KeySchema"], table["TimeToLiveSpecification"]),
        "secret": secret["GenerateSecretString"],
        "kept": {id for id, each in template.resources.items() if each.get("DeletionPolicy") == "Retain"}
        & {"UserPool", "ChallengeSecret"},
        "alarms": alarms(template),
        "throttle": stage["DefaultRouteSettings"],
    }


CLIENT = [
    "AuthSessionValidity",
    "EnableTokenRevocation",
    "ExplicitAuthFlows",
    "GenerateSecret",
    "PreventUserExistenceErrors",
    "ReadAttributes",
    "WriteAttributes",
]
FUNCTION = ["Architectures", "Handler", "MemorySize", "Runtime", "Timeout"]


def secretless(value):
    """Returns a variable, with references to the stack's secret in one form."""
    return re.sub(r"\{\{resolve:secretsmanager:\{ChallengeSecret\}(:SecretString:::)?\}\}", "{ChallengeSecret}", str(value))


def roles(template):
    """Returns the actions that each role allows, by resource, and the service that may assume it."""
    found = {}
    for id, role in template.of("AWS::IAM::Role").items():
        documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        for policy in template.of("AWS::IAM::Policy").values():
            if f"{{{id}}}" in policy["Roles"]:
                documents.append(policy["PolicyDocument"])
        assert not role.get("ManagedPolicyArns"), id
        (assumed,) = role["AssumeRolePolicyDocument"]["Statement"]
        allowed = {"taken by": {assumed["Principal"]["Service"]}}
        for statement in (each for document in documents for each in listed(document["Statement"])):
            assert statement.keys() == {"Effect", "Action", "Resource"} and statement["Effect"] == "Allow", (id, statement)
            for resource in listed(statement["Resource"]):
                allowed.setdefault(resource, set()).update(listed(statement["Action"]))
        found[id] = allowed
    return found


def alarms(template):
    """Returns the metrics, functions and conditions of an alarm. The sum of several metrics reaches 1 if one of them does, and
    their maximum is above a limit if one of them is."""
    found = {}
    for id, alarm in template.of("AWS::CloudWatch::Alarm").items():
        assert alarm["TreatMissingData"] == "notBreaching" and alarm["EvaluationPeriods"] == 1, id
        metrics = [each["MetricStat"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
        for stat in metrics or [
            {"Metric": alarm, "Stat": alarm.get("Statistic", alarm.get("ExtendedStatistic")), "Period": alarm["Period"]}
        ]:
            metric = stat["Metric"]
            (dimension,) = metric["Dimensions"]
            watched = (metric["Namespace"], metric["MetricName"], dimension["Name"], dimension["Value"])
            found[watched] = (alarm["ComparisonOperator"], alarm["Threshold"], stat["Stat"], stat["Period"])
        for expression in (each["Expression"] for each in alarm.get("Metrics", []) if "Expression" in each):
            how = {"Errors": "SUM", "Throttles": "SUM", "Duration": "MAX"}[metrics[0]["Metric"]["MetricName"]]
            used = set(re.findall(r"[a-z]+", expression))
            assert used == {each["Id"] for each in alarm["Metrics"] if "MetricStat" in each}, id
            assert expression.startswith(how), id
            assert how == "MAX" or alarm["Threshold"] == 1, id
    return found


def listed(value):
    return value if isinstance(value, list) else [value]
