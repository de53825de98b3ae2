"""A CloudFormation on this machine, with stacks of template.yaml."""

import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

# No call may reach a real account, even if the environment has credentials.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
os.environ.pop("AWS_PROFILE", None)

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# SAM's translator sends usage data to AWS, and logs an error here because it cannot.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
READY_WITHIN = 60


def translated(**parameters):
    """Returns SAM's translation of template.yaml, with the functions' code in the bucket of `Cloud`."""
    template = yaml_parse(TEMPLATE.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://code/code.zip"
    unknown = parameters.keys() - template["Parameters"].keys()
    assert not unknown, f"template.yaml has no parameter {unknown}"
    return translate(template, parameters)


def translate(template, parameters):
    """Returns SAM's translation of `template`, with defaults for missing `parameters`."""
    values = {name: parameter.get("Default") for name, parameter in template.get("Parameters", {}).items()}
    return Translator({}, Parser()).translate(template, values | parameters, feature_toggle=None)


class Cloud:
    """A running ministack with its clients."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.log = open(f"{self.folder.name}/log", "w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=self.folder.name,
            env=os.environ
            | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "TMPDIR": self.folder.name},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self._wait()
        bucket = self.client("s3")
        bucket.create_bucket(Bucket="code")
        # The functions are not run here, but in tests/ and `local`.
        with zipfile.ZipFile(f"{self.folder.name}/code.zip", "w") as code:
            code.writestr("bootstrap", "")
        bucket.upload_file(f"{self.folder.name}/code.zip", "code", "code.zip")

    def _wait(self):
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2)
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise AssertionError("ministack is not ready") from None
                time.sleep(0.1)

    def client(self, service):
        """Returns a client of `service`."""
        return boto3.client(service, endpoint_url=self.endpoint)

    def deploy(self, name, **parameters):
        """Creates a stack. Returns the physical ids of its resources by their logical ids, and its outputs."""
        template = translated(**parameters)
        # ministack rejects alarms on an expression over metrics. cfn-lint checks them; no test here does.
        template["Resources"] = {
            id: resource
            for id, resource in template["Resources"].items()
            if resource["Type"] != "AWS::CloudWatch::Alarm" or "Metrics" not in resource["Properties"]
        }
        stacks = self.client("cloudformation")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        # CloudFormation accepts 51,200 bytes in a request, and more from a bucket, which `sam deploy` uses too.
        self.client("s3").put_object(Bucket="code", Key=f"{name}.json", Body=json.dumps(template))
        stacks.create_stack(
            StackName=name,
            TemplateURL=f"{self.endpoint}/code/{name}.json",
            Parameters=given,
            Capabilities=["CAPABILITY_IAM"],
        )
        deadline = time.monotonic() + READY_WITHIN
        while (stack := stacks.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"] == "CREATE_IN_PROGRESS":
            assert time.monotonic() < deadline, "the stack is not made"
            time.sleep(0.1)
        events = stacks.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [event["ResourceStatusReason"] for event in events if "FAILED" in event["ResourceStatus"]]
        assert stack["StackStatus"] == "CREATE_COMPLETE", reasons
        resources = stacks.describe_stack_resources(StackName=name)["StackResources"]
        made = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        return made, outputs

    def stop(self):
        """Stops ministack."""
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()
