//! The verify function: checks the answers.
use {{ project_name | replace: "-", "_" }}::{{ challenge_name }};
use verify_auth_challenge::Verifiers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    verify_auth_challenge::run(Verifiers::standard().with({{ challenge_name }}::NAME, {{ challenge_name }}::verifier)).await
}
