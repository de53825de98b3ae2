"""Tests the results of `dist.py`, `linked.py` and `changelog.py` without a build."""

import hashlib
import io
import json
import pathlib
import subprocess
import tempfile
import unittest
import zipfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import changelog
import dist
import linked

TARGET = dist.TARGETS["arm64"]


class Zip(unittest.TestCase):
    def test_the_same_programs_are_the_same_bytes_at_any_time_and_in_any_order(self):
        first = dist.zipped({"b": b"2", "a": b"1"})
        self.assertEqual(dist.zipped({"a": b"1", "b": b"2"}), first)
        times = {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(first)).infolist()}
        self.assertEqual(times, {(1980, 1, 1, 0, 0, 0)})

    def test_a_program_may_be_run_and_comes_back_whole(self):
        archive = zipfile.ZipFile(io.BytesIO(dist.zipped({"bootstrap": b"\0program" * 1000})))
        (entry,) = archive.infolist()
        self.assertEqual((entry.filename, entry.external_attr >> 16), ("bootstrap", 0o100755))
        self.assertEqual(archive.read("bootstrap"), b"\0program" * 1000)


class Folder(unittest.TestCase):
    """Creates a folder like `dist.py`, with a program of a few bytes."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name, "dist")
        self.folder.mkdir()
        archive = dist.zipped({"bootstrap": b"a program"})
        name = "define-auth-challenge-arm64.zip"
        (self.folder / name).write_bytes(archive)
        bill = linked.bill(
            "define-auth-challenge", TARGET, "1", (name, hashlib.sha256(archive).hexdigest()), "rustc", "2026-11-27T00:00:00Z"
        )
        (self.folder / "define-auth-challenge-arm64.cdx.json").write_text(bill)
        (self.folder / "template-arm64.yaml").write_text(f"CodeUri: {name}\n")
        dist.write_sums(self.folder)

    def test_a_whole_folder_has_nothing_wrong(self):
        self.assertEqual(dist.check(self.folder), [])
        subprocess.run(["sha256sum", "--check", "--quiet", dist.SUMS], cwd=self.folder, check=True)

    def test_an_altered_byte_is_found_in_any_place(self):
        path = self.folder / "define-auth-challenge-arm64.zip"
        whole = path.read_bytes()
        for index in range(len(whole)):
            path.write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
            (wrong,) = dist.check(self.folder)
            self.assertIn("define-auth-challenge-arm64.zip is not what SHA256SUMS says", wrong)

    def test_a_missing_file_and_one_too_many_are_found(self):
        (self.folder / "define-auth-challenge-arm64.zip").unlink()
        (self.folder / "more.zip").write_text("")
        wrong = "\n".join(dist.check(self.folder))
        for said in (
            "define-auth-challenge-arm64.zip is missing",
            "more.zip is not in SHA256SUMS",
            "template-arm64.yaml names define-auth-challenge-arm64.zip, which is not there",
        ):
            self.assertIn(said, wrong)

    def test_a_bill_of_another_program_is_found_though_the_sums_fit(self):
        (self.folder / "define-auth-challenge-arm64.zip").write_bytes(dist.zipped({"bootstrap": b"another"}))
        dist.write_sums(self.folder)
        (wrong,) = dist.check(self.folder)
        self.assertIn("describes another define-auth-challenge-arm64.zip", wrong)

    def test_folders_of_two_versions_are_not_put_together(self):
        other, output = self.folder.parent / "other", self.folder.parent / "output"
        for folder, text in ((other, "CodeUri: other\n"), (output, None)):
            folder.mkdir()
            if text:
                (folder / "template-arm64.yaml").write_text(text)
                dist.write_sums(folder)
        dist.merge([self.folder], output)
        self.assertEqual(dist.check(output), [])
        with self.assertRaisesRegex(dist.Refused, "two versions"):
            dist.merge([self.folder, other], output)


class Template(unittest.TestCase):
    def test_each_template_differs_only_in_the_code_and_its_processor(self):
        before = (dist.ROOT / "template.yaml").read_text().splitlines()
        for processor in dist.TARGETS:
            after = dist.template(processor).splitlines()
            added = [line.strip() for line in after if line not in before]
            removed = [line.strip() for line in before if line not in after]
            self.assertIn(f"AllowedValues: [{processor}]", added)
            functions = len(dist.functions())
            self.assertEqual(len([line for line in added if line.endswith(f"-{processor}.zip")]), functions)
            self.assertEqual(len([line for line in removed if line.startswith("CodeUri: ")]), functions)
            self.assertIn(f"SemanticVersion: {dist.version()}", added)
            # The code, the processor and its default, the version, and the comment on the first line.
            self.assertLessEqual(len(added), functions + 4)

    def test_the_template_of_a_bucket_takes_every_function_from_it(self):
        text = dist.template_of_a_bucket()
        for package in dist.functions().values():
            self.assertEqual(text.count(f"Key: !Sub '${{ArtifactPrefix}}{package}-${{Architecture}}.zip'"), 1)
        self.assertIn(f"Default: '{dist.version()}/'", text)


class Version(unittest.TestCase):
    def test_it_names_the_commit_the_tag_and_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            root, dist.ROOT = dist.ROOT, pathlib.Path(folder)
            try:
                (dist.ROOT / "Cargo.toml").write_text('[workspace.package]\nversion = "1.2.3"\n')
                for command in (
                    ["init", "--quiet"],
                    ["add", "."],
                    ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "one"],
                ):
                    dist.git(*command)
                self.assertRegex(dist.version(), r"^1\.2\.3\+[0-9a-f]{12}$")
                (dist.ROOT / "new").write_text("")
                self.assertRegex(dist.version(), r"^1\.2\.3\+[0-9a-f]{12}-dirty$")
                dist.git("tag", "v1.2.3")
                self.assertRegex(dist.version(), r"-dirty$")
                (dist.ROOT / "new").unlink()
                self.assertEqual(dist.version(), "1.2.3")
            finally:
                dist.ROOT = root


class Linked(unittest.TestCase):
    def test_the_bill_of_each_function_is_valid_and_complete(self):
        for package in dist.functions().values():
            text = linked.bill(package, TARGET, "1", (f"{package}.zip", "0" * 64), "rustc", "2026-11-27T00:00:00Z")
            self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text))
            names = [component["name"] for component in json.loads(text)["components"]]
            self.assertIn("lambda_runtime", names)
            # Neither macros nor packages that only tests or builds need.
            for absent in ("serde_derive", "async-trait", "cc", "criterion", "loop-tests"):
                self.assertNotIn(absent, names)
            self.assertEqual("aws-sdk-s3" in names, package == "create-auth-challenge")

    def test_every_component_has_a_licence_text(self):
        for package in dist.functions().values():
            text = linked.licences(package, TARGET, dist.DEBIAN)
            for component, _ in linked.packages(package, TARGET):
                self.assertIn(f"{component['name']} {component['version']}", text)
        with tempfile.TemporaryDirectory() as folder:
            for name in linked.ZIG:
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"licence {name}")
            text = linked.licences("pre-token-generation", TARGET, dist.DEBIAN, pathlib.Path(folder))
        for name in linked.ZIG:
            self.assertIn(f"the libraries of zig\n{'=' * 80}\n\nlicence {name}", text)
        self.assertIn("SIL OPEN FONT LICENSE", linked.licences("create-auth-challenge", TARGET, dist.DEBIAN))

    def test_a_package_without_a_known_licence_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            package = {"name": "a", "version": "1", "manifest_path": f"{folder}/Cargo.toml", "license": "BUSL-1.1", "authors": []}
            with self.assertRaisesRegex(linked.Missing, "a 1 .BUSL-1.1. has no licence file"):
                linked.texts(package)
            self.assertIn("Permission is hereby granted", linked.texts(package | {"license": "MIT"})[0])


class Changelog(unittest.TestCase):
    def test_the_section_of_a_tag_ends_at_the_next_heading(self):
        text = "# Changelog\n\n## [Unreleased]\n\nsoon\n\n## [1.1.0] - 2026-12-01\n\n### Added\n\n- b\n\n## [1.0.0]\n\n- a\n"
        self.assertEqual(changelog.section(text, "v1.1.0"), "### Added\n\n- b")
        self.assertEqual(changelog.section(text, "v1.0.0"), "- a")
        self.assertIsNone(changelog.section(text, "v2.0.0"))
        self.assertIsNone(changelog.section(text, "v1x1x0"))


if __name__ == "__main__":
    unittest.main()
