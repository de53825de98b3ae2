//! The create function: asks the challenges.
use create_auth_challenge::Issuers;
use own_challenge::pager_code;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    create_auth_challenge::run(Issuers::standard().with(pager_code::NAME, pager_code::issuer)).await
}
