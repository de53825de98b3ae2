//! What a user pool needs of its functions: a name, an event, an answer.

use async_trait::async_trait;
use bytes::Bytes;

/// Somewhere functions can be invoked by name.
#[async_trait]
pub trait Lambda: Send + Sync {
    /// Runs `function` once with `event` and gives the bytes it answered with.
    ///
    /// Dropping the future gives up waiting; as on AWS, the invocation itself runs on.
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, Failure>;
}

/// Why an invocation gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The process ended in mid-call, or could not be started: Lambda's text for it.
    Crashed(String),
    /// The function reported an error: its `errorMessage`.
    Error(String),
    /// The function ran into its own time limit: Lambda's text for it.
    TimedOut(String),
    /// No function has this name.
    Unknown,
}
