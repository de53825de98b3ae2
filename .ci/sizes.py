"""Checks the functions' zips, as they are uploaded, against what each may have. A release build must be there."""

import io
import os
import pathlib
import sys
import zipfile

# Bytes. A cold start reads every one of them. Of create's, 0.2 MB are the spoken digits, which do not compress; without
# them 3.2 MB would do.
BUDGET = {
    "define-auth-challenge": 800_000,
    "verify-auth-challenge": 900_000,
    "create-auth-challenge": 3_450_000,
}

release = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"), "release")
failed = False
print("| | program | zip | budget |\n|---|--:|--:|--:|")
for name, most in BUDGET.items():
    program = (release / name).read_bytes()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # Without a time, so that the same program always has the same zip.
        archive.writestr(zipfile.ZipInfo("bootstrap"), program, zipfile.ZIP_DEFLATED, 9)
    size = file.getbuffer().nbytes
    failed |= size > most
    print(f"| {name} | {len(program):,} | {size:,} | {most:,} |{' too big' if size > most else ''}")
sys.exit(failed)
