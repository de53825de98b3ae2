# Everything that must hold before a change goes in.
check *steps:
    .ci/run {{ steps }}

# A local Cognito with a sign-in page.
local *arguments:
    cargo run -p local -- {{ arguments }}

# Formats the code.
fmt:
    cargo fmt --all

# The tests.
test:
    .ci/run test

# Writes the expectations of the fixtures anew: look at the difference before committing it.
bless:
    BLESS=1 cargo test --workspace

# The functions as they are deployed.
build:
    sam build
