//! A create function with one challenge type. It links neither the picture renderer nor an AWS SDK.

use std::process::ExitCode;

use create_auth_challenge::{Issuers, proof_of_work};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    create_auth_challenge::run(Issuers::none().with(proof_of_work::NAME, proof_of_work::configure)).await
}
