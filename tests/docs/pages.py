"""The documentation and the source, for the tests of this folder."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read(path):
    return (ROOT / path).read_text()


def tracked(*patterns):
    """Returns the files of the repository, tracked or new, that match one of `patterns`."""
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "--", *patterns]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(line for line in set(lines) if (ROOT / line).is_file())


def section(page, heading):
    """Returns the text below `heading`, up to the next one of the same or a higher level."""
    text = read(page)
    (start,) = re.finditer(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    rest = text[start.end() :]
    end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def tables(text):
    """Returns the tables of `text`: lists of rows, which are lists of cells. The heading rows are omitted."""
    found = []
    for table in re.findall(r"(?:^ *\|.*\n)+", text, re.MULTILINE):
        rows = [line.strip().strip("|") for line in table.splitlines()]
        found.append([[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in rows[2:]])
    return found


def code(cell):
    """Returns the texts in backticks in `cell`."""
    spans = re.findall(r"(`+) ?(.+?) ?\1(?!`)", cell)
    return [text.replace("\\|", "|") for _, text in spans]


def names(rows, column=0):
    """Returns the texts in backticks in a column."""
    return [name for row in rows for name in code(row[column])]


def rust(*folders):
    """Returns the Rust source in `folders`, without tests and examples in comments."""
    files = [path for path in tracked(*[f"{folder}/*.rs" for folder in folders]) if not re.search(r"(^|/)tests?(\.rs$|/)", path)]
    source = "\n".join(read(path).split("#[cfg(test)]\nmod tests {")[0] for path in files)
    return re.sub(r"^\s*//[/!].*", "", source, flags=re.MULTILINE)
