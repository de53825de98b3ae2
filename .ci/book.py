"""A preprocessor of mdbook that rewrites links to files outside of the book.

`SECURITY.md` is not a page of the book. A link to it becomes its text and its path in the repository, or an address if
`REPOSITORY` has the address of the repository's files.
"""

import json
import os
import re
import sys


def rewrite(text):
    """Returns a page whose links lead to other pages, but not to other files of the repository."""
    # The tutorial page includes a file of another folder.
    text = re.sub(r"(\]\()(?:\.\./)+docs/", r"\1", text)
    text = re.sub(r"(\]\()(?:\.\./)+examples/own-challenge/README\.md#", r"\1tutorial.md#", text)
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+([^)#\s]+)(#[^)\s]*)?\)", outside, text)


def outside(link):
    text, path, anchor = link[1], link[2], link[3] or ""
    if repository := os.environ.get("REPOSITORY"):
        return f"[{text}]({repository}/{path}{anchor})"
    return f"`{path}`" if text.strip("`") == path else f"{text} (`{path}` in the repository)"


def rewrite_items(items):
    for item in items:
        if chapter := isinstance(item, dict) and item.get("Chapter"):
            # Pages in a subfolder link to pages of the parent folder, which are in the book.
            depth = chapter["path"].count("/") if chapter.get("path") else 0
            kept = "\0" * depth
            content = re.sub(rf"\]\((?:\.\./){{{depth}}}(?!\.\./)", f"]({kept}", chapter["content"]) if depth else chapter["content"]
            chapter["content"] = rewrite(content).replace("\0", "../")
            rewrite_items(chapter["sub_items"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["supports"]:
        sys.exit(0)
    _, book = json.load(sys.stdin)
    rewrite_items(book.get("items") or book.get("sections"))
    json.dump(book, sys.stdout)
