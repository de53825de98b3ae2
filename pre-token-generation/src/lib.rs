//! Lets no tokens out but those that the challenges led to: the `PreTokenGeneration` trigger of an Amazon Cognito user
//! pool.
//!
//! Cognito has ways to tokens on which it never asks define what comes next. A user who answers `NEW_PASSWORD_REQUIRED`
//! gets tokens at once, also in the middle of a custom sign-in. This is the last function that Cognito calls on each of
//! these ways, and an error is all that stops it.

use std::process::ExitCode;

use cognito_challenge::event::{Event, EventError, PreTokenGeneration};
use cognito_challenge_runtime::{self as runtime, Environment};
use serde_json::Value;
use tracing::info;

/// What tokens may be for: the end of a sign-in that define has let through, and a refresh of its tokens. Everything
/// else is refused, whatever Cognito may add.
///
/// A sign-in by another flow has the first of these names too: that the app client allows no other flow is what keeps
/// such a sign-in from starting.
const ALLOWED: [&str; 2] = ["TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"];

/// Runs the function until Lambda ends the process.
pub async fn run() -> ExitCode {
    let environment = Environment::of_process();
    match runtime::start(&environment, Ok(()), |()| Vec::new()) {
        Ok(()) => runtime::run(&environment, |event| std::future::ready(handle(event))).await,
        Err(code) => code,
    }
}

/// Gives a `PreTokenGeneration` event back as it came, which changes nothing in the tokens.
///
/// # Errors
///
/// What is not such an event, and one that leads to tokens without our challenges.
pub fn handle(event: Value) -> Result<Value, Refusal> {
    let event = Event::<PreTokenGeneration>::parse(event)?;
    let way = event.trigger_source();
    if !ALLOWED.contains(&way.as_str()) {
        info!(TokensRefused = 1, reason = "ChallengesSkipped");
        return Err(Refusal::Unasked { way });
    }
    info!(decision = "issueTokens", "the tokens go out as they are");
    Ok(event.unchanged())
}

/// Why there are no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The event is not one of this trigger.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The sign-in went past our challenges. After `NEW_PASSWORD_REQUIRED` the new password is set all the same, so that
    /// the user can sign in with it.
    #[error(
        "refused tokens for `{way}`, which would come without the challenges (let out: {})",
        ALLOWED.join(", ")
    )]
    Unasked {
        /// The event's `triggerSource`, `""` where it has none.
        way: String,
    },
}

#[cfg(test)]
mod tests {
    use cognito_challenge_runtime::log::record;
    use serde_json::json;

    use super::*;

    fn event(source: &Value) -> Value {
        json!({"version": "1", "triggerSource": source, "request": {"userAttributes": {"email": "hunter2"}},
            "response": {"claimsOverrideDetails": null}, "zeta": [1]})
    }

    #[test]
    fn tokens_of_a_finished_sign_in_and_of_a_refresh_are_let_out_unchanged() {
        for source in ALLOWED {
            let event = event(&json!(source));
            assert_eq!(handle(event.clone()).unwrap().to_string(), event.to_string());
        }
    }

    #[test]
    fn every_other_way_to_tokens_is_refused_by_name() {
        for source in [
            "TokenGeneration_NewPasswordChallenge",
            "TokenGeneration_AuthenticateDevice",
            "TokenGeneration_HostedAuth",
            "TokenGeneration_ClientCredentials",
            "TokenGeneration_SomethingNew",
            "TokenGeneration",
            "TokenGeneration_",
            "TokenGeneration_authentication",
            "TokenGeneration_Authentication_Twice",
        ] {
            let refusal = handle(event(&json!(source))).unwrap_err().to_string();
            assert!(refusal.contains(&format!("`{source}`")), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn the_log_counts_refusals_and_nothing_else() {
        for (source, refused) in [
            ("TokenGeneration_Authentication", json!(null)),
            ("TokenGeneration_RefreshTokens", json!(null)),
            ("TokenGeneration_NewPasswordChallenge", json!(1)),
            ("TokenGeneration_SomethingNew", json!(1)),
            ("PreSignUp_SignUp", json!(null)),
        ] {
            let (_, lines) = record(&[], || handle(event(&json!(source))));
            let line: Value = serde_json::from_str(&lines.concat()).unwrap();
            assert_eq!(line["TokensRefused"], refused, "{source}");
            assert_eq!(line["reason"] == "ChallengesSkipped", refused == 1, "{source}");
            assert!(!line.to_string().contains("hunter2"), "{source}");
        }
    }

    #[test]
    fn an_event_that_names_no_way_is_refused() {
        for source in [json!(null), json!(1), json!(""), json!("PreSignUp_SignUp")] {
            assert!(handle(event(&source)).is_err(), "{source}");
        }
        for event in [json!(null), json!([]), json!({}), json!({"request": {}})] {
            assert!(handle(event.clone()).is_err(), "{event}");
        }
    }
}
