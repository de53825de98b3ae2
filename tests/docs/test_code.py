"""Checks that a test runs the code in the documentation."""

import re
import unittest

from pages import read, tracked


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)


class Code(unittest.TestCase):
    def test_the_main_of_create_is_that_of_the_example(self):
        """`.ci/run example` compiles and runs it."""
        example = read("examples/own-challenge/src/bin/create.rs")
        for page in ["README.md", "docs/extending.md"]:
            self.assertEqual(blocks(page, "rust"), [example], page)

    def test_the_guides_show_the_code_that_the_clients_run(self):
        """`tests/clients/run` signs in with it."""
        guides = {
            "docs/clients/amplify.md": ("js", "amplify.mjs"),
            "docs/clients/boto3.md": ("python", "boto3_sign_in.py"),
            "docs/clients/identity-js.md": ("js", "identity-js.mjs"),
            "docs/clients/sdk-js.md": ("js", "sdk-js.mjs"),
        }
        for page, (language, file) in guides.items():
            self.assertEqual(blocks(page, language), [read(f"tests/clients/snippets/{file}")], page)
        snippets = {path.split("/")[-1] for path in tracked("tests/clients/snippets/*")}
        self.assertEqual(snippets, {file for _, file in guides.values()})

    def test_the_seed_is_the_one_that_a_test_applies(self):
        """`local/tests/projects.rs` applies it."""
        self.assertEqual(blocks("docs/local-projects.md", "yaml"), [read("local/tests/projects/seed.yaml")])

    def test_code_that_was_not_run_says_so(self):
        self.assertIn("**This code was not run.**", read("docs/clients/mobile.md"))

    def test_every_other_block_is_known(self):
        """A new block of code needs a test, or a place in this list with the reason."""
        known = {
            "README.md": {"mermaid": 1, "rust": 1},
            "docs/extending.md": {"rust": 1},
            # The example of a fixture. The tests of the format cover it.
            "docs/testing.md": {"json": 1},
            "docs/local-projects.md": {"yaml": 1},
            "docs/clients/amplify.md": {"js": 1},
            "docs/clients/boto3.md": {"python": 1},
            "docs/clients/identity-js.md": {"js": 1},
            "docs/clients/sdk-js.md": {"js": 1},
            "docs/clients/mobile.md": {"swift": 1, "kotlin": 1, "dart": 1},
        }
        found = {}
        for page in ["README.md", "CONTRIBUTING.md", "SECURITY.md", *tracked("docs/*.md")]:
            for language in re.findall(r"^```(\w+)$", read(page), re.MULTILINE):
                counts = found.setdefault(page, {})
                counts[language] = counts.get(language, 0) + 1
        self.assertEqual(found, known)

    def test_commands_name_packages_and_files_that_exist(self):
        packages = {re.search(r'^name = "(.+)"', read(path), re.MULTILINE)[1] for path in tracked("*Cargo.toml") if "{{" not in path and "\nname" in read(path)}
        targets = set(re.findall(r'^name = "(\w+)"', read("tests/Cargo.toml") + read("benches/Cargo.toml") + read("local/user-pools/Cargo.toml"), re.MULTILINE))
        for page in ["README.md", "CONTRIBUTING.md", *tracked("docs/*.md")]:
            text = read(page)
            for package in re.findall(r"\bcargo \w+ (?:--release )?-p ([\w-]+)", text):
                if package not in {"CRATE", "NAME"}:
                    self.assertIn(package, packages, page)
            for target in re.findall(r"--(?:test|bench) ([\w-]+)", text):
                self.assertIn(target, targets, page)

    def test_steps_of_the_checks_exist(self):
        run = read(".ci/run")
        steps, others = (set(re.search(rf"^{name}=\((.*)\)$", run, re.MULTILINE)[1].split()) for name in ("steps", "others"))
        for page in ["README.md", "CONTRIBUTING.md", *tracked("docs/*.md")]:
            named = re.findall(r"`\.ci/run ([a-z0-9 ]+)`", read(page))
            self.assertLessEqual({step for steps_of in named for step in steps_of.split()}, steps | others, page)
        table = set(re.findall(r"^\| `\.ci/run (\w+)`", read("CONTRIBUTING.md"), re.MULTILINE))
        self.assertLessEqual(steps - table, {"example"})


if __name__ == "__main__":
    unittest.main()
