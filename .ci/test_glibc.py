"""Tests glibc.py with generated programs, and with Python itself."""

import contextlib
import io
import pathlib
import platform
import struct
import sys
import tempfile
import unittest

import glibc


def program(symbols):
    """Creates an ELF file with only `symbols`: pairs of a name and a version of libc.so.6, or no version."""
    names = bytearray(b"\0")

    def name(text):
        names.extend(text.encode() + b"\0")
        return len(names) - len(text) - 1

    versions = sorted({version for _, version in symbols if version})
    numbers = {version: index + 2 for index, version in enumerate(versions)}
    # One library. Its versions follow directly, with 16 bytes each.
    needed = struct.pack("<HHIII", 1, len(versions), name("libc.so.6"), 16, 0)
    for version in versions:
        following = 0 if version == versions[-1] else 16
        needed += struct.pack("<IHHII", 0, 0, numbers[version], name(version), following)
    # The symbol 0 is empty. Version 1 means no version.
    dynamic, of_symbols = bytes(24), struct.pack("<H", 0)
    for symbol, version in symbols:
        dynamic += struct.pack("<IBBHQQ", name(symbol), 0x12, 0, 0, 0, 0)
        of_symbols += struct.pack("<H", numbers.get(version, 1))
    contents = [
        (glibc.DYNAMIC_SYMBOLS, dynamic, 0),
        (3, bytes(names), 0),
        (glibc.SYMBOL_VERSIONS, of_symbols, 0),
        (glibc.NEEDED_VERSIONS, needed, 1 if versions else 0),
    ]
    body, table, at = b"", bytes(64), 64
    for kind, content, entries in contents:
        # Section 2 has the names.
        table += struct.pack("<IIQQQQIIQQ", 0, kind, 2, 0, at, len(content), 2, entries, 1, 24)
        body += content
        at += len(content)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, at, 0, 64, 0, 0, 64, len(contents) + 1, 0)
    return header + body + table


def printed(*programs):
    """Returns whether all of `programs` may run on Lambda, and the printed text."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as output:
        files = []
        for index, content in enumerate(programs):
            file = pathlib.Path(folder, str(index))
            file.write_bytes(content)
            files.append((str(index), file))
        return glibc.check(files), output.getvalue()


class Glibc(unittest.TestCase):
    def test_what_lambda_has_passes(self):
        good, text = printed(program([("read", "GLIBC_2.2.5"), ("stat", "GLIBC_2.33"), ("dlsym", "GLIBC_2.34")]))
        self.assertTrue(good)
        self.assertIn("| 0 | 2.34 | 2.34 |\n", text)

    def test_a_newer_symbol_fails_and_is_named(self):
        old = program([("read", "GLIBC_2.2.5")])
        new = program([("read", "GLIBC_2.2.5"), ("hypotf", "GLIBC_2.35"), ("main", None)])
        good, text = printed(new, old)
        self.assertFalse(good)
        self.assertIn("| 0 | 2.35 | 2.34 | too new: hypotf (2.35)\n| 1 | 2.2.5 | 2.34 |\n", text)

    def test_versions_are_compared_as_numbers(self):
        self.assertLess(glibc.glibc("GLIBC_2.4"), glibc.LAMBDA)
        self.assertGreater(glibc.glibc("GLIBC_2.100"), glibc.LAMBDA)
        self.assertGreater(glibc.glibc("GLIBC_2.34.1"), glibc.LAMBDA)

    def test_versions_of_other_libraries_do_not_count(self):
        self.assertEqual(glibc.needs(program([("_Unwind_Resume", "GCC_99.0"), ("main", None)])), {})

    def test_what_cannot_be_judged_fails(self):
        for bad in [b"", b"#!/bin/sh\n", program([("main", "GLIBC_ABI_DT_RELR")]), program([])[:64].ljust(200, b"\0")]:
            good, text = printed(bad)
            self.assertFalse(good, text)

    @unittest.skipUnless(platform.libc_ver()[0] == "glibc", "Python does not use glibc here")
    def test_a_linked_program_is_read(self):
        symbols = glibc.needs(pathlib.Path(sys.executable).resolve().read_bytes())
        self.assertIn("__libc_start_main", [name for names in symbols.values() for name in names])


if __name__ == "__main__":
    unittest.main()
