"""Builds `dist/`: files that can be deployed without Rust.

    python3 .ci/dist.py                         build for this machine's processor and for the other one
    python3 .ci/dist.py --processor arm64       for one
    python3 .ci/dist.py --tools                 also `local` and `admin`, for this machine
    python3 .ci/dist.py --check dist            check the sums and the contents of a folder
    python3 .ci/dist.py --merge A B             put folders of one version together
    python3 .ci/dist.py --processor x86_64 --run cargo lambda build …
                                                run a command in the environment of a build

Needs what `sam build` needs. The same commit, compiler and linker produce the same bytes in any folder.
docs/artifacts.md says what the files are.
"""

import argparse
import datetime
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
import zlib

import linked

ROOT = linked.ROOT
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
SUMS = "SHA256SUMS"
# Debian's compiler, which comes with the standard library of other processors: packages `rustc-web`, `cargo-web` and
# `libstd-rust-web-dev:arm64`.
DEBIAN = pathlib.Path("/usr")


class Refused(Exception):
    """An error that the caller must fix."""


def functions():
    """Returns the folders of the functions by their logical ids, from template.yaml."""
    text = (ROOT / "template.yaml").read_text()
    return dict(re.findall(r"^  (\w+Function):\n(?:    .*\n|\n)*?      CodeUri: ([\w-]+)/$", text, re.MULTILINE))


def version():
    """The version of the workspace and the commit: `0.1.0+4f2c9a1b07de`, with `-dirty` if the tree has changes. A clean
    tree with the tag `v0.1.0` is just `0.1.0`. `CHALLENGE_VERSION` replaces it where there is no Git."""
    if given := os.environ.get("CHALLENGE_VERSION"):
        return given
    own = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    dirty = "-dirty" if git("status", "--porcelain", "--untracked-files=normal") else ""
    if not dirty and f"v{own}" in git("tag", "--points-at", "HEAD").split():
        return own
    return f"{own}+{git('rev-parse', '--short=12', 'HEAD')}{dirty}"


def committed():
    """Returns the time of the commit, in the format of CycloneDX."""
    seconds = int(git("log", "-1", "--format=%ct"))
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def environment(processor):
    """Returns the environment in which cargo builds for `processor`, and the folder of the Rust toolchain."""
    environment = dict(os.environ)
    target = TARGETS[processor]
    if not has_target(rust := sysroot("rustc"), target):
        if not has_target(DEBIAN, target):
            raise Refused(
                f"Rust has no standard library for {target}: `rustup target add {target}`, or Debian's packages "
                "rustc-web, cargo-web and libstd-rust-web-dev:arm64 after `dpkg --add-architecture arm64`"
            )
        rust = DEBIAN
        folder = TARGET / "ci" / "debian-rust"
        folder.mkdir(parents=True, exist_ok=True)
        # cargo-lambda asks rustup for a target that is not rustup's, although Debian has it.
        for name, program in (("cargo", "/usr/bin/cargo"), ("rustc", "/usr/bin/rustc"), ("rustup", "/bin/true")):
            link = folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(program)
        environment["PATH"] = f"{folder}:{environment['PATH']}"
    cargo_home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")).resolve()
    # The last match takes precedence.
    mapped = {ROOT: "/source", TARGET: "/target", cargo_home: "/cargo"}
    # If its sources are installed, a toolchain uses their paths for the library that is compiled into the programs.
    if (sources := rust / "lib/rustlib/src/rust").is_dir():
        mapped[sources] = "/rust"
    if " " in "".join(map(str, mapped)):
        raise Refused("a folder has a space in its name, which the flags of cargo cannot contain")
    flags = [f"--remap-path-prefix={path}={name}" for path, name in mapped.items()]
    environment["RUSTFLAGS"] = " ".join([os.environ.get("RUSTFLAGS", ""), *flags]).strip()
    environment["CFLAGS"] = " ".join(f"-ffile-prefix-map={path}={name}" for path, name in mapped.items())
    environment["CARGO_TARGET_DIR"] = str(TARGET)
    environment["CHALLENGE_VERSION"] = version()
    environment.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    environment["SAM_CLI_TELEMETRY"] = "0"
    return environment, rust


def zig():
    """Returns the folder of cargo-lambda's zig: that of its package on PyPI, or that of the program."""
    found = [pathlib.Path(path).resolve().parent for name in ("cargo-lambda", "zig") if (path := shutil.which(name))]
    packages = [folder for each in found for folder in each.parent.glob("lib/python3*/site-packages/ziglang")]
    for folder in [*packages, *found]:
        if all((folder / name).is_file() for name in linked.ZIG):
            return folder
    raise Refused("zig's licences are not found: install cargo-lambda with pip, or zig with its own folder")


