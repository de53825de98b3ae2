//! Failed invocations.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

/// The reason why an invocation returned no response, and Lambda's description of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// The cause of the end.
    pub cause: Cause,
    /// Lambda's `errorMessage`.
    pub message: String,
    /// The JSON that the Invoke API returns.
    pub payload: Bytes,
}

/// The cause of the end of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The process ended.
    Crashed,
    /// The function reported an error.
    Error,
    /// The function reached its time limit.
    TimedOut,
}

impl FunctionError {
    /// Creates an error whose JSON has only Lambda's two fields.
    pub(super) fn new(cause: Cause, error_type: &str, message: String) -> Self {
        Self {
            cause,
            payload: error_json(error_type, &message).into(),
            message,
        }
    }

    /// The process ended before it responded.
    pub(super) fn ended(id: Uuid, exit: &str) -> Self {
        Self::new(
            Cause::Crashed,
            "Runtime.ExitError",
            format!("RequestId: {id} Error: {exit}"),
        )
    }

    /// The functions are being shut down.
    pub(super) fn stopped() -> Self {
        Self::new(Cause::Crashed, "Runtime.ExitError", "Runtime was stopped".to_owned())
    }

    /// The function reached its time limit.
    pub(super) fn timed_out(id: Uuid, limit: Duration) -> Self {
        let message = format!(
            "RequestId: {id} Error: Task timed out after {:.2} seconds",
            limit.as_secs_f64()
        );
        Self::new(Cause::TimedOut, "Sandbox.Timedout", message)
    }
}

/// Describes the end of a process as Lambda does.
pub(super) fn exit_text(status: ExitStatus) -> String {
    match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (None, Some(11)) => "Runtime exited with error: signal: segmentation fault".to_owned(),
        (None, signal) => format!("Runtime exited with error: signal: {}", signal.unwrap_or_default()),
    }
}

/// Formats an error as Lambda does.
pub(super) fn error_json(error_type: &str, message: &str) -> String {
    serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string()
}
