//! The `DefineAuthChallenge` function.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    define_auth_challenge::run().await
}
