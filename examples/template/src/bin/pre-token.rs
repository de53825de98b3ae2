//! Refuses tokens that would come without the challenges.
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    pre_token_generation::run().await
}
