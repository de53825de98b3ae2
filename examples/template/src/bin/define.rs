//! Decides what comes next. It knows no challenge types.
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    define_auth_challenge::run().await
}
