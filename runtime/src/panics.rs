//! Logs panics without their message.
//!
//! The message may quote an answer, and `lambda_runtime` would send it to Cognito, which shows it to the client.

use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::task::Poll;

use tracing::error;

/// Installs a panic hook that logs only the location.
pub(super) fn log_places_only() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        error!(decision = "error", "panicked at {place}");
    }));
}

/// Returns the output of `future`, or `None` if it panics. A panic is logged with its location and without its message.
pub async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        // The future is not used again after a panic.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}
