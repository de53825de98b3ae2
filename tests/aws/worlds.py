"""The environments of a trial: an AWS account, or this machine."""

import json
import os
import pathlib
import re
import secrets
import subprocess
import tempfile
import threading
import time

import boto3
from botocore.config import Config

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FLOW = "PASSWORD,PROOF_OF_WORK:3,SECURITY_QUESTION:3"
PASSWORD = "Tr1al!of-the-functions"
ANSWERS = {"first-pet": "Peccy the third", "birth-city": "Ouagadougou", "first-teacher": "Ms Lovelace"}
CLIENT = {
    "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "PreventUserExistenceErrors": "ENABLED",
}
DEVICES = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
TRIGGERS = ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "PreAuthentication"]


class Failed(Exception):
    """An error for the person that runs the trial."""


def puppet_template(function):
    """Returns the CloudFormation of a pool whose triggers are the puppet. `function` is the resource of the puppet."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": "A user pool whose triggers do what usernames say, for a trial. To be deleted.",
        "Resources": {
            "Puppet": function,
            "Permission": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": {"Ref": "Puppet"},
                    "Principal": "cognito-idp.amazonaws.com",
                    "SourceArn": {"Fn::GetAtt": ["Pool", "Arn"]},
                },
            },
            "Pool": {
                "Type": "AWS::Cognito::UserPool",
                "Properties": {
                    "UserPoolName": "puppet",
                    "DeviceConfiguration": DEVICES,
                    "LambdaConfig": {trigger: {"Fn::GetAtt": ["Puppet", "Arn"]} for trigger in TRIGGERS},
                },
            },
            "Client": {
                "Type": "AWS::Cognito::UserPoolClient",
                "Properties": {"UserPoolId": {"Ref": "Pool"}, **CLIENT},
            },
        },
        "Outputs": {"Pool": {"Value": {"Ref": "Pool"}}, "Client": {"Value": {"Ref": "Client"}}},
    }


class World:
    """Two pools: `real` with the functions, `puppet` with the puppet. Each is (client of boto3, pool id, app client id)."""

    def __init__(self):
        self.real = self.puppet = None
        self.undo = []

    def user(self, which, name, enroll=False):
        """Creates a user, which is deleted at the end."""
        cognito, pool, _ = which
        self.later(f"user {name}", lambda: cognito.admin_delete_user(UserPoolId=pool, Username=name))
        attributes = [{"Name": "email", "Value": f"{name}@example.com"}, {"Name": "email_verified", "Value": "true"}]
        cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS", UserAttributes=attributes)
        cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
        if enroll:
            self.enroll(name)

    def enroll(self, name):
        lines = "".join(f"{question}={answer}\n" for question, answer in ANSWERS.items())
        command = [*self.admin, "questions", "enroll", "--stdin", "--username", name, "--user-pool-id", self.real[1]]
        ran = subprocess.run(command + self.place, input=lines, env=self.environment(), text=True, capture_output=True)
        if ran.returncode:
            raise Failed(f"admin questions enroll: {ran.stderr.strip()}")

    def later(self, what, undo):
        """Records how to delete a resource before it is created."""
        self.undo.append((what, undo))

    def clean(self):
        """Deletes all created resources in reverse order. Returns those that could not be deleted, one line each."""
        left = []
        while self.undo:
            what, undo = self.undo.pop()
            try:
                undo()
            except Exception as error:  # After any error, the rest must be deleted too.
                code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
                if code not in ("UserNotFoundException", "ResourceNotFoundException", "NoSuchBucket"):
                    left.append(f"{what}: {error}")
        return left


class Here(World):
    """`local` twice: with the functions, and with the puppet."""

    name = "local"

    def __init__(self, local, admin, arguments):
        super().__init__()
        self.local, self.admin, self.arguments = local, admin, arguments
        self.secret = secrets.token_hex(32)

    def environment(self):
        return os.environ | {"CHALLENGE_SECRET": self.secret, "AWS_ACCESS_KEY_ID": "trial", "AWS_SECRET_ACCESS_KEY": "trial"}

    def make(self):
        folder = tempfile.TemporaryDirectory()
        self.later("the folder of the puppet", folder.cleanup)
        path = pathlib.Path(folder.name)
        function = {
            "Type": "AWS::Serverless::Function",
            "Metadata": {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": "puppet"}},
            "Properties": {"CodeUri": ".", "Runtime": "provided.al2023", "Timeout": 5},
        }
        # JSON is YAML.
        (path / "template.yaml").write_text(json.dumps(puppet_template(function), indent=1))
        (path / "puppet").mkdir()
        bootstrap = path / "puppet" / "bootstrap"
        self.record = path / "events"
        bootstrap.write_text(f"#!/bin/sh\nPUPPET_RECORD={self.record} exec python3 {HERE / 'puppet.py'}\n")
        bootstrap.chmod(0o700)
        parameters = ["--parameter", f"AuthFlow={FLOW}", "--parameter", "ProofOfWorkTries=2", "--no-demo-user"]
        self.real = self.start([*self.arguments, *parameters])
        self.place = ["--endpoint-url", self.real[0].meta.endpoint_url]
        self.puppet = self.start(
            ["--template", str(path / "template.yaml"), "--functions-dir", folder.name, "--no-demo-user"]
        )

    def start(self, arguments):
        command = [*self.local, "--ephemeral", "--listen", "127.0.0.1:0", *arguments]
        process = subprocess.Popen(command, env=self.environment(), stdout=subprocess.PIPE, text=True, cwd=ROOT)

        def stop():
            process.terminate()
            process.wait()

        self.later("local", stop)
        rows = {}
        for line in process.stdout:
            found = re.match(r"  (Sign in at|App client|User pool) {2,}(\S+)", re.sub(r"\x1b\[\d*m", "", line))
            if found:
                rows[found[1]] = found[2]
            if "Ready" in line:
                break
        else:
            raise Failed("`local` ended before it was ready")
        # The output is read so that `local` never waits for space in the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        cognito = boto3.client(
            "cognito-idp",
            endpoint_url=rows["Sign in at"],
            region_name="us-east-1",
            aws_access_key_id="trial",
            aws_secret_access_key="trial",
            config=Config(retries={"max_attempts": 0}),
        )
        return cognito, rows["User pool"], rows["App client"]

    def events(self):
        return [json.loads(line) for line in self.record.read_text().splitlines()]

    def durations(self):
        return None


class Aws(World):
    """An account: a bucket with the zips, a stack with the functions and one with the puppet."""

    name = "AWS"

    def __init__(self, name, dist, template, admin, region, parameters):
        super().__init__()
        self.name_of_all, self.dist, self.template, self.admin, self.parameters = name, dist, template, admin, parameters
        self.session = boto3.Session(region_name=region)
        self.place = []
        self.secret = None

    def client(self, service):
        return self.session.client(service, config=Config(retries={"max_attempts": 4 if service != "cognito-idp" else 0}))

    def environment(self):
        return os.environ | {"CHALLENGE_SECRET": self.secret}

    def make(self):
        account = self.client("sts").get_caller_identity()["Account"]
        bucket = f"{self.name_of_all}-{account}"
        self.bucket(bucket)
        version = (self.dist / "VERSION").read_text().strip()
        for file in sorted(self.dist.glob("*.zip")):
            self.client("s3").upload_file(str(file), bucket, f"{version}/{file.name}")
        chosen = {
            "ArtifactBucket": bucket, "ArtifactPrefix": f"{version}/", "AuthFlow": FLOW, "ProofOfWorkTries": "2"
        } | self.parameters
        outputs = self.stack(f"{self.name_of_all}-functions", self.template.read_text(), chosen, bucket)
        cognito = self.client("cognito-idp")
        self.real = cognito, outputs["UserPoolId"], outputs["UserPoolClientId"]
        self.secret = self.client("secretsmanager").get_secret_value(SecretId=outputs["SecretArn"])["SecretString"]
        function = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "InlineCode": (HERE / "puppet.py").read_text(), "Handler": "index.handler", "Runtime": "python3.13", "Timeout": 5
            },
        }
        outputs = self.stack(f"{self.name_of_all}-puppet", json.dumps(puppet_template(function)), {}, bucket)
        self.puppet = cognito, outputs["Pool"], outputs["Client"]

    def bucket(self, name):
        s3 = self.client("s3")

        def remove():
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
                for item in page.get("Contents", []):
                    s3.delete_object(Bucket=name, Key=item["Key"])
            s3.delete_bucket(Bucket=name)

        self.later(f"bucket {name}", remove)
        region = s3.meta.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **place)

    def stack(self, name, body, parameters, bucket):
        """Creates a stack, waits, and returns its outputs. Templates are uploaded, because some are too long for a call."""
        stacks = self.client("cloudformation")
        self.client("s3").put_object(Bucket=bucket, Key=f"{name}.yaml", Body=body.encode())
        url = self.client("s3").generate_presigned_url("get_object", {"Bucket": bucket, "Key": f"{name}.yaml"})
        self.later(f"stack {name}", lambda: self.delete_stack(name))
        stacks.create_stack(
            StackName=name,
            TemplateURL=url.split("?")[0],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            OnFailure="DO_NOTHING",
        )
        stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 5, "MaxAttempts": 240})
        (made,) = stacks.describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in made.get("Outputs", [])}

    def delete_stack(self, name):
        """Deletes a stack and its retained resources, because the pool and the secret of a trial have no value."""
        stacks = self.client("cloudformation")
        try:
            resources = stacks.describe_stack_resources(StackName=name)["StackResources"]
        except stacks.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return  # It was rejected before its creation.
            raise
        made = {(each["ResourceType"], each["PhysicalResourceId"]) for each in resources if each.get("PhysicalResourceId")}
        for kind, id in made:
            if kind == "AWS::S3::Bucket":
                s3 = self.client("s3")
                for page in s3.get_paginator("list_objects_v2").paginate(Bucket=id):
                    for item in page.get("Contents", []):
                        s3.delete_object(Bucket=id, Key=item["Key"])
        stacks.delete_stack(StackName=name)
        stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 5, "MaxAttempts": 240})
        left = []
        for kind, id in made:
            try:
                if kind == "AWS::Cognito::UserPool":
                    cognito = self.client("cognito-idp")
                    cognito.update_user_pool(UserPoolId=id, DeletionProtection="INACTIVE")
                    cognito.delete_user_pool(UserPoolId=id)
                if kind == "AWS::SecretsManager::Secret":
                    self.client("secretsmanager").delete_secret(SecretId=id, ForceDeleteWithoutRecovery=True)
            except Exception as error:  # All of them are tried.
                if getattr(error, "response", {}).get("Error", {}).get("Code") != "ResourceNotFoundException":
                    left.append(f"{id}: {error}")
        if left:
            raise Failed("; ".join(left))

    def log_lines(self, pattern):
        """Returns the lines of all functions with `pattern`. Logs are delayed, so it waits until no more arrive."""
        stacks, logs, groups = self.client("cloudformation"), self.client("logs"), set()
        for stack in ("functions", "puppet"):
            for each in stacks.describe_stack_resources(StackName=f"{self.name_of_all}-{stack}")["StackResources"]:
                if each["ResourceType"] == "AWS::Logs::LogGroup":
                    groups.add(each["PhysicalResourceId"])
                if each["ResourceType"] == "AWS::Lambda::Function" and stack == "puppet":
                    group = f"/aws/lambda/{each['PhysicalResourceId']}"
                    groups.add(group)
                    self.undo.insert(0, (f"log group {group}", lambda group=group: logs.delete_log_group(logGroupName=group)))
        found, before = [], None
        for _ in range(12):
            found = [
                event["message"]
                for group in sorted(groups)
                for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=pattern)
                for event in page["events"]
            ]
            if found and len(found) == before:
                break
            before = len(found)
            time.sleep(10)
        return found

    def events(self):
        lines = self.log_lines("PUPPET")
        return [json.loads(line.split("PUPPET ", 1)[1]) for line in lines if "PUPPET " in line]

    def durations(self):
        """Returns the milliseconds of cold and warm calls by function, from the lines of the platform."""
        found = {}
        for line in self.log_lines('"platform.report"'):
            record = json.loads(line).get("record", {})
            metrics = record.get("metrics", {})
            kind = "cold" if "initDurationMs" in metrics else "warm"
            found.setdefault(kind, []).append(metrics.get("durationMs", 0) + metrics.get("initDurationMs", 0))
        return found
