//! Decides the next challenge of a sign-in: the `DefineAuthChallenge` trigger of an Amazon Cognito user pool.
//!
//! [`run`] is the whole function, for every challenge type. [`handle`] answers one event.

use std::process::ExitCode;

use cognito_challenge::event::{DefineAuthChallenge, DefineResponse, Entry, Event, EventError, entries};
use cognito_challenge::flow::{CUSTOM_CHALLENGE, Decision, Flow, PASSWORD_VERIFIER, SRP_A};
use cognito_challenge::user::Existence;
use cognito_challenge_runtime::{self as runtime, ConfigError, Environment};
use serde_json::Value;
use tracing::info;

/// Runs the function until Lambda ends the process.
///
/// It reads `AUTH_FLOW`. If the flow is missing or malformed, the process ends at once with a message on standard
/// error.
pub async fn run() -> ExitCode {
    let environment = Environment::of_process();
    match runtime::start(&environment, configure(&environment), |_| Vec::new()) {
        Ok(flow) => runtime::run(&environment, move |event| std::future::ready(handle(event, &flow))).await,
        Err(code) => code,
    }
}

/// Reads the flow from `AUTH_FLOW`. It accepts any challenge name, because this function serves every challenge type.
///
/// # Errors
///
/// Returns an error if the flow is missing or malformed.
pub fn configure(environment: &Environment) -> Result<Flow, ConfigError> {
    environment.required("AUTH_FLOW", Flow::parse)
}

/// Answers a `DefineAuthChallenge` event with the decision of `flow`.
///
/// ```
/// use cognito_challenge::flow::Flow;
/// use serde_json::json;
///
/// let flow = Flow::parse("CAPTCHA:3").unwrap();
/// let event = json!({"request": {"userAttributes": {"sub": "1"}, "session": []}, "response": {}});
/// let answered = define_auth_challenge::handle(event, &flow).unwrap();
/// assert_eq!(answered["response"]["challengeName"], "CUSTOM_CHALLENGE");
/// assert_eq!(answered["response"]["issueTokens"], false);
/// ```
///
/// # Errors
///
/// Returns an error if `event` is not such an event.
pub fn handle(event: Value, flow: &Flow) -> Result<Value, EventError> {
    let event = Event::<DefineAuthChallenge>::parse(event)?;
    let request = event.request();
    let session = entries(&request.session);
    let started = matches!(session.as_slice(), [] | [Entry { challenge: SRP_A, .. }]);
    let started = started.then_some(1);
    let response = match flow.decide(&session, Existence::from_not_found(request.user_not_found)) {
        Decision::Ask(ask) => {
            info!(
                SignInsStarted = started,
                decision = "ask",
                challenge = ask.first.as_str(),
                step = ask.step,
                attempt = ask.attempt(),
                "the next challenge is asked"
            );
            DefineResponse::ask(CUSTOM_CHALLENGE)
        }
        Decision::Deny(denial) => {
            info!(
                SignInsStarted = started,
                Denied = 1,
                decision = "deny",
                reason = ?denial,
                "the sign-in ends without tokens"
            );
            DefineResponse::denied()
        }
        Decision::IssueTokens(proof) => {
            info!(
                SignInsPassed = 1,
                decision = "issueTokens",
                "the sign-in ends with tokens"
            );
            DefineResponse::tokens(proof)
        }
        Decision::VerifyPassword => {
            info!(
                SignInsStarted = started,
                decision = "verifyPassword",
                step = 1,
                "Cognito verifies the password"
            );
            DefineResponse::ask(PASSWORD_VERIFIER)
        }
    };
    event.respond(&response)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_event_is_returned_with_the_decision_and_otherwise_unchanged() {
        let flow = configure(&Environment::new([("AUTH_FLOW", "CAPTCHA:3")])).unwrap();
        let mut event = json!({
            "version": "1",
            "request": {"userAttributes": {"sub": "s"}, "session": [], "userNotFound": false},
            "response": {"challengeName": null, "issueTokens": null, "failAuthentication": null},
        });
        let answered = handle(event.clone(), &flow).unwrap();
        event["response"] =
            json!({"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false});
        assert_eq!(answered, event);
    }

    #[test]
    fn an_invalid_flow_stops_the_function() {
        for flow in ["", "captcha:3", "CAPTCHA:0"] {
            assert!(configure(&Environment::new([("AUTH_FLOW", flow)])).is_err(), "{flow}");
        }
    }
}
