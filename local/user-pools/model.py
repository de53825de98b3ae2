#!/usr/bin/env python3
"""Writes `src/api/model.json`: the constraints of requests in Amazon's model of the API, for the supported operations.

    python3 local/user-pools/model.py            writes it, from the `botocore` that this Python has
    python3 local/user-pools/model.py --check    fails if it differs from what would be written
"""

import gzip
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODEL = HERE / "src/api/model.json"
OPERATIONS = HERE / "src/api/operations.rs"

# The service differs from the model here: in 2025 its limit of a session was 8192 characters, the model's 4096.
KNOWN_BETTER = {"SessionType": {"max": 8192}}
CONSTRAINTS = ("type", "min", "max", "pattern", "enum", "required")


def service():
    """Returns Amazon's model of the API."""
    import botocore

    path = Path(botocore.__file__).parent / "data/cognito-idp/2016-04-18/service-2.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def operations():
    """Returns the names of the operations that `local` supports."""
    return re.findall(r'^    "(\w+)" =>', OPERATIONS.read_text(), re.MULTILINE)


def reduced(model):
    """Returns the part of `model` that defines which requests are valid."""
    shapes = {}

    def add(name):
        if name in shapes:
            return
        shape = model["shapes"][name]
        shapes[name] = kept = {key: shape[key] for key in CONSTRAINTS if key in shape}
        kept.update(KNOWN_BETTER.get(name, {}))
        if "members" in shape:
            kept["members"] = {member: value["shape"] for member, value in shape["members"].items()}
        for part in ("member", "key", "value"):
            if part in shape:
                kept[part] = shape[part]["shape"]
        for below in [*kept.get("members", {}).values(), *(kept[part] for part in ("member", "key", "value") if part in kept)]:
            add(below)

    requests = {}
    for name in operations():
        if name not in model["operations"]:
            sys.exit(f"`{name}` is no operation of Amazon's model")
        requests[name] = model["operations"][name]["input"]["shape"]
        add(requests[name])
    return {"operations": requests, "shapes": dict(sorted(shapes.items()))}


def written(model):
    """Returns `model` as JSON with a line for each operation and shape."""
    def lines(table):
        return ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in table.items())

    parts = ",\n".join(f'  "{part}": {{\n{lines(table)}\n  }}' for part, table in model.items())
    return f"{{\n{parts}\n}}\n"


def main():
    text = written(reduced(service()))
    if sys.argv[1:] == ["--check"]:
        if MODEL.read_text() != text:
            sys.exit(f"{MODEL.name} differs from Amazon's model: run `python3 local/user-pools/model.py`")
        print("ok model: the requests are valid as in Amazon's model")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        MODEL.write_text(text)


if __name__ == "__main__":
    main()
