//! Panics, without what they say: that may quote an answer, and `lambda_runtime` would send it to Cognito, which shows
//! it to the client.

use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::task::Poll;

use tracing::error;

/// Has a panic log where it was, and nothing else.
pub(super) fn log_places_only() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        error!(decision = "error", "panicked at {place}");
    }));
}

/// The output of `future`, or nothing if it panics. The panic is logged with its place and without its text.
pub async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        // Nothing of a future that panicked is looked at again.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}
