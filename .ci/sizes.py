"""Checks the functions' zips, as they are uploaded, against what each may have. `sam build` must have been run."""

import io
import pathlib
import sys
import zipfile

# Bytes. A cold start reads every one of them.
BUDGET = {
    "DefineAuthChallengeFunction": 800_000,
    # With a client of DynamoDB, which counts wrong answers; 900,000 without.
    "VerifyAuthChallengeFunction": 2_300_000,
    # With all types: clients of S3, SES, SNS and DynamoDB.
    "CreateAuthChallengeFunction": 3_700_000,
    "PreTokenGenerationFunction": 800_000,
}

built = pathlib.Path(".aws-sam", "build")
if not built.exists():
    sys.exit("nothing is built: run `sam build` first")
failed = False
print("| | program | zip | budget |\n|---|--:|--:|--:|")
for name, most in BUDGET.items():
    program = (built / name / "bootstrap").read_bytes()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # Without a time, so that the same program always has the same zip.
        archive.writestr(zipfile.ZipInfo("bootstrap"), program, zipfile.ZIP_DEFLATED, 9)
    size = file.getbuffer().nbytes
    failed |= size > most
    print(f"| {name} | {len(program):,} | {size:,} | {most:,} |{' too big' if size > most else ''}")
sys.exit(failed)
