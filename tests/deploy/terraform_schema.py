"""Compares the arguments in examples/terraform with those of the AWS provider.

    pip install python-hcl2==8.1.4 && pip download --no-deps cdktf-cdktf-provider-aws==21.22.1
    python3 tests/deploy/terraform_schema.py cdktf_cdktf_provider_aws-21.22.1-py3-none-any.whl

Package registries do not have the provider itself, which `terraform validate` needs for its schema. The bindings of CDK for
Terraform are generated from that schema: they have the name of each argument, and whether it is required. They are 59 MB,
so this runs only if named.
"""

import io
import json
import pathlib
import re
import sys
import tarfile
import zipfile

import hcl2

MODULE = pathlib.Path(__file__).parents[2] / "examples/terraform"
# Arguments of Terraform itself.
OWN = {"count", "depends_on", "for_each", "lifecycle", "provider"}


def bindings(wheel):
    """Returns the types of the bindings by name, without the name of the package."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(archive.read(name))) as package:
            assembly = json.load(package.extractfile("package/.jsii"))
    print(f"provider bindings {assembly['version']}")
    return {name.removeprefix(f"{assembly['name']}."): each for name, each in assembly["types"].items()}


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def arguments(types, name):
    """Returns the arguments of a type: whether each is required, and the type of a block."""
    found = {}
    for each in types[name]["properties"]:
        text = json.dumps(each["type"])
        block = re.search(r'"fqn": "@cdktf/provider-aws\.([^"]+)"', text)
        found[each["name"]] = (not each.get("optional"), block and block[1])
    return found


def own(block):
    """Returns the arguments and blocks in `block`, including `dynamic` ones."""
    written = {}
    for name, value in block.items():
        if name.startswith("__"):
            continue
        if name == "dynamic":
            for each in value:
                for label, dynamic in each.items():
                    if not label.startswith("__"):
                        written[label.strip('"')] = dynamic["content"]
        else:
            written[name] = value
    return written


def compare(types, name, block, place):
    """Returns the errors in `block`, which should have the type `name`."""
    known, written = arguments(types, name), own(block)
    for argument, value in written.items():
        if argument in OWN:
            continue
        if camel(argument) not in known:
            yield f"{place} has no argument {argument}"
            continue
        _, inner = known[camel(argument)]
        blocks = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]
        if inner in types and types[inner]["kind"] == "interface":
            for each in blocks:
                yield from compare(types, inner, each, f"{place}.{argument}")
    for argument, (required, _) in known.items():
        if required and argument not in map(camel, written):
            yield f"{place} lacks {argument}"


def main():
    types = bindings(sys.argv[1])
    wrong, compared = [], 0
    for path in sorted(MODULE.glob("**/*.tf")):
        with path.open() as file:
            read = hcl2.load(file)
        for kind, prefix in (("resource", ""), ("data", "data_")):
            for labelled in read.get(kind, []):
                for label, named in labelled.items():
                    label = label.strip('"')
                    if not label.startswith("aws_"):
                        continue
                    # `aws_lambda_function` is `lambdaFunction.LambdaFunctionConfig`; data sources start with `data_aws_`.
                    words = f"{prefix}{label}" if prefix else label.removeprefix("aws_")
                    module = camel(words)
                    # A name that a block of another resource also has gets an `A`.
                    names = [f"{module}.{module[0].upper()}{module[1:]}{a}Config" for a in ("", "A")]
                    name = next((each for each in names if each in types), names[0])
                    for id, block in named.items():
                        id = id.strip('"')
                        place = f"{path.relative_to(MODULE)}: {label}.{id}"
                        compared += 1
                        wrong += compare(types, name, block, place) if name in types else [f"{place}: no type {name}"]
    print("\n".join(wrong) or f"{compared} resources and data sources have arguments of the provider")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
