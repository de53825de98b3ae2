//! The `VerifyAuthChallengeResponse` function with the standard challenge types.

use std::process::ExitCode;

use verify_auth_challenge::Verifiers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    verify_auth_challenge::run(Verifiers::standard()).await
}
