"""Prints the section of CHANGELOG.md for a tag: `changelog.py v0.1.0`. Fails if it does not exist."""

import pathlib
import re
import sys

CHANGELOG = pathlib.Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def section(text, tag):
    """The text below the heading of the version of `tag`, up to the next one; None without such a heading."""
    version = re.escape(tag.removeprefix("v"))
    found = re.search(rf"^## \[{version}\].*?\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)", text, re.MULTILINE | re.DOTALL)
    return found and found[1].strip()


if __name__ == "__main__":
    (tag,) = sys.argv[1:]
    notes = section(CHANGELOG.read_text(), tag)
    if not notes:
        sys.exit(f"CHANGELOG.md has no section `## [{tag.removeprefix('v')}]`, or an empty one")
    print(notes)
