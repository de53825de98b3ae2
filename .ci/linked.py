"""The packages that Cargo links into a program: as a bill of materials in the format of CycloneDX, and as licence texts.

Deterministic: the same lock file, the same packages and the same program produce the same bytes.
"""

import functools
import html.parser
import json
import pathlib
import re
import subprocess
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A serial number must be a UUID, and always the same for the same program.
NAMESPACE = uuid.UUID("5f1a4b0e-3c5d-5b7e-9d43-6c1d0a6f2b10")
LICENCE_FILE = re.compile(r"(?i)^(licen[sc]e|copying|notice|unlicense|copyright)|\.OFL\.txt$")
# The licences of the files that zig links into a program with glibc, in its folder.
ZIG = ["LICENSE", "lib/libunwind/LICENSE.TXT", "lib/libc/glibc/LICENSES"]


class Missing(Exception):
    """A package without a known licence text."""


def packages(package, target):
    """Returns the packages that are linked into the program of `package` for `target`, itself first, and for each the names and
    versions of those that it needs: `[(cargo's package, [(name, version)])]`.

    Without build scripts, macros and packages that only tests need.
    """
    printed = cargo(
        "tree", "--package", package, "--edges", "normal,no-proc-macro", "--target", target, "--prefix", "depth",
        "--format", " {p}", "--locked", "--no-dedupe",
    )
    known = {(each["name"], each["version"]): each for each in metadata()["packages"]}
    needs, way = {}, []
    for line in printed.splitlines():
        depth, name, version = re.match(r"(\d+) (\S+) v(\S+)", line).groups()
        del way[int(depth) :]
        way.append((name, version))
        needs.setdefault(way[-1], set())
        if len(way) > 1:
            needs[way[-2]].add(way[-1])
    first, *others = needs
    return [(known[each], sorted(needs[each])) for each in [first, *sorted(others)]]


def bill(package, target, version, program, toolchain, time):
    """Returns a bill of materials (CycloneDX 1.6) of the program of `package` as text.

    `program` is the name and the SHA-256 of its zip, `toolchain` is the compiler, and `time` is the time of the commit.
    """
    (own, needs), *others = packages(package, target)
    name, digest = program
    checksums = locked()
    this = component(own, "application", checksums) | {
        "bom-ref": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": digest}],
        # A package of this workspace is not on crates.io.
        "purl": f"pkg:generic/{package}@{version}",
    }
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, f'{name} {digest}')}",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "component": this,
            "properties": [{"name": "rustc", "value": toolchain}, {"name": "target", "value": target}],
        },
        "components": [component(each, "library", checksums) for each, _ in others],
        "dependencies": [
            {"ref": name, "dependsOn": [reference(*each) for each in needs]},
            *(
                {"ref": reference(each["name"], each["version"]), "dependsOn": [reference(*one) for one in its]}
                for each, its in others
            ),
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def component(package, kind, checksums):
    """Returns a package of cargo in the format of CycloneDX."""
    name, version = package["name"], package["version"]
    described = {
        "type": kind,
        "bom-ref": reference(name, version),
        "name": name,
        "version": version,
        "licenses": [{"expression": expression(package)}],
        "purl": reference(name, version),
    }
    if checksum := checksums.get((name, version)):
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        described["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return described


def licences(package, target, rust, zig=None):
    """Returns the licence texts of all that is linked into the program of `package`, each once, with its packages.

    `rust` is the toolchain's folder: the standard library is linked too. So are the start of the program and the unwinder
    of `zig`, if it links.

    Raises `Missing` for a package that has no text and no licence whose text is known here.
    """
    given = {}
    listed = ["Rust standard library (MIT OR Apache-2.0, and those of the packages in it)"]
    for content in standard_library(rust):
        given.setdefault(content, []).append("Rust standard library")
    for name in ZIG if zig else ():
        given.setdefault((zig / name).read_text(errors="replace").strip(), []).append("the libraries of zig")
    if zig:
        listed.append("what zig links: compiler-rt, libunwind and the start of glibc programs")
    for each, _ in packages(package, target):
        name = f"{each['name']} {each['version']}"
        listed.append(f"{name} ({expression(each)})")
        for content in texts(each):
            given.setdefault(content, []).append(name)
    parts = [f"What is linked into {package} for {target}, and the licence texts of it:", "\n".join(listed)]
    for content, names in given.items():
        parts.append(f"{'=' * 80}\n{', '.join(names)}\n{'=' * 80}\n\n{content}")
    return "\n\n".join(parts) + "\n"


def expression(package):
    """Returns the licence of a package as an SPDX expression. A few old packages write a slash for OR."""
    return (package["license"] or "NOASSERTION").replace("/", " OR ")


def texts(package):
    """Returns the licence files of a package, or else the text of the licence that it names."""
    folder = pathlib.Path(package["manifest_path"]).parent
    ours = ROOT in folder.parents
    # Fonts have their own licences, beside them.
    files = folder.rglob("*") if ours else folder.iterdir()
    found = sorted(file for file in files if file.is_file() and LICENCE_FILE.search(file.name))
    if found:
        return [file.read_text(errors="replace").strip() for file in found]
    without = "The package has no licence file. This is the licence that it names.\n\n"
    named = re.findall(r"[A-Za-z0-9.-]+", expression(package))
    if "Apache-2.0" in named:
        return [without + apache()]
    if "MIT" in named:
        holders = ", ".join(package["authors"]) or f"the authors of {package['name']}"
        own = (ROOT / "LICENSE-MIT").read_text()
        return [f"{without}Copyright (c) {holders}\n\n{own[own.index('Permission is') :].strip()}"]
    raise Missing(f"{package['name']} {package['version']} ({expression(package)}) has no licence file")


def standard_library(rust):
    """Returns the notices of a toolchain: rustup's or Debian's, or else only the licence."""
    page = rust / "share/doc/rust/COPYRIGHT-library.html"
    if page.is_file():
        reader = Reader()
        reader.feed(page.read_text())
        return [re.sub(r"\n\s*\n+", "\n\n", "".join(reader.read)).strip()]
    debian = sorted((rust / "share/doc").glob("libstd-rust*-dev/copyright"))
    if debian:
        return [debian[0].read_text(errors="replace").strip()]
    return ["Copyright (c) The Rust Project Contributors\n\n" + apache()]


class Reader(html.parser.HTMLParser):
    """Collects the text of a page."""

    def __init__(self):
        super().__init__()
        self.read, self.hidden = [], 0

    def handle_starttag(self, tag, _):
        self.hidden += tag in ("style", "script")
        self.read.append("\n" if tag in ("p", "h1", "h2", "h3", "h4", "li", "pre", "summary") else "")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "script")

    def handle_data(self, data):
        if not self.hidden:
            self.read.append(data)


def apache():
    return (ROOT / "LICENSE-APACHE").read_text().strip()


def reference(name, version):
    return f"pkg:cargo/{name}@{version}"


@functools.cache
def locked():
    """Returns the checksums of Cargo.lock, by name and version."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(each["name"], each["version"]): each["checksum"] for each in lock["package"] if "checksum" in each}


@functools.cache
def metadata():
    return json.loads(cargo("metadata", "--format-version", "1", "--locked"))


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
