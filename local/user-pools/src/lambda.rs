//! The functions as a user pool sees them: a name, an event, a response.

use async_trait::async_trait;
use bytes::Bytes;

/// Invokes functions by name.
#[async_trait]
pub trait Lambda: Send + Sync {
    /// Runs `function` once with `event` and returns its response.
    ///
    /// If the future is dropped, the invocation continues, as on AWS.
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, Failure>;

    /// Whether a process of `function` waits for work.
    fn is_warm(&self, _function: &str) -> bool {
        true
    }
}

/// The reason why an invocation returned no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The process ended during the call or could not be started. Contains Lambda's text.
    Crashed(String),
    /// The function reported an error. Contains its `errorMessage`.
    Error(String),
    /// The function reached its timeout. Contains Lambda's text.
    TimedOut(String),
    /// No function has this name.
    Unknown,
}
