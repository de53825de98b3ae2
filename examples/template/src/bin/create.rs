//! The create function: asks the challenges.
use create_auth_challenge::Issuers;
use {{ project_name | replace: "-", "_" }}::{{ challenge_name }};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    create_auth_challenge::run(Issuers::standard().with({{ challenge_name }}::NAME, {{ challenge_name }}::issuer)).await
}
