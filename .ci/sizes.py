"""Checks the sizes of the functions' zips against their limits. `.ci/run build` builds the programs.
`sizes.py FOLDER` checks those that `sam build --build-dir FOLDER` has built.
"""

import io
import os
import pathlib
import sys
import zipfile

BUILT = pathlib.Path(sys.argv[1]) if sys.argv[1:] else pathlib.Path(".aws-sam", "build")
EXAMPLES = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"), "lambda")

# In bytes. A cold start reads all of them.
BUDGET = {
    BUILT / "DefineAuthChallengeFunction": 600_000,
    # With a client of DynamoDB, which counts wrong answers. Without it, 900,000 bytes.
    BUILT / "VerifyAuthChallengeFunction": 2_300_000,
    # With all types: clients of S3, SES, SNS and DynamoDB.
    BUILT / "CreateAuthChallengeFunction": 3_700_000,
    BUILT / "PreTokenGenerationFunction": 600_000,
    # With clients of Cognito, SES and DynamoDB. 2,500,000 is the goal.
    BUILT / "EnrolmentFunction": 2_650_000,
    # A create with one type, without AWS clients and without a renderer.
    EXAMPLES / "proof-of-work-only": 1_000_000,
}
if sys.argv[1:]:
    # SAM builds no examples.
    BUDGET = {folder: most for folder, most in BUDGET.items() if folder.parent == BUILT}

failed = False
print("| | program | zip | budget |\n|---|--:|--:|--:|")
for folder, most in BUDGET.items():
    path = folder / "bootstrap"
    if not path.exists():
        sys.exit(f"{path} is missing: run `.ci/run build` first")
    program = path.read_bytes()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # Without a time, so that the zip of a program is always the same.
        archive.writestr(zipfile.ZipInfo("bootstrap"), program, zipfile.ZIP_DEFLATED, 9)
    size = file.getbuffer().nbytes
    failed |= size > most
    print(f"| {folder.name} | {len(program):,} | {size:,} | {most:,} |{' too big' if size > most else ''}")
sys.exit(failed)
