//! The `CreateAuthChallenge` function with the standard challenge types.

use std::process::ExitCode;

use create_auth_challenge::Issuers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    create_auth_challenge::run(Issuers::standard()).await
}
