//! The reports of the user pool for the terminal.

use std::time::Duration;

use bytes::Bytes;

/// Receives the calls of triggers, and the reasons that Cognito does not reveal.
pub trait Journal: Send + Sync {
    /// A trigger was called.
    fn call(&self, call: &Call<'_>);

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
    /// The event that was sent. Contains secrets.
    pub event: &'a Bytes,
    /// The response, if one was received. Contains secrets.
    pub response: Option<&'a Bytes>,
}
