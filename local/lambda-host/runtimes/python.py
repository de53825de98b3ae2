"""Runs a handler as Lambda's Python runtime does, with the runtime client of AWS if it is installed."""

import http.client
import importlib
import importlib.util
import json
import os
import runpy
import sys
import time
import traceback

ENV = os.environ
ROOT = ENV["LAMBDA_TASK_ROOT"]
HANDLER = ENV["_HANDLER"]


class Context:
    """The context that a handler receives with the event."""

    client_context = None
    identity = None

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"]
        self.log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)


CONNECTION = http.client.HTTPConnection(ENV["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    CONNECTION.request(method, "/2018-06-01/runtime" + path, body)
    response = CONNECTION.getresponse()
    return response.headers, response.read()


def init_error(kind, message):
    call("POST", "/init/error", json.dumps({"errorType": kind, "errorMessage": message}))
    sys.exit(1)


def load():
    module, dot, name = HANDLER.rpartition(".")
    if not dot:
        message = f"`Handler: {HANDLER}` must be a module and a function, as in `app.handler`"
        init_error("Runtime.MalformedHandlerName", message)
    module = module.replace("/", ".")
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        message = f"`Handler: {HANDLER}` cannot be imported from {ROOT}: {error}"
        init_error("Runtime.ImportModuleError", message)
    except Exception as error:
        message = f"module `{module}` cannot be loaded: {type(error).__name__}: {error}"
        init_error("Runtime.UserCodeError", message)
    if not callable(getattr(found, name, None)):
        init_error("Runtime.HandlerNotFound", f"module `{module}` has no function `{name}`")
    return getattr(found, name)


def main():
    sys.path.insert(0, ROOT)
    if importlib.util.find_spec("awslambdaric"):
        sys.argv = ["awslambdaric", HANDLER]
        runpy.run_module("awslambdaric", run_name="__main__")
        return
    handler = load()
    while True:
        headers, event = call("GET", "/invocation/next")
        context = Context(headers)
        path = f"/invocation/{context.aws_request_id}"
        try:
            answer = json.dumps(handler(json.loads(event), context))
        except Exception as error:
            traceback.print_exc()
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            call("POST", path + "/error", json.dumps(told))
        else:
            call("POST", path + "/response", answer)


main()
