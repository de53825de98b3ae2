//! Decides what a sign-in is asked next: the `DefineAuthChallenge` trigger of an Amazon Cognito user pool.

use serde_json::Value;
use shared::challenges::Registry;
use shared::event::{DefineAuthChallenge, DefineResponse, Event, EventError, attempts};
use shared::flow::{CUSTOM_CHALLENGE, Decision, Flow, PASSWORD_VERIFIER, User};
use shared::lambda::{ConfigError, Environment};
use tracing::info;

/// Reads the flow from `AUTH_FLOW`.
///
/// # Errors
///
/// A flow that is missing or cannot be.
pub fn configure(environment: &Environment) -> Result<Flow, ConfigError> {
    environment.required("AUTH_FLOW", |flow| Flow::parse(flow, &Registry::standard()))
}

/// Answers a `DefineAuthChallenge` event with what `flow` decides.
///
/// # Errors
///
/// What is not such an event.
pub fn handle(event: Value, flow: &Flow) -> Result<Value, EventError> {
    let event = Event::<DefineAuthChallenge>::parse(event)?;
    let request = event.request();
    let session = attempts(&request.session);
    let entries = session.len();
    let response = match flow.decide(&session, User::from_not_found(request.user_not_found)) {
        Decision::Ask(ask) => {
            info!(
                session.entries = entries,
                challenge = ask.first.as_str(),
                step = ask.step,
                "asked"
            );
            DefineResponse::ask(CUSTOM_CHALLENGE)
        }
        Decision::Deny(denial) => {
            info!(session.entries = entries, reason = ?denial, "denied");
            DefineResponse::denied()
        }
        Decision::IssueTokens(proof) => {
            info!(session.entries = entries, "issued tokens");
            DefineResponse::tokens(proof)
        }
        Decision::VerifyPassword => {
            info!(session.entries = entries, "asked Cognito to verify the password");
            DefineResponse::ask(PASSWORD_VERIFIER)
        }
    };
    event.respond(&response)
}
