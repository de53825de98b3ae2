"""Checks the language of the documentation against prose.toml.

`prose.py` checks the Markdown files, and the comments of Rust, Python, JavaScript, TypeScript, Terraform and shell files. It
fails if a rule does not hold. `prose.py FILE…` checks only these files. `--long` also lists the long sentences.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
MARKDOWN = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "examples/*/README.md"]
CODE = ["*.rs", "*.py", "*.js", "*.mjs", "*.ts", "*.tf", "*.sh", "*/run", ".ci/canary", ".ci/example", ".ci/named_tests", ".ci/reproducible", "justfile"]
CODE += [":!examples/template"]
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


def comments(text, start, docstrings=()):
    """The comments, with as many lines as before. `start` matches up to the text of a line that has only a comment."""
    lines, inside = [], None
    for line in text.splitlines():
        if not inside and (match := re.match(start, line)):
            lines.append(line[match.end() :])
        elif not inside and (opened := next((marks for marks in docstrings if re.match(r"\s*" + re.escape(marks[0]), line)), None)):
            rest = line.split(opened[0], 1)[1]
            lines.append(rest.split(opened[1])[0])
            inside = None if opened[1] in rest else opened
        elif inside:
            lines.append(re.sub(r"^\s*\*(?!/) ?", "", line.split(inside[1])[0]).strip())
            inside = None if inside[1] in line else inside
        else:
            lines.append("")
    return markdown("\n".join(lines) + "\n")


def sentences(text):
    """The sentences, each with the place where it starts. A cell of a table and an item of a list end one."""
    start = 0
    for end in re.finditer(r"[.!?:;](?=\s)|\||\n(?=\s*\n|[-*|] |\d+\. )|\Z", text):
        yield start, text[start : end.start()]
        start = end.end()


def check(text, patterns):
    """Yields the findings: the line, the text that was found, and its replacement."""
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


def prose(path):
    """The prose of a file, and the rules for it."""
    text = path.read_text()
    if path.suffix == ".md":
        return markdown(text), PATTERNS
    if path.suffix == ".rs":
        return comments(text, r"\s*//[/!]? ?"), COMMENT_PATTERNS
    if path.suffix in (".js", ".mjs", ".ts"):
        return comments(text, r"\s*// ?", [("/**", "*/")]), COMMENT_PATTERNS
    return comments(text, r"\s*#(?!!) ?", [('"""', '"""')]), COMMENT_PATTERNS


def main(arguments):
    flags = {argument for argument in arguments if argument.startswith("--")}
    named = [pathlib.Path(argument) for argument in arguments if argument not in flags]
    wrong = long = 0
    for path in named or tracked(MARKDOWN + CODE):
        text, patterns = prose(path)
        found = list(check(text, patterns))
        for line, what in found:
            print(f"{path}:{line}: {what}")
        wrong += len(found)
        found = list(long_sentences(text))
        for line, what in found if "--long" in flags else []:
            print(f"{path}:{line}: {what}")
        long += len(found)
    print(f"prose: {wrong} to rewrite, {long} sentences of more than {RULES['words']} words")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
