# Runs the checks that must pass before a change is merged.
check *steps:
    .ci/run {{ steps }}

# Runs a local Cognito with a sign-in page.
local *arguments:
    cargo run -p local -- {{ arguments }}

# Runs the same, and builds functions again when their sources change.
watch *arguments:
    cargo run -p local -- --watch {{ arguments }}

# Runs the lints.
lint:
    .ci/run clippy

# Formats the code.
fmt:
    cargo fmt --all

# Runs all tests, or those of cargo's arguments: `just test -p local watch`.
test *arguments="--workspace":
    cargo test --locked {{ arguments }}

# Fuzzes define, create, verify, the flow's parser and local's requests, each target for some seconds.
fuzz seconds="60":
    tests/fuzz/run {{ seconds }}

# Runs mutation tests: `just mutants --package admin`. Needs cargo-mutants.
mutants *arguments:
    # The crates' own tests run first. Then tests of the functions and `admin` run for the mutants that those miss.
    -cargo mutants --output target/mutants --cargo-arg=--tests {{ arguments }}
    cargo mutants --output target/mutants --iterate --test-package loop-tests {{ arguments }} -- --test agreement \
        --test captcha --test counting --test fixtures --test local --test log --test messages --test rotation \
        --test rules --test sent --test siteverify --test start

# Writes the expected responses of the fixtures. Check the difference before you commit it.
bless:
    BLESS=1 cargo test --workspace

# Builds the functions for deployment. On x86_64: `just build --parameter-overrides Architecture=x86_64`.
build *arguments:
    sam build {{ arguments }}

# Measures the speed of sign-ins from many connections. Needs Node.js.
load *arguments:
    tests/load/run {{ arguments }}
