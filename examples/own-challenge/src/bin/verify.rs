//! The verify function: checks the answers.
use own_challenge::pager_code;
use verify_auth_challenge::Verifiers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    verify_auth_challenge::run(Verifiers::standard().with(pager_code::NAME, pager_code::verifier)).await
}
