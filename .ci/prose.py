"""Checks the language of the documentation against prose.toml.

`prose.py` checks the Markdown files and the comments of the Rust files that `rust` in prose.toml lists. It fails if a
rule does not hold. In other Rust files it only counts. `prose.py FILE…` checks only these files. `--long` also lists the
long sentences, `--rust` what it counted.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
MARKDOWN = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "examples/*/README.md"]
RULES = tomllib.loads((HERE / "prose.toml").read_text())


def compiled(rules):
    return [(re.compile(rule["pattern"], re.IGNORECASE | re.MULTILINE), rule["instead"]) for rule in rules]


PATTERNS = compiled(RULES["rule"])
COMMENT_PATTERNS = PATTERNS + compiled(RULES["comment"])


def markdown(text):
    """The prose of Markdown, with as many lines as before: without code, and without the targets of links."""
    keep_lines = lambda match: "\n" * match[0].count("\n")
    text = re.sub(r"^( *)```.*?^\1```$", keep_lines, text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->|\{%.*?%\}", keep_lines, text, flags=re.DOTALL)
    # Indented code starts after an empty line, or after another line of it.
    text = re.sub(r"(?<=\n\n)(?: {4,}(?! *[-*\d]).*\n+)+", keep_lines, text)
    text = re.sub(r"(`+).+?\1", "X", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"^(#+|[-*>]|\d+\.)\s", lambda match: "|".ljust(len(match[0])), text, flags=re.MULTILINE)


def comments(text):
    """The comments of Rust, with as many lines as before."""
    lines = [re.match(r"\s*//[/!]? ?(.*)", line) for line in text.splitlines()]
    return markdown("\n".join(match[1] if match else "" for match in lines) + "\n")


def sentences(text):
    """The sentences, each with the place where it starts. A cell of a table and an item of a list end one."""
    start = 0
    for end in re.finditer(r"[.!?:;](?=\s)|\||\n(?=\s*\n|[-*|] |\d+\. )|\Z", text):
        yield start, text[start : end.start()]
        start = end.end()


def check(text, patterns):
    """What is wrong: the line, what was found, and what to write instead."""
    for pattern, instead in patterns:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.end()) + 1
            yield line, f"`{' '.join(match[0].split())}`: write {instead}"


def long_sentences(text):
    for start, sentence in sentences(text):
        if len(sentence.split()) > RULES["words"]:
            start += len(sentence) - len(sentence.lstrip())
            yield text.count("\n", 0, start) + 1, f"{len(sentence.split())} words: {' '.join(sentence.split())[:60]}…"


def tracked(patterns):
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns], capture_output=True, check=True, text=True)
    return [path for path in map(pathlib.Path, files.stdout.splitlines()) if path.exists()]


def main(arguments):
    flags = {argument for argument in arguments if argument.startswith("--")}
    named = [pathlib.Path(argument) for argument in arguments if argument not in flags]
    wrong = long = counted = 0
    checked = set(named or tracked(MARKDOWN) + tracked(RULES["rust"]))
    for path in named or tracked(MARKDOWN) + tracked(["*.rs"]):
        rust = path.suffix == ".rs"
        text = (comments if rust else markdown)(path.read_text())
        found = list(check(text, COMMENT_PATTERNS if rust else PATTERNS))
        for line, what in found if path in checked or "--rust" in flags else []:
            print(f"{path}:{line}: {what}")
        wrong += len(found) if path in checked else 0
        counted += len(found) if path not in checked else 0
        found = list(long_sentences(text)) if path in checked else []
        for line, what in found if "--long" in flags else []:
            print(f"{path}:{line}: {what}")
        long += len(found)
    print(f"prose: {wrong} to rewrite, {long} sentences of more than {RULES['words']} words, {counted} in other comments of Rust")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
