//! The function that denies tokens without a completed sign-in.
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    pre_token_generation::run().await
}
