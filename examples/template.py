#!/usr/bin/env python3
"""Creates the folder `template` from `own-challenge`: `cargo lambda new NAME --template …/examples/template` starts a
repository from it. With `--check`, says instead whether the folder is up to date.

The example is the source. Its names become Liquid placeholders, its dependencies on the folders of this repository
become dependencies on a Git repository. Fixtures that depend on the name are omitted: `BLESS=1 cargo test` writes them.
"""

import re
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
SOURCE = EXAMPLES / "own-challenge"
TEMPLATE = EXAMPLES / "template"

# Written by hand: the questions of the template, and the README of a new repository.
KEPT = {Path("CargoLambda.toml"), Path("README.md")}

# Files that tools write, and the tutorial.
LEFT_OUT = re.compile(r"(target|\.aws-sam|\.local|README\.md)(/|$)")

# Windows does not allow `|` in file names, so a path cannot have a filter. Cargo reads every `Cargo.toml` in a Git
# repository that is a dependency, and would reject placeholders. So this file gets its name when it is rendered.
PATH_NAMES = {"pager_code": "{{challenge_name}}", "Cargo.toml": "Cargo{{empty}}.toml"}

NAMES = {
    "own-challenge": "{{ project_name }}",
    "own_challenge": '{{ project_name | replace: "-", "_" }}',
    "pager_code": "{{ challenge_name }}",
    "PAGER_CODE": "{{ challenge_name | upcase }}",
    "PagerCode": "{{ type_name }}",
}

# Defines `type_name`: DoorCode for door_code.
TYPE_NAME = (
    '{%- assign words = challenge_name | downcase | split: "_" -%}'
    "{%- capture type_name -%}{%- for word in words -%}{{ word | capitalize }}{%- endfor -%}{%- endcapture -%}\n"
)


def replace(names: dict[str, str], text: str) -> str:
    """Replaces each of the names, and escapes Liquid's own syntax."""
    found = re.compile("|".join(map(re.escape, [*names, "{{", "{%"])))
    return found.sub(lambda match: names.get(match[0]) or f"{{% raw %}}{match[0]}{{% endraw %}}", text)


def manifest(text: str) -> str:
    """Replaces the dependencies by a Git repository, and removes the licence, which the author chooses."""
    text = re.sub(r"^license = .*\n", "", text, flags=re.MULTILINE)
    text, count = re.subn(r'path = "\.\./\.\./[^"]*"', 'git = "REPOSITORY"', text)
    assert count, "no dependency on a folder of this repository"
    return replace(NAMES | {"REPOSITORY": "{{ repository }}"}, text)


def is_derived(path: Path) -> bool:
    """Returns whether the file belongs to a fixture of create with a code, which depends on the challenge's name."""
    if path.parent != Path("tests/fixtures/create"):
        return False
    case = path.name.split(".")[0]
    return '"code"' in (SOURCE / path.parent / f"{case}.response.json").read_text()


def render() -> dict[Path, str]:
    """Returns the files of the template."""
    files = {}
    for file in sorted(SOURCE.rglob("*")):
        path = file.relative_to(SOURCE)
        if file.is_dir() or LEFT_OUT.match(path.as_posix()) or is_derived(path):
            continue
        text = file.read_text()
        head = TYPE_NAME if "PagerCode" in text else ""
        body = manifest(text) if path.name == "Cargo.toml" else replace(NAMES, text)
        files[Path(replace(PATH_NAMES, path.as_posix()))] = head + body
    # The example uses the format rules of the surrounding workspace.
    files[Path("rustfmt.toml")] = (EXAMPLES.parent / "rustfmt.toml").read_text()
    return files


def main() -> int:
    """Writes the template, or compares it."""
    files = render()
    there = {file.relative_to(TEMPLATE) for file in TEMPLATE.rglob("*") if file.is_file()} - KEPT
    stale = sorted(there - files.keys())
    changed = [path for path, text in files.items() if path not in there or (TEMPLATE / path).read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in sorted([*stale, *changed]):
            print(f"examples/template/{path} is not as examples/own-challenge: run examples/template.py", file=sys.stderr)
        return 1 if stale or changed else 0
    for path in stale:
        (TEMPLATE / path).unlink()
    for path in changed:
        (TEMPLATE / path).parent.mkdir(parents=True, exist_ok=True)
        (TEMPLATE / path).write_text(files[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
