"""Tests the resources of template.yaml: their permissions, and that no sign-in can skip the challenges.

SAM's translator converts the template to CloudFormation, and ministack creates the stack in memory. Neither is AWS.
"""

import json
import re
import unittest

from cloud import TEMPLATE, Cloud, translated, yaml_parse

# The calls of each function and their resources, as far as a role must allow them. A call that is not here is one
# that the function does not need, and one that is here and not in its role fails on AWS.
CALLS = {
    "DefineAuthChallenge": {},
    "CreateAuthChallenge": {"{CaptchaBucket}/captcha/*": {"s3:GetObject", "s3:PutObject"}},
    "VerifyAuthChallenge": {"{AttemptsTable}": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"}},
    "PreTokenGeneration": {},
    "Enrolment": {
        "{AttemptsTable}": {"dynamodb:GetItem", "dynamodb:PutItem"},
        "{UserPool}": {"cognito-idp:AdminGetUser", "cognito-idp:AdminUpdateUserAttributes"},
    },
}
LOG_CALLS = {"logs:CreateLogStream", "logs:PutLogEvents"}
XRAY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"

# The identity that mails are sent from.
IDENTITY = "arn:aws:ses:us-east-1:000000000000:identity/example.com"

# An operator's key, and its use by the functions: they read their variables and create pictures with it.
KEY = "arn:aws:kms:us-east-1:000000000000:key/9f1b8a52-0000-4000-8000-00000000abcd"
KEY_CALLS = {name: {"kms:Decrypt"} for name in CALLS} | {"CreateAuthChallenge": {"kms:Decrypt", "kms:GenerateDataKey"}}

# The function of each trigger of Cognito.
TRIGGERS = {
    "DefineAuthChallenge": "DefineAuthChallenge",
    "CreateAuthChallenge": "CreateAuthChallenge",
    "VerifyAuthChallengeResponse": "VerifyAuthChallenge",
    "PreTokenGeneration": "PreTokenGeneration",
}


def listed(value):
    return value if isinstance(value, list) else [value]


def refusals(given):
    """Tests the template's rules about parameters, which ministack does not evaluate."""
    template = yaml_parse(TEMPLATE.read_text())
    values = {name: str(parameter.get("Default")) for name, parameter in template["Parameters"].items()} | given

    def holds(node):
        ((function, argument),) = node.items()
        match function:
            case "Fn::Equals":
                left, right = (values[one["Ref"]] if isinstance(one, dict) else one for one in argument)
                return left == right
            case "Fn::Not":
                return not holds(argument[0])
            case "Fn::Or":
                return any(map(holds, argument))
        raise AssertionError(function)

    rules = [rule for rule in template["Rules"].values() if holds(rule["RuleCondition"])]
    return [one["AssertDescription"].strip() for rule in rules for one in rule["Assertions"] if not holds(one["Assert"])]


class Stack(unittest.TestCase):
    """One stack with the defaults, one for an existing pool with everything enabled, and one that sends messages."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.made, cls.outputs = cls.cloud.deploy("new")
        cls.other, cls.other_outputs = cls.cloud.deploy(
            "existing",
            ExistingUserPoolId="us-east-1_There",
            EnrolmentClients="web,app",
            Tracing="Active",
            AlarmAddress="ops@example.com",
            LogRetentionDays="7",
        )
        cls.sending, _ = cls.cloud.deploy(
            "sending",
            ExistingUserPoolId="us-east-1_There",
            EnrolmentClients="web",
            EnrolmentUrl="https://example.com/sign-in",
            MailFrom="sign-in@example.com",
            MailIdentityArn=IDENTITY,
            SmsCodes="Enabled",
        )
        cls.sealed, _ = cls.cloud.deploy("sealed", KmsKeyArn=KEY)
        cls.named, cls.named_outputs = cls.cloud.deploy("named", Revision="12")

    def function(self, name, made=None):
        physical = (made or self.made)[f"{name}Function"]
        return self.cloud.client("lambda").get_function(FunctionName=physical)["Configuration"]

    def role(self, name, made):
        """Returns the actions that a function's role allows, by resource, and its managed policies."""
        iam = self.cloud.client("iam")
        role = self.function(name, made)["Role"].rsplit("/", 1)[1]
        allowed = {}
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for statement in listed(document["Statement"]):
                self.assertEqual(set(statement), {"Effect", "Action", "Resource"}, "neither Not… nor Condition")
                self.assertEqual(statement["Effect"], "Allow")
                for resource in listed(statement["Resource"]):
                    allowed.setdefault(resource, set()).update(listed(statement["Action"]))
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return allowed, [policy["PolicyArn"] for policy in attached]

    def expected(self, name, made):
        """Returns the actions that `role` should allow."""
        arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{made[f'{name}LogGroup']}:*"
        places = {
            "AttemptsTable": f"arn:aws:dynamodb:us-east-1:000000000000:table/{made['AttemptsTable']}",
            "CaptchaBucket": f"arn:aws:s3:::{made['CaptchaBucket']}",
            "UserPool": f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{made.get('UserPool', 'us-east-1_There')}",
        }
        return {arn: LOG_CALLS} | {place.format_map(places): calls for place, calls in CALLS[name].items()}

    def test_each_role_allows_the_calls_of_its_function_and_no_other(self):
        for name in CALLS:
            for made in (self.made, self.other):
                with self.subTest(name):
                    self.assertEqual(self.role(name, made)[0], self.expected(name, made))

    def test_with_a_key_each_role_may_use_it_as_needed_and_everything_is_encrypted_with_it(self):
        for name in CALLS:
            expected = self.expected(name, self.sealed) | {KEY: KEY_CALLS[name]}
            self.assertEqual(self.role(name, self.sealed)[0], expected, name)
        kinds = {
            "AWS::Lambda::Function": lambda properties: properties["KmsKeyArn"],
            "AWS::SecretsManager::Secret": lambda properties: properties["KmsKeyId"],
            "AWS::Logs::LogGroup": lambda properties: properties["KmsKeyId"],
            "AWS::DynamoDB::Table": lambda properties: properties["SSESpecification"],
        }
        found = set()
        given = {"Ref": "KmsKeyArn"}
        none = {"Ref": "AWS::NoValue"}
        for id, resource in translated()["Resources"].items():
            if key := kinds.get(resource["Type"]):
                found.add(resource["Type"])
                condition, then, otherwise = key(resource["Properties"])["Fn::If"]
                self.assertEqual((condition, otherwise), ("KeyGiven", none), id)
                table = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": given}
                self.assertEqual(then, table if "Table" in id else given, id)
        self.assertEqual(found, set(kinds))
        bucket = translated()["Resources"]["CaptchaBucket"]["Properties"]["BucketEncryption"]
        (rule,) = bucket["ServerSideEncryptionConfiguration"]
        by_default = rule["ServerSideEncryptionByDefault"]
        self.assertEqual(by_default["SSEAlgorithm"], {"Fn::If": ["KeyGiven", "aws:kms", "AES256"]})
        self.assertEqual(by_default["KMSMasterKeyID"], {"Fn::If": ["KeyGiven", given, none]})

    def test_without_a_key_no_role_may_use_one(self):
        for name in CALLS:
            self.assertFalse([resource for resource in self.role(name, self.made)[0] if ":kms:" in resource])

    def test_the_enrolment_mails_only_as_one_sender_and_only_if_there_is_one(self):
        iam = self.cloud.client("iam")
        role = self.function("Enrolment", self.sending)["Role"].rsplit("/", 1)[1]
        (statement,) = iam.get_role_policy(RoleName=role, PolicyName="mail")["PolicyDocument"]["Statement"]
        self.assertEqual((statement["Action"], statement["Resource"]), ("ses:SendEmail", IDENTITY))
        self.assertEqual(statement["Condition"], {"StringEquals": {"ses:FromAddress": "sign-in@example.com"}})
        mails = {"MAIL_FROM", "MESSAGES_PER_HOUR", "PRODUCT_NAME"}
        for made, variables in ((self.made, set()), (self.sending, mails)):
            own = self.function("Enrolment", made)["Environment"]["Variables"].keys()
            self.assertEqual(own & mails, variables)
        self.assertIn("EnrolmentMessagesAlarm", self.sending)
        self.assertNotIn("EnrolmentMessagesAlarm", self.made)

    def test_the_enrolment_is_made_only_where_questions_are_asked_and_clients_are_known(self):
        for parameters in (
            {"Enrolment": "Disabled"},
            # ministack does not compare joined texts. `local` tests a flow without questions.
            {"ExistingUserPoolId": "us-east-1_There"},
        ):
            made, outputs = self.cloud.deploy("without", **parameters)
            self.assertFalse([id for id in made if "Enrolment" in id], parameters)
            self.assertNotIn("EnrolmentEndpoint", outputs)
            self.cloud.client("cloudformation").delete_stack(StackName="without")
        # The table contains the used links, even if wrong answers are not counted.
        made, _ = self.cloud.deploy("uncounted", CountAttempts="Disabled")
        variables = self.function("Enrolment", made)["Environment"]["Variables"]
        self.assertEqual(variables["ATTEMPTS_TABLE"], made["AttemptsTable"])
        self.assertNotIn("ATTEMPTS_TABLE", self.function("VerifyAuthChallenge", made)["Environment"]["Variables"])
        made, _ = self.cloud.deploy("neither", CountAttempts="Disabled", Enrolment="Disabled")
        self.assertNotIn("AttemptsTable", made)

    def test_the_enrolment_knows_its_pool_and_clients(self):
        for made, pool, clients in (
            (self.made, self.made["UserPool"], self.made["UserPoolClient"]),
            (self.other, "us-east-1_There", "web,app"),
        ):
            variables = self.function("Enrolment", made)["Environment"]["Variables"]
            self.assertEqual((variables["USER_POOL_ID"], variables["ENROLMENT_CLIENTS"]), (pool, clients))

    def test_answers_are_behind_the_authorizer_and_links_are_not(self):
        api = self.api()
        secured = {
            (method.upper(), path): operation["Fn::If"][1].get("security")
            if "Fn::If" in operation
            else operation.get("security")
            for path, methods in api["paths"].items()
            for method, operation in (methods["Fn::If"][1] if "Fn::If" in methods else methods).items()
        }
        authorizer = [{"AccessToken": []}]
        self.assertEqual(
            secured,
            {
                ("GET", "/enrolment"): authorizer,
                ("PUT", "/enrolment"): authorizer,
                ("DELETE", "/enrolment"): authorizer,
                ("POST", "/enrolment/links"): None,
                ("GET", "/enrolment/link"): None,
                ("PUT", "/enrolment/link"): None,
            },
        )
        (scheme,) = api["components"]["securitySchemes"].values()
        jwt = scheme["x-amazon-apigateway-authorizer"]
        self.assertEqual((jwt["type"], jwt["identitySource"]), ("jwt", "$request.header.Authorization"))
        condition, listed_ones, own = jwt["jwtConfiguration"]["audience"]["Fn::If"]
        self.assertEqual((condition, own), ("EnrolmentClientsListed", [{"Ref": "UserPoolClient"}]))
        self.assertEqual(listed_ones, {"Fn::Split": [",", {"Ref": "EnrolmentClients"}]})

    def test_the_api_allows_pages_of_listed_origins_and_is_throttled_and_logged(self):
        condition, cors, otherwise = self.api()["x-amazon-apigateway-cors"]["Fn::If"]
        self.assertEqual((condition, otherwise), ("EnrolmentOriginsListed", {"Ref": "AWS::NoValue"}))
        self.assertEqual(sorted(cors["allowHeaders"]), ["authorization", "content-type"])
        self.assertEqual(sorted(cors["allowMethods"]), ["DELETE", "GET", "POST", "PUT"])
        self.assertNotIn("allowCredentials", cors)
        # SAM replaces the parameter.
        listed_ones = self.api(EnrolmentOrigins="https://a.example,https://b.example")["x-amazon-apigateway-cors"]
        self.assertEqual(
            listed_ones["Fn::If"][1]["allowOrigins"], {"Fn::Split": [",", "https://a.example,https://b.example"]}
        )
        stages = [one["Properties"] for one in translated()["Resources"].values() if one["Type"].endswith("V2::Stage")]
        (stage,) = stages
        self.assertGreater(stage["DefaultRouteSettings"]["ThrottlingRateLimit"], 0)
        self.assertGreater(stage["DefaultRouteSettings"]["ThrottlingBurstLimit"], 0)
        for private in ("sourceIp", "userAgent", "authorizer.claims", "path"):
            self.assertNotIn(private, stage["AccessLogSettings"]["Format"])

    @staticmethod
    def api(**parameters):
        apis = [one for one in translated(**parameters)["Resources"].values() if one["Type"] == "AWS::ApiGatewayV2::Api"]
        (api,) = apis
        return api["Properties"]["Body"]

    def test_create_sends_only_as_one_sender_and_to_phones_and_only_if_it_is_asked_to(self):
        iam = self.cloud.client("iam")
        role = self.function("CreateAuthChallenge", self.sending)["Role"].rsplit("/", 1)[1]
        statements = {}
        for policy in ("mail", "messages", "sms"):
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            statements[policy] = [
                (each["Effect"], each["Action"], each["Resource"], each.get("Condition"))
                for each in listed(document["Statement"])
            ]
        sender = {"StringEquals": {"ses:FromAddress": "sign-in@example.com"}}
        table = f"arn:aws:dynamodb:us-east-1:000000000000:table/{self.sending['AttemptsTable']}"
        expected = {
            "mail": [("Allow", "ses:SendEmail", IDENTITY, sender)],
            "messages": [("Allow", ["dynamodb:GetItem", "dynamodb:PutItem"], table, None)],
            "sms": [
                ("Allow", "sns:Publish", "*", None),
                ("Deny", "sns:Publish", "arn:*:sns:*:*:*", None),
            ],
        }
        self.assertEqual(statements, expected)
        self.assertIn("MessagesAlarm", self.sending)
        for made, variables in ((self.made, set()), (self.sending, {"ATTEMPTS_TABLE", "MAIL_FROM"})):
            own = self.function("CreateAuthChallenge", made)["Environment"]["Variables"].keys()
            self.assertEqual(own & {"ATTEMPTS_TABLE", "MAIL_FROM"}, variables)
        self.assertNotIn("MessagesAlarm", self.made)

    def test_no_role_has_a_wildcard_but_below_its_own_places(self):
        for name in CALLS:
            for resource, actions in self.role(name, self.made)[0].items():
                self.assertRegex(resource, r"^arn:aws:(logs:[^*]+:\*|s3:::[^*]+/captcha/\*|(dynamodb|cognito-idp):[^*]+)$")
                self.assertFalse([action for action in actions if "*" in action])

    def test_traces_are_written_only_where_they_are_switched_on(self):
        for name in CALLS:
            self.assertEqual(self.role(name, self.made)[1], [])
            self.assertEqual(self.function(name)["TracingConfig"]["Mode"], "PassThrough")
            self.assertEqual(self.role(name, self.other)[1], [XRAY])
            self.assertEqual(self.function(name, self.other)["TracingConfig"]["Mode"], "Active")

    def test_only_lambda_takes_on_a_role_and_each_function_has_its_own(self):
        iam = self.cloud.client("iam")
        roles = [self.function(name)["Role"].rsplit("/", 1)[1] for name in CALLS]
        self.assertEqual(len(set(roles)), len(CALLS))
        for role in roles:
            (statement,) = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(statement["Principal"], {"Service": "lambda.amazonaws.com"})

    def test_every_function_is_in_the_table_of_calls(self):
        functions = [id for id, kind in self.kinds() if kind == "AWS::Lambda::Function"]
        self.assertEqual(sorted(functions), sorted(f"{name}Function" for name in CALLS))

    def test_no_role_is_made_but_those_of_the_template(self):
        roles = [id for id, kind in self.kinds() if kind.startswith("AWS::IAM::")]
        self.assertEqual(sorted(roles), sorted(f"{name}Role" for name in CALLS))

    @staticmethod
    def kinds():
        return [(id, resource["Type"]) for id, resource in translated()["Resources"].items()]

    def test_each_function_writes_to_a_log_group_of_its_own_that_forgets(self):
        groups = self.cloud.client("logs").describe_log_groups()["logGroups"]
        days = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
        for made, retention in ((self.made, 30), (self.other, 7)):
            used = [self.function(name, made)["LoggingConfig"]["LogGroup"] for name in CALLS]
            self.assertEqual(used, [made[f"{name}LogGroup"] for name in CALLS])
            self.assertEqual([days[group] for group in used], [retention] * len(CALLS))

    def test_functions_are_as_meant(self):
        memory = {"CreateAuthChallenge": 512, "VerifyAuthChallenge": 512, "Enrolment": 512}
        for name in CALLS:
            function = self.function(name)
            self.assertEqual(function["Runtime"], "provided.al2023")
            self.assertEqual(function["Architectures"], ["arm64"])
            self.assertEqual(function["Timeout"], 5)
            self.assertEqual(function["MemorySize"], memory.get(name, 128))
            self.assertEqual(function["LoggingConfig"]["LogFormat"], "JSON")

    def test_only_create_verify_and_enrolment_have_the_secret(self):
        secret = self.cloud.client("secretsmanager").get_secret_value(SecretId=self.made["ChallengeSecret"])
        holders = [
            name
            for name in CALLS
            if self.function(name)["Environment"]["Variables"].get("CHALLENGE_SECRET") == secret["SecretString"]
        ]
        self.assertEqual(holders, ["CreateAuthChallenge", "VerifyAuthChallenge", "Enrolment"])
        self.assertGreaterEqual(len(secret["SecretString"]), 32)

    def test_the_pool_calls_the_functions_and_no_other_pool_may(self):
        pool = self.pool()
        wired = pool["LambdaConfig"]
        self.assertEqual(set(wired), set(TRIGGERS))
        there = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_There"
        for trigger, name in TRIGGERS.items():
            self.assertEqual(wired[trigger], self.function(name)["FunctionArn"])
            for made, caller in ((self.made, pool["Arn"]), (self.other, there)):
                policy = self.cloud.client("lambda").get_policy(FunctionName=made[f"{name}Function"])["Policy"]
                # ministack also lists those of the alias.
                statements = json.loads(policy)["Statement"]
                self.assertEqual(len(statements), 2)
                for statement in statements:
                    self.assertEqual(statement["Principal"], {"Service": "cognito-idp.amazonaws.com"})
                    self.assertEqual(statement["Action"], "lambda:InvokeFunction")
                    self.assertEqual(statement["Condition"], {"ArnLike": {"AWS:SourceArn": caller}})

    def test_a_named_revision_is_called_by_its_aliases_and_they_may_be_called(self):
        pool = self.cloud.client("cognito-idp").describe_user_pool(UserPoolId=self.named["UserPool"])["UserPool"]
        for trigger, name in TRIGGERS.items():
            alias = f"{self.function(name, self.named)['FunctionArn']}:live"
            self.assertEqual(pool["LambdaConfig"][trigger], alias)
            self.assertEqual(self.named_outputs[f"{name}Arn"], alias)
        resources = translated(Revision="12")["Resources"]
        allowed = [
            resource["Properties"]["FunctionName"]["Ref"]
            for resource in resources.values()
            if resource["Type"] == "AWS::Lambda::Permission"
            and resource["Properties"]["Principal"] == "cognito-idp.amazonaws.com"
        ]
        aliases = [id for id, resource in resources.items() if resource["Type"] == "AWS::Lambda::Alias"]
        self.assertEqual(sorted(allowed), sorted([*aliases, *(f"{name}Function" for name in TRIGGERS.values())]))

    def test_what_an_api_calls_has_no_alias_that_would_keep_old_parameters(self):
        for revision in ("", "12"):
            resources = translated(Revision=revision)["Resources"]
            aliased = [one["Properties"]["FunctionName"]["Ref"] for one in resources.values() if one["Type"] == "AWS::Lambda::Alias"]
            self.assertEqual(sorted(aliased), sorted(f"{name}Function" for name in TRIGGERS.values()))

    def test_only_another_revision_makes_another_version(self):
        def versions(**parameters):
            resources = translated(**parameters)["Resources"].items()
            return {id for id, resource in resources if resource["Type"] == "AWS::Lambda::Version"}

        first = versions(Revision="12")
        self.assertEqual(len(first), len(TRIGGERS))
        self.assertEqual(versions(Revision="12", AuthFlow="CAPTCHA:3"), first)
        self.assertFalse(versions(Revision="13") & first)

    def test_a_gradual_roll_out_stops_at_the_alarms_and_all_at_once_needs_no_codedeploy(self):
        kinds = {resource["Type"] for resource in translated(Revision="12")["Resources"].values()}
        self.assertFalse([kind for kind in kinds if "CodeDeploy" in kind])
        for how in ("Canary10Percent5Minutes", "Linear10PercentEvery10Minutes"):
            resources = translated(Revision="12", RollOut=how)["Resources"]
            groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
            self.assertEqual(len(groups), len(TRIGGERS))
            for group in groups:
                self.assertEqual(group["DeploymentConfigName"]["Fn::Sub"][1], {"ConfigName": how})
                alarms = [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]]
                self.assertEqual(alarms, ["ErrorsAlarm", "TokensAlarm", "ThrottlesAlarm", "DurationAlarm"])
                self.assertTrue(group["AlarmConfiguration"]["Enabled"])
                self.assertIn("DEPLOYMENT_STOP_ON_ALARM", group["AutoRollbackConfiguration"]["Events"])
            for id, resource in resources.items():
                if resource["Type"] == "AWS::Lambda::Alias":
                    self.assertIn("CodeDeployLambdaAliasUpdate", resource["UpdatePolicy"], id)

    def test_what_does_not_go_together_is_refused_with_one_message(self):
        for parameters, said in (
            ({"RollOut": "Canary10Percent5Minutes"}, "Set Revision to a name."),
            ({"ProvisionedConcurrency": "2"}, "Set Revision to a name."),
            (
                {"RollOut": "Canary10Percent5Minutes", "Revision": "1", "ExistingUserPoolId": "us-east-1_There"},
                "Set RollOut to AllAtOnce.",
            ),
            ({"RollOut": "Canary10Percent5Minutes", "Revision": "1"}, None),
            ({"ProvisionedConcurrency": "2", "Revision": "1", "ExistingUserPoolId": "us-east-1_There"}, None),
            ({}, None),
        ):
            with self.subTest(parameters):
                refused = refusals(parameters)
                self.assertEqual(len(refused), 0 if said is None else 1)
                for message in refused:
                    self.assertTrue(message.endswith(said), message)

    def pool(self):
        return self.cloud.client("cognito-idp").describe_user_pool(UserPoolId=self.made["UserPool"])["UserPool"]

    def test_the_pool_is_as_meant(self):
        pool = self.pool()
        self.assertEqual(pool["MfaConfiguration"], "OFF")
        self.assertEqual(pool["DeletionProtection"], "ACTIVE")
        self.assertTrue(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"])
        self.assertFalse(pool["UsernameConfiguration"]["CaseSensitive"])
        self.assertEqual(pool["AliasAttributes"], ["email"])
        (answers,) = [one for one in pool["SchemaAttributes"] if one["Name"].startswith("custom:")]
        self.assertEqual((answers["Name"], answers["Mutable"]), ("custom:security_questions", True))

    def test_the_app_client_leaves_no_way_around_the_challenges(self):
        clients = self.cloud.client("cognito-idp")
        pool = self.made["UserPool"]
        (listed,) = clients.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
        client = clients.describe_user_pool_client(UserPoolId=pool, ClientId=listed["ClientId"])["UserPoolClient"]
        self.assertEqual(sorted(client["ExplicitAuthFlows"]), ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        self.assertEqual(client["PreventUserExistenceErrors"], "ENABLED")
        self.assertFalse(client["AllowedOAuthFlowsUserPoolClient"])
        self.assertEqual(client["AllowedOAuthFlows"], [])
        self.assertEqual(client["ReadAttributes"], ["email", "email_verified", "locale", "name"])
        self.assertEqual(client["WriteAttributes"], ["locale", "name"])
        self.assertNotIn("ClientSecret", client)

    def test_the_bucket_is_private_and_encrypted_and_refuses_plain_http(self):
        bucket = self.made["CaptchaBucket"]
        s3 = self.cloud.client("s3")
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        self.assertEqual(set(block.values()), {True})
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
        self.assertEqual(statement["Effect"], "Deny")
        self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})

    def test_the_bucket_forgets_within_a_day(self):
        # ministack does not apply the rules of a stack to its S3.
        properties = translated()["Resources"]["CaptchaBucket"]["Properties"]
        (rule,) = properties["LifecycleConfiguration"]["Rules"]
        self.assertEqual((rule["Status"], rule["ExpirationInDays"]), ("Enabled", 1))

    def test_accounts_and_the_secret_outlive_the_stack(self):
        resources = translated()["Resources"]
        for id in ("UserPool", "ChallengeSecret"):
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                self.assertEqual(resources[id][policy], "Retain")

    def test_a_pool_that_was_there_gets_functions_and_nothing_of_its_own(self):
        self.assertFalse(self.other.keys() & {"UserPool", "UserPoolClient"})
        self.assertFalse(self.other_outputs.keys() & {"UserPoolId", "UserPoolClientId"})
        for name in TRIGGERS.values():
            self.assertEqual(self.other_outputs[f"{name}Arn"], self.function(name, self.other)["FunctionArn"])

    def test_every_function_has_alarms_for_its_errors_throttles_and_duration(self):
        resources = translated()["Resources"]
        watched = set()
        for id, resource in resources.items():
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                alarm = resource["Properties"]
                self.assertEqual(alarm["TreatMissingData"], "notBreaching", id)
                self.assertGreater(len(alarm["AlarmActions"]), 0, id)
                watched.update(self.watched(id, alarm))
        functions = [id for id, kind in self.kinds() if kind == "AWS::Lambda::Function"]
        self.assertEqual(len(functions), len(CALLS))
        for function in functions:
            for metric in ("Errors", "Throttles", "Duration"):
                with self.subTest(function, metric=metric):
                    self.assertIn(("AWS/Lambda", metric, function), watched)

    def watched(self, id, alarm):
        """Returns the metrics of alarms: namespace, name and function."""
        queries = alarm.get("Metrics", [])
        metrics = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]
        for expression in [query["Expression"] for query in queries if "Expression" in query]:
            # A metric that the expression omits raises no alarm.
            used = set(re.findall(r"[a-z]+", expression))
            self.assertEqual(used, {query["Id"] for query in queries if "MetricStat" in query}, id)
        for metric in metrics or [alarm]:
            (dimension,) = metric["Dimensions"]
            yield metric["Namespace"], metric["MetricName"], dimension["Value"]["Ref"]

    def test_the_dashboard_shows_every_function_and_the_refusals_of_tokens(self):
        body = json.loads(translated()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0])
        lines = [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"]]
        shown = {tuple(line[:4]) for line in lines if len(line) >= 4}
        self.assertIn(("CustomAuthChallenge", "TokensRefused", "function", "${PreTokenGenerationFunction}"), shown)
        for function in (id for id, kind in self.kinds() if kind == "AWS::Lambda::Function"):
            for metric in ("Errors", "Throttles", "Duration"):
                with self.subTest(function, metric=metric):
                    self.assertIn(("AWS/Lambda", metric, "FunctionName", f"${{{function}}}"), shown)

    def test_alarms_are_sent_only_where_an_address_is_given(self):
        self.assertNotIn("AlarmTopic", self.made)
        topics = self.cloud.client("sns").list_subscriptions()["Subscriptions"]
        self.assertEqual([topic["Endpoint"] for topic in topics], ["ops@example.com"])
        self.assertEqual(topics[0]["TopicArn"], self.other["AlarmTopic"])


if __name__ == "__main__":
    unittest.main()
