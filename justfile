# Everything that must hold before a change goes in.
check *steps:
    .ci/run {{ steps }}

# A local Cognito with a sign-in page.
local *arguments:
    cargo run -p local -- {{ arguments }}

# The same, and functions are built again when their sources change.
watch *arguments:
    cargo run -p local -- --watch {{ arguments }}

# The lints, of everything.
lint:
    .ci/run clippy

# Formats the code.
fmt:
    cargo fmt --all

# The tests, of everything or as cargo is told: `just test -p local watch`.
test *arguments="--workspace":
    cargo test --locked {{ arguments }}

# Fuzzes define, create, verify, the flow's parser and local's requests, each target for some seconds.
fuzz seconds="60":
    tests/fuzz/run {{ seconds }}

# Changes the code bit by bit, to see whether a test notices: `just mutants --package admin`. Needs cargo-mutants.
mutants *arguments:
    # With the crates' own tests first, then what those miss with tests that run the functions and `admin`.
    -cargo mutants --output target/mutants --cargo-arg=--tests {{ arguments }}
    cargo mutants --output target/mutants --iterate --test-package loop-tests {{ arguments }} -- --test agreement \
        --test captcha --test counting --test fixtures --test local --test log --test messages --test rotation \
        --test rules --test sent --test siteverify --test start

# Writes the expectations of the fixtures anew: look at the difference before committing it.
bless:
    BLESS=1 cargo test --workspace

# The functions as they are deployed: `just build --parameter-overrides Architecture=x86_64` where that is the machine's.
build *arguments:
    sam build {{ arguments }}

# Sign-ins from many connections, and how fast they are. Needs Node.js.
load *arguments:
    tests/load/run {{ arguments }}
