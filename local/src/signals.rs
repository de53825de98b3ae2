//! How the operating system asks for the end.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, or whatever else asks politely for the end.
///
/// # Errors
/// If signals cannot be received.
pub(crate) async fn end_asked_for() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
