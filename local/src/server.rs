//! What all listeners have in common.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::guard::{Callers, guarded};

/// Serves `router` to `callers` until the process ends or this is dropped. Every listener of `local` is served here.
///
/// # Errors
/// If the listener fails for good.
pub(crate) async fn serve(listener: TcpListener, callers: Callers, router: Router) -> std::io::Result<()> {
    let router = guarded(router, callers, listener.local_addr()?.ip().is_loopback());
    let listener = listener.tap_io(|connection| {
        // Without it everything still works, only later.
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

/// Where clients on this machine reach what listens on `address`.
pub(crate) fn endpoint(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => format!("http://127.0.0.1:{}", address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => format!("http://[::1]:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_everyone_is_reached_by_loopback() {
        assert_eq!(endpoint("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(endpoint("[::1]:81".parse().unwrap()), "http://[::1]:81");
    }
}
