"""Checks the built book: every link and picture leads to a file of the book, and to an existing element.

`book.py FOLDER`
"""

import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """The links and the ids of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(text)

    def handle_starttag(self, _, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def main(folder):
    pages = {path.resolve(): Page(path.read_text()) for path in folder.rglob("*.html")}
    wrong, count = [], 0
    for path, page in pages.items():
        # The page for printing contains all chapters, and its links are those of the chapters.
        if path.name in ("print.html", "404.html", "toc.html"):
            continue
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            there = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if not there.exists():
                wrong.append(f"{path.name}: `{link}` leads to no file of the book")
            elif parts.fragment and there in pages and urllib.parse.unquote(parts.fragment) not in pages[there].ids:
                wrong.append(f"{path.name}: `{link}` leads to no element of the page")
    print("\n".join(wrong + [f"book: {len(pages)} pages, {count} links, {len(wrong)} wrong"]))
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
