"""Prints the newest version of glibc that each built function needs, and fails if one needs a newer version than Lambda's
`provided.al2023` has. `sam build` must have been run. `glibc.py FILE…` checks other programs.
"""

import pathlib
import struct
import sys

# The version of Amazon Linux 2023.
LAMBDA = (2, 34)

DYNAMIC_SYMBOLS = 11
NEEDED_VERSIONS = 0x6FFFFFFE
SYMBOL_VERSIONS = 0x6FFFFFFF


class Unreadable(Exception):
    """An error in a file."""


def needs(program):
    """Returns the versions of glibc that `program` needs, each with its symbols: `{(2, 35): ["hypotf"]}`.

    Reads the dynamic symbols and their versions (`objdump -T` prints them too) of an ELF file with 64 bits.
    """
    if program[:6] != b"\x7fELF\x02\x01":
        raise Unreadable("not a little-endian ELF file with 64 bits")
    (start,) = struct.unpack_from("<Q", program, 0x28)
    size, count = struct.unpack_from("<HH", program, 0x3A)
    # Name, type, flags, address, offset, size, link, information, alignment, size of an entry.
    sections = [struct.unpack_from("<IIQQQQIIQQ", program, start + size * index) for index in range(count)]
    found = {section[1]: section for section in sections}
    if DYNAMIC_SYMBOLS not in found:
        raise Unreadable("no dynamic symbols: a static program, or one without section headers")

    def text(section, offset):
        begin = sections[section[6]][4] + offset
        return program[begin : program.index(b"\0", begin)].decode()

    # Versions of the symbols by their number in the table of versions.
    versions = {}
    needed = found.get(NEEDED_VERSIONS)
    file_at = needed[4] if needed else 0
    for _ in range(needed[7] if needed else 0):
        _, count, _, first, next_file = struct.unpack_from("<HHIII", program, file_at)
        version_at = file_at + first
        for _ in range(count):
            _, _, number, name, next_version = struct.unpack_from("<IHHII", program, version_at)
            if (version := glibc(text(needed, name))) is not None:
                versions[number] = version
            version_at += next_version
        file_at += next_file

    symbols = {version: [] for version in versions.values()}
    dynamic, numbers = found[DYNAMIC_SYMBOLS], found.get(SYMBOL_VERSIONS)
    for index in range(dynamic[5] // 24 if numbers else 0):
        (number,) = struct.unpack_from("<H", program, numbers[4] + 2 * index)
        # The highest bit marks a version that is not the default of its symbol.
        if (number := number & 0x7FFF) in versions:
            (name,) = struct.unpack_from("<I", program, dynamic[4] + 24 * index)
            symbols[versions[number]].append(text(dynamic, name))
    return symbols


def glibc(name):
    """Returns `(2, 35)` for `GLIBC_2.35`, and `None` for the version of another library."""
    if not name.startswith("GLIBC_"):
        return None
    numbers = name.removeprefix("GLIBC_").split(".")
    if not all(number.isdecimal() for number in numbers):
        # GLIBC_ABI_DT_RELR, say, which came with 2.36. What glibc 2.34 has is numbered.
        raise Unreadable(f"{name} is not a version that Lambda's glibc has")
    return tuple(map(int, numbers))


def check(files):
    """Prints the version that each of `files` needs, by name. Returns whether all of them run on Lambda."""
    good = True
    print("| | newest glibc needed | Lambda's |\n|---|--:|--:|")
    for program, file in files:
        try:
            symbols = needs(file.read_bytes())
        except (Unreadable, struct.error, ValueError) as error:
            good = False
            reason = error if isinstance(error, Unreadable) else "a damaged file"
            print(f"| {program} | {reason} | {dotted(LAMBDA)} | unreadable")
            continue
        newest = dotted(max(symbols)) if symbols else "none"
        missing = [(name, version) for version, names in symbols.items() if version > LAMBDA for name in names]
        bad = any(version > LAMBDA for version in symbols)
        good &= not bad
        note = " too new: " + ", ".join(f"{name} ({dotted(version)})" for name, version in sorted(missing)) if bad else ""
        print(f"| {program} | {newest} | {dotted(LAMBDA)} |{note}")
    return good


def dotted(version):
    return ".".join(map(str, version))


def main(arguments):
    if arguments:
        files = [(file, pathlib.Path(file)) for file in arguments]
    else:
        files = [(file.parent.name, file) for file in sorted(pathlib.Path(".aws-sam", "build").glob("*/bootstrap"))]
    if not files:
        sys.exit("nothing is built: run `sam build` first")
    if not check(files):
        sys.exit("a program does not run on Lambda: build with `sam build`, which links with zig for an older glibc")


if __name__ == "__main__":
    main(sys.argv[1:])
