"""Compares the requests that `local` accepts with Amazon's model of the API. For each constraint of each operation, it sends
one value just inside and one just outside.

Needs ENDPOINT, a running `local`. The model is botocore's.
"""

import gzip
import http.client
import json
import os
import re
import urllib.parse
from pathlib import Path

import botocore

from boto3_rules import rule, run

SERVICE = Path(botocore.__file__).parent / "data/cognito-idp/2016-04-18/service-2.json.gz"
MODEL = json.loads(gzip.decompress(SERVICE.read_bytes()))
SHAPES = MODEL["shapes"]
# The service differs from its model here: see local/user-pools/model.py.
SHAPES["SessionType"]["max"] = 8192

# For each pattern, one of them matches, repeated or with letters after it, and another does not match.
SAMPLES = [
    "a", "1", "us-east-1_x", "us-east-1_0-a", "arn:aws:iam::1:role", "a@b", "{####}", "{##a##}", "Level1", "", " ", "a b",
    "\u200b", "\u00ad", "x!", "0", "\n", "_", '"', "a:b",
]
# Longer values are not sent: the limits are hundreds of thousands.
LONGEST = 140_000
CONNECTION = http.client.HTTPConnection(urllib.parse.urlsplit(os.environ["ENDPOINT"]).netloc)