def sysroot(rustc):
    printed = subprocess.run([rustc, "--print", "sysroot"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(printed.stdout.strip())


def has_target(rust, target):
    return any((rust / "lib/rustlib" / target / "lib").glob("libstd-*.rlib"))


def built(processor):
    """Returns the output folder of `sam build` for `processor`."""
    return ROOT / ".aws-sam" / ("build" if processor == this_processor() else processor)


def this_processor():
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def build(processor):
    """Builds each function with `sam build`."""
    own, _ = environment(processor)
    command = ["sam", "build", "--parameter-overrides", f"Architecture={processor}"]
    if built(processor).name != "build":
        command += ["--build-dir", str(built(processor))]
    print(f"{' '.join(command)}, version {own['CHALLENGE_VERSION']}", flush=True)
    subprocess.run(command, cwd=ROOT, env=own, check=True)


def zipped(programs):
    """Returns a zip of `programs`, which are by name: sorted, with the earliest time of the format."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(programs):
            entry = zipfile.ZipInfo(name)
            # A Unix file that everyone may read and execute.
            entry.create_system, entry.external_attr = 3, 0o100755 << 16
            archive.writestr(entry, programs[name], zipfile.ZIP_DEFLATED, zlib.Z_BEST_COMPRESSION)
    return file.getvalue()


def pack(processor, folder):
    """Writes the built functions for `processor` to `folder`, each with its bill of materials and its licences."""
    _, rust = environment(processor)
    target, this = TARGETS[processor], version()
    rustc = subprocess.run([rust / "bin/rustc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    for id, package in functions().items():
        program = built(processor) / id / "bootstrap"
        if not program.is_file():
            raise Refused(f"{program.relative_to(ROOT)} is missing: it is not built")
        content = program.read_bytes()
        if this.encode() not in content:
            raise Refused(f"{program.relative_to(ROOT)} is not version {this}: build it again")
        name = f"{package}-{processor}"
        archive = zipped({"bootstrap": content})
        (folder / f"{name}.zip").write_bytes(archive)
        digest = hashlib.sha256(archive).hexdigest()
        (folder / f"{name}.cdx.json").write_text(
            linked.bill(package, target, this, (f"{name}.zip", digest), rustc, committed())
        )
        (folder / f"{name}.licenses.txt").write_text(linked.licences(package, target, rust, zig()))
    (folder / f"template-{processor}.yaml").write_text(template(processor))


def template(processor):
    """Returns template.yaml for `processor` only, with its zips as the code."""
    text = (ROOT / "template.yaml").read_text()
    for package in functions().values():
        text = replaced(text, f"      CodeUri: {package}/\n", f"      CodeUri: {package}-{processor}.zip\n")
    text = replaced(text, "    AllowedValues: [arm64, x86_64]\n    Default: arm64\n",
                    f"    AllowedValues: [{processor}]\n    Default: {processor}\n")
    return stamped(text)


def template_of_a_bucket():
    """Returns template.yaml for both processors, with zips in a bucket as the code."""
    text = (ROOT / "template.yaml").read_text()
    for package in functions().values():
        code = (
            "      CodeUri:\n"
            "        Bucket: !Ref ArtifactBucket\n"
            f"        Key: !Sub '${{ArtifactPrefix}}{package}-${{Architecture}}.zip'\n"
        )
        text = replaced(text, f"      CodeUri: {package}/\n", code)
    own = (
        "  ArtifactBucket:\n"
        "    Description: Bucket with the zips of the functions, in the region of the stack.\n"
        "    Type: String\n"
        "  ArtifactPrefix:\n"
        "    # Lambda gets other code only if the key changes.\n"
        "    Description: What stands before the names of the zips in the bucket. It should name the version.\n"
        "    Type: String\n"
        "    AllowedPattern: '([A-Za-z0-9/_.+=-]+/)?'\n"
        "    ConstraintDescription: must be empty or end with a slash, such as sign-in/0.1.0/\n"
        f"    Default: '{version()}/'\n"
    )
    text = replaced(text, "  Architecture:\n    Description: Processor", f"{own}  Architecture:\n    Description: Processor")
    return stamped(text)


def write_template_of_a_bucket(folder):
    (folder / "template-s3.yaml").write_text(template_of_a_bucket())


def stamped(text):
    """Adds the version and the source to a template."""
    text = replaced(text, f"    SemanticVersion: {own_version()}\n", f"    SemanticVersion: {version()}\n")
    return f"# Version {version()}. Made from template.yaml: see docs/artifacts.md.\n{text}"


def own_version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def replaced(text, before, after):
    if text.count(before) != 1:
        raise Refused(f"template.yaml should have this once: {before.strip()}")
    return text.replace(before, after)


def tools(folder):
    """Writes `cognito-loop`, which is `local`, and `admin` for this machine to `folder`. They need the glibc of this machine."""
    own, _ = environment(this_processor())
    command = ["cargo", "build", "--release", "--locked", "--package", "local", "--package", "admin"]
    subprocess.run(command, cwd=ROOT, env=own, check=True)
    programs = {name: (TARGET / "release" / name).read_bytes() for name in ("cognito-loop", "admin")}
    (folder / f"tools-{this_processor()}.zip").write_bytes(zipped(programs))


def write_sums(folder):
    sums = [f"{digest_of(file)}  {file.name}\n" for file in sorted(folder.iterdir()) if file.name != SUMS]
    (folder / SUMS).write_text("".join(sums))


def digest_of(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def check(folder):
    """Returns the errors in the files of `folder`, one line each."""
    sums = folder / SUMS
    if not sums.is_file():
        return [f"{folder} has no {SUMS}"]
    wrong = []
    expected = dict(reversed(line.split("  ", 1)) for line in sums.read_text().splitlines())
    there = {file.name for file in folder.iterdir()} - {SUMS}
    wrong += [f"{name} is missing" for name in sorted(expected.keys() - there)]
    wrong += [f"{name} is not in {SUMS}" for name in sorted(there - expected.keys())]
    for name in sorted(expected.keys() & there):
        if digest_of(folder / name) != expected[name]:
            wrong.append(f"{name} is not what {SUMS} says: it was altered or not copied whole")
    for bill in sorted(folder.glob("*.cdx.json")):
        described = json.loads(bill.read_text())["metadata"]["component"]
        (digest,) = [each["content"] for each in described["hashes"]]
        if digest != expected.get(described["bom-ref"]):
            wrong.append(f"{bill.name} describes another {described['bom-ref']}")
    for file in sorted(folder.glob("template-*.yaml")):
        for name in re.findall(r"CodeUri: (\S+\.zip)", file.read_text()):
            if name not in there:
                wrong.append(f"{file.name} names {name}, which is not there")
    return wrong


def merge(folders, output):
    """Copies the files of `folders`, which have the same version, to `output`."""
    for folder in folders:
        if wrong := check(folder):
            raise Refused("\n".join(wrong))
        for file in sorted(folder.iterdir()):
            there = output / file.name
            if file.name != SUMS and there.exists() and there.read_bytes() != file.read_bytes():
                raise Refused(f"{file.name} differs between the folders: they are of two versions")
            shutil.copyfile(file, there)
    write_sums(output)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--processor", choices=TARGETS, action="append", help="the only processor to build for")
    arguments.add_argument("--output", type=pathlib.Path, default=ROOT / "dist", help="the folder to write [dist]")
    arguments.add_argument("--tools", action="store_true", help="also `local` and `admin`, for this machine")
    arguments.add_argument("--no-build", action="store_true", help="pack what is built")
    arguments.add_argument("--check", type=pathlib.Path, metavar="FOLDER", help="check a folder and do nothing else")
    arguments.add_argument("--templates", type=pathlib.Path, metavar="FOLDER", help="write the templates alone")
    arguments.add_argument("--version", action="store_true", help="print the version of what would be built")
    arguments.add_argument("--merge", type=pathlib.Path, metavar="FOLDER", nargs="+", help="put folders together")
    arguments.add_argument("--run", metavar="COMMAND", nargs=argparse.REMAINDER, help="run a command as a build runs")
    given = arguments.parse_args()
    try:
        if given.run:
            (processor,) = given.processor or [this_processor()]
            subprocess.run(given.run, env=environment(processor)[0], check=True)
            return
        if given.check:
            if wrong := check(given.check):
                raise Refused("\n".join(wrong))
            print(f"{given.check} matches {SUMS}")
            return
        if given.version:
            print(version())
            return
        if given.templates:
            given.templates.mkdir(parents=True, exist_ok=True)
            for processor in TARGETS:
                (given.templates / f"template-{processor}.yaml").write_text(template(processor))
            write_template_of_a_bucket(given.templates)
            return
        shutil.rmtree(given.output, ignore_errors=True)
        given.output.mkdir(parents=True)
        if given.merge:
            merge(given.merge, given.output)
            return
        for processor in given.processor or TARGETS:
            if not given.no_build:
                build(processor)
            pack(processor, given.output)
        write_template_of_a_bucket(given.output)
        (given.output / "VERSION").write_text(f"{version()}\n")
        for name in ("README.md", "LICENSE-MIT", "LICENSE-APACHE"):
            shutil.copyfile(ROOT / name, given.output / name)
        if given.tools:
            tools(given.output)
        write_sums(given.output)
        print(f"{given.output}: version {version()}")
        for line in (given.output / SUMS).read_text().splitlines():
            print(line)
    except (Refused, linked.Missing) as refused:
        sys.exit(str(refused))
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{failed.cmd[0]} failed with code {failed.returncode}")


if __name__ == "__main__":
    main()
