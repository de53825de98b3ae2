//! What the user pool tells the terminal.

use std::time::Duration;

use bytes::Bytes;

/// Where the user pool reports what its triggers did, and what Cognito would not say.
pub trait Journal: Send + Sync {
    /// A trigger was called.
    fn call(&self, call: &Call<'_>);

    /// Something the client is not told: why a sign-in failed, or where Cognito's own behaviour is not known.
    fn warn(&self, text: &str);
}

/// One call of a trigger function.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The custom sign-in so far, such as `[SRP_A ✓, PASSWORD_VERIFIER ✓, CAPTCHA ✗]`, or the trigger's source. Holds no
    /// secret.
    pub occasion: &'a str,
    /// What the function decided, or how it failed. Holds no secret.
    pub decision: &'a str,
    /// How long it took, all tries together.
    pub elapsed: Duration,
    /// The event as sent. Full of secrets.
    pub event: &'a Bytes,
    /// The answer as it came, if one came. Full of secrets.
    pub response: Option<&'a Bytes>,
}
