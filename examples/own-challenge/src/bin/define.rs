//! The define function: decides the next challenge. It needs no list of challenge types.
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    define_auth_challenge::run().await
}
