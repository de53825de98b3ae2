//! Allows tokens only after a completed sign-in: the `PreTokenGeneration` trigger of an Amazon Cognito user pool.
//!
//! Cognito can issue tokens without calling define. For example, a user who answers `NEW_PASSWORD_REQUIRED` gets tokens
//! at once, even during a custom sign-in. This trigger is the last function that Cognito calls before it issues tokens,
//! and only an error stops them.

use std::process::ExitCode;

use cognito_challenge::event::{Event, EventError, PreTokenGeneration};
use cognito_challenge_runtime::{self as runtime, Environment};
use serde_json::Value;
use tracing::info;

/// The trigger sources that may get tokens: a completed sign-in and a token refresh. All other sources are denied,
/// including those that Cognito adds in the future.
///
/// A sign-in through another authentication flow has the first of these sources too. The app client must not allow
/// other flows.
const ALLOWED: [&str; 2] = ["TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"];

/// Runs the function until Lambda ends the process.
pub async fn run() -> ExitCode {
    let environment = Environment::of_process();
    match runtime::start(&environment, Ok(()), |()| Vec::new()) {
        Ok(()) => runtime::run(&environment, |event| std::future::ready(handle(event))).await,
        Err(code) => code,
    }
}

/// Returns a `PreTokenGeneration` event unchanged, so that the tokens stay unchanged.
///
/// # Errors
///
/// Returns an error if `event` is not such an event, or if the tokens would bypass the challenges.
pub fn handle(event: Value) -> Result<Value, Refusal> {
    let event = Event::<PreTokenGeneration>::parse(event)?;
    let way = event.trigger_source();
    if !ALLOWED.contains(&way.as_str()) {
        info!(TokensRefused = 1, reason = "ChallengesSkipped");
        return Err(Refusal::Unasked { way });
    }
    info!(decision = "issueTokens", "Cognito issues the tokens unchanged");
    Ok(event.unchanged())
}

/// The reason why the function denies tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The event does not belong to this trigger.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The sign-in bypassed the challenges. After `NEW_PASSWORD_REQUIRED`, Cognito keeps the new password anyway, so
    /// the user can sign in with it.
    #[error(
        "denied tokens for trigger source `{way}`, which bypasses the challenges; allowed: {}",
        ALLOWED.join(", ")
    )]
    Unasked {
        /// The event's `triggerSource`, `""` if it has none.
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
    fn tokens_of_a_completed_sign_in_and_of_a_refresh_are_allowed_unchanged() {
        for source in ALLOWED {
            let event = event(&json!(source));
            assert_eq!(handle(event.clone()).unwrap().to_string(), event.to_string());
        }
    }

    #[test]
    fn every_other_trigger_source_is_denied_by_name() {
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
    fn the_log_counts_only_denied_tokens() {
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
    fn an_event_without_a_trigger_source_is_denied() {
        for source in [json!(null), json!(1), json!(""), json!("PreSignUp_SignUp")] {
            assert!(handle(event(&source)).is_err(), "{source}");
        }
        for event in [json!(null), json!([]), json!({}), json!({"request": {}})] {
            assert!(handle(event.clone()).is_err(), "{event}");
        }
    }
}