def call(operation, request):
    """Returns the answer to `request`: the error's name and message, or the reply."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
    }
    CONNECTION.request("POST", "/", json.dumps(request), headers)
    reply = json.loads(CONNECTION.getresponse().read())
    return reply.get("__type"), reply.get("message", ""), reply


def offered():
    """Returns the operations that `local` lists."""
    _, message, _ = call("Nonsense", {})
    return re.search(r"known: ([\w, ]+)", message)[1].split(", ")


def matches(shape, text):
    pattern = shape.get("pattern")
    if pattern is None:
        return True
    # Samples with characters outside ASCII match no category on purpose.
    pattern = pattern.replace(r"\p{L}\p{M}\p{S}\p{N}\p{P}", r"\x21-\x7e").replace(r"\p{Z}", " ")
    return re.fullmatch(pattern, text, re.ASCII) is not None


def filled(sample, length):
    """Returns three longer versions of the sample."""
    more = length - len(sample)
    return sample + "a" * more, sample + sample[-1:] * more, "a" * more + sample


def texts(shape):
    """Returns strings of the minimum and the maximum length, and others that match."""
    shortest, longest = shape.get("min", 0), min(shape.get("max", 50), LONGEST)
    for sample in SAMPLES:
        for length in sorted({max(shortest, len(sample)), longest}):
            for text in filled(sample, length):
                if shortest <= len(text) <= longest and matches(shape, text):
                    yield text


def valid(name):
    """Returns the smallest value of the shape."""
    shape = SHAPES[name]
    if "enum" in shape:
        return shape["enum"][0]
    if shape["type"] == "string":
        return next(texts(shape))
    if shape["type"] == "integer":
        return shape.get("min", 1)
    if shape["type"] == "boolean":
        return False
    if shape["type"] == "list":
        return [valid(shape["member"]["shape"])] * shape.get("min", 0)
    if shape["type"] == "map":
        return {}
    return {member: valid(shape["members"][member]["shape"]) for member in shape.get("required", [])}


def of_length(shape, length):
    """Returns a string, list or map of this length that is otherwise valid, or none if no such string matches the pattern."""
    if shape["type"] == "list":
        return [valid(shape["member"]["shape"])] * length
    if shape["type"] == "map":
        keys = SHAPES[shape["key"]["shape"]].get("enum", [f"Level{number}" for number in range(1, length + 1)])[:length]
        return {key: valid(shape["value"]["shape"]) for key in keys}
    candidates = [text for sample in SAMPLES for text in filled(sample, length)]
    return next((text for text in candidates if len(text) == length and matches(shape, text)), None)


def probes(name):
    """Returns values of the shape, each with whether it is valid. They test only the shape itself, not its members."""
    shape = SHAPES[name]
    kind, shortest, longest = shape["type"], shape.get("min"), shape.get("max")
    if kind == "integer":
        bounds = [(bound, step) for bound, step in ((shortest, -1), (longest, 1)) if bound is not None]
        yield [probe for bound, step in bounds for probe in ((bound, True), (bound + step, False))]
        return
    sizes = []
    if shortest is not None:
        sizes += [(shortest, True), (shortest - 1, False)]
    if longest is not None and longest <= LONGEST:
        sizes += [(longest, True), (longest + 1, False)]
    sizes = [] if "enum" in shape else [(size, fits) for size, fits in sizes if size >= 0]
    if kind in ("string", "list", "map"):
        sized = [(of_length(shape, size), fits) for size, fits in sizes]
        yield [(value, fits) for value, fits in sized if value is not None]
    if "enum" in shape:
        yield [(value, True) for value in shape["enum"]] + [("NONSENSE", False)]
    elif "pattern" in shape:
        fits = next(texts(shape))
        wrong = [text for text in SAMPLES if not matches(shape, text) and shortest_of(shape) <= len(text) <= longest_of(shape)]
        yield [(fits, True)] + [(text, False) for text in wrong]


def shortest_of(shape):
    return shape.get("min", 0)


def longest_of(shape):
    return shape.get("max", LONGEST)


def lower(name):
    return name[:1].lower() + name[1:]


def places(name, place, depth):
    """Yields every value inside the shape: the function that sets it in a request, its name in messages, and its shape."""
    shape = SHAPES[name]
    if depth == 0:
        return
    for member, below in shape.get("members", {}).items():
        path = f"{place}.{lower(member)}" if place else lower(member)
        base = valid(name)
        wrap = lambda value, base=base, member=member: {**base, member: value}
        yield wrap, path, below["shape"]
        for inner, deeper, shape_name in within(below["shape"], path, depth - 1):
            yield lambda value, wrap=wrap, inner=inner: wrap(inner(value)), deeper, shape_name


def within(name, path, depth):
    """Does the same for the members of a structure, a list or a map."""
    shape = SHAPES[name]
    if shape["type"] == "structure":
        yield from places(name, path, depth)
    elif shape["type"] == "list":
        item, least = shape["member"]["shape"], max(shape.get("min", 0), 1)
        wrap = lambda value: [value] * least
        if SHAPES[item]["type"] == "string":
            yield wrap, path, item
        else:
            for inner, deeper, shape_name in within(item, f"{path}.1.member", depth):
                yield lambda value, inner=inner: wrap(inner(value)), deeper, shape_name
    elif shape["type"] == "map":
        key, value_shape = shape["key"]["shape"], shape["value"]["shape"]
        if SHAPES[value_shape]["type"] == "string":
            yield lambda text: {text: valid(value_shape)}, path, key
            yield lambda text: {valid(key) or "k": text}, path, value_shape


def constraints(operation):
    """Yields requests of the operation, each with its purpose and whether it is valid."""
    name = MODEL["operations"][operation]["input"]["shape"]
    base = valid(name)
    for member in SHAPES[name].get("required", []):
        yield {**base, member: None}, lower(member), False
    for wrap, path, shape in places(name, "", 4):
        for group in probes(shape):
            for value, fits in group:
                yield wrap(value), path, fits
        if SHAPES[shape]["type"] == "structure":
            for member in SHAPES[shape].get("required", []):
                yield wrap({**valid(shape), member: None}), f"{path}.{lower(member)}", False


@rule
def every_operation_is_one_of_the_model():
    unknown = set(offered()) - set(MODEL["operations"])
    assert not unknown, unknown


@rule
def every_other_operation_is_refused_by_its_name():
    for operation in set(MODEL["operations"]) - set(offered()):
        error, message, _ = call(operation, {})
        assert error == "UnknownOperationException" and operation in message, (operation, error, message)


@rule
def every_constraint_of_the_model_is_kept_and_no_other():
    tried, differences = 0, []
    for operation in offered():
        known = {error["shape"] for error in MODEL["operations"][operation].get("errors", [])}
        for request, path, fits in constraints(operation):
            error, message, reply = call(operation, request)
            tried += 1
            refused = error == "InvalidParameterException" and f"'{path}' failed to satisfy constraint" in message
            if refused == fits:
                value = json.dumps(request)
                differences.append(f"{operation} {path}: {'refused' if refused else 'taken'}: {value[:200]}: {message[:200]}")
            if error and error not in known:
                differences.append(f"{operation} {path}: {error} is no error of this operation: {message[:200]}")
            if "UserPool" in reply and operation == "CreateUserPool":
                call("DeleteUserPool", {"UserPoolId": reply["UserPool"]["Id"]})
    print(f"# {tried} requests")
    assert tried > 1000, tried
    assert not differences, f"{len(differences)} differences:\n" + "\n".join(differences[:40])


@rule
def a_value_of_another_type_is_refused_everywhere():
    for operation in offered():
        name = MODEL["operations"][operation]["input"]["shape"]
        for member, shape in SHAPES[name]["members"].items():
            wrong = [1.5, {}] if SHAPES[shape["shape"]]["type"] in ("list", "string", "integer", "boolean") else [1, "x"]
            for value in wrong:
                error, message, _ = call(operation, {**valid(name), member: value})
                assert error == "SerializationException", (operation, member, value, error, message)


if __name__ == "__main__":
    raise SystemExit(run("constraints"))
