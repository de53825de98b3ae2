"""Checks that every relative link of the documentation leads to a file, and to an existing heading."""

import pathlib
import re
import unittest

from pages import ROOT, read, tracked

MARKDOWN = ["*.md"]
# The template of a project has its own README, whose links are rendered later.
NOT_OURS = ("examples/template/",)


def without_code(text):
    text = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(`+).+?\1", lambda span: re.sub(r"[\[\]()<]", "", span[0]), text, flags=re.DOTALL)


def anchors(path):
    """Returns the anchors of the headings of a file in GitHub and mdbook."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", read(path), flags=re.MULTILINE | re.DOTALL), re.MULTILINE):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


class Links(unittest.TestCase):
    def test_every_relative_link_leads_somewhere(self):
        files = [path for path in tracked(*MARKDOWN) if not path.startswith(NOT_OURS)]
        self.assertIn("README.md", files)
        count = 0
        for path in files:
            for target in re.findall(r"\]\(([^)\s]+)\)", without_code(read(path))):
                if re.match(r"[a-z]+:", target):
                    continue
                count += 1
                file, _, anchor = target.partition("#")
                there = (ROOT / path).parent / file if file else ROOT / path
                with self.subTest(page=path, link=target):
                    self.assertTrue(there.exists(), "there is no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(there.resolve().relative_to(ROOT)))
        self.assertGreater(count, 100)

    def test_files_that_are_named_exist(self):
        folders = sorted({path.split("/")[0] for path in tracked() if "/" in path})
        named = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, folders))})/[\w./-]*[\w]")
        count = 0
        for path in tracked(*MARKDOWN):
            if path.startswith(("examples/", "CHANGELOG")):
                continue
            for file in named.findall(re.sub(r"\]\([^)]*\)", "", read(path))):
                # Words like NAME are placeholders.
                if re.search(r"(^|[/.])[A-Z]{3,}(\.|/|$)", file):
                    continue
                count += 1
                with self.subTest(page=path, file=file):
                    self.assertTrue((ROOT / file).exists())
        self.assertGreater(count, 50)

    def test_the_summary_has_every_page(self):
        listed = re.findall(r"\]\(([^)]+)\)", read("docs/SUMMARY.md"))
        pages = [str(pathlib.Path(path).relative_to("docs")) for path in tracked("docs/*.md")]
        self.assertEqual(sorted(listed), sorted(set(pages) - {"SUMMARY.md"}))

    def test_the_readme_is_short(self):
        self.assertLessEqual(len(read("README.md").splitlines()), 150)

    def test_other_files_name_pages_that_exist(self):
        for path in tracked("*.rs", "*.yaml", "*.py", "*.sh", "*.toml", ".ci/*"):
            # Files that tests create are excluded.
            for page in re.findall(r"\bdocs/[\w/-]+\.(?:md|png)\b", read(path)):
                with self.subTest(file=path, page=page):
                    self.assertTrue((ROOT / page).exists())


if __name__ == "__main__":
    unittest.main()
