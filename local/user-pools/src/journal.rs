//! The reports of the user pool for the terminal.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::error::Error;

/// Receives the calls of triggers, and the reasons that Cognito does not reveal.
pub trait Journal: Send + Sync {
    /// A trigger was called.
    fn call(&self, call: &Call<'_>);

    /// A request of a sign-in was answered.
    fn answered(&self, _answer: &Answered<'_>) {}

    /// Reports what the client is not told: the reason why a sign-in failed, or that Cognito's behavior is unknown.
    fn warn(&self, text: &str);
}

/// One call of a trigger function.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The custom sign-in so far, such as `[SRP_A ✓, PASSWORD_VERIFIER ✓, CAPTCHA ✗]`, or the source of the trigger.
    /// Contains no secret.
    pub occasion: &'a str,
    /// The decision or the error of the function. Contains no secret.
    pub decision: &'a str,
    /// The duration of all tries together.
    pub elapsed: Duration,
    /// Whether a process had to be started for the call, as far as that was known before the call.
    pub cold: bool,
    /// The sign-in of the call, if any.
    pub sign_in: Option<Uuid>,
    /// The event that was sent. Contains secrets.
    pub event: &'a Bytes,
    /// The response, if one was received. Contains secrets.
    pub response: Option<&'a Bytes>,
}

/// The answer to one request of a sign-in.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    /// The sign-in of the request, if any.
    pub sign_in: Option<Uuid>,
    /// `InitiateAuth` or `RespondToAuthChallenge`.
    pub operation: &'static str,
    /// The flow that the client starts, or the challenge that it answers.
    pub sent: &'a str,
    /// The client's name for the user.
    pub user: Option<&'a str>,
    /// The answer. Contains secrets.
    pub answer: Result<&'a Value, &'a Error>,
    /// The duration.
    pub elapsed: Duration,
}
