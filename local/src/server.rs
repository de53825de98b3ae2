//! The main listener.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves `router` until the process ends. On a loopback address, requests have to name one.
///
/// # Errors
/// If the listener fails for good.
pub(crate) async fn serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    let is_loopback = listener.local_addr()?.ip().is_loopback();
    let router = if is_loopback {
        router.layer(from_fn(named_as_loopback))
    } else {
        router
    };
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

/// A web page can make its own name point to 127.0.0.1 and would then be no stranger here. Its requests name it, though.
async fn named_as_loopback(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let named = host.or_else(|| request.uri().host());
    if named.is_none_or(is_loopback) {
        next.run(request).await
    } else {
        let message =
            "this server listens on a loopback address and answers to `localhost`, `127.0.0.1` and `[::1]` only\n";
        (StatusCode::MISDIRECTED_REQUEST, message).into_response()
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(&name);
    name == "localhost" || name.ends_with(".localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for name in [
            "localhost",
            "localhost:9229",
            "LocalHost:9229",
            "127.0.0.1:9229",
            "127.0.0.2",
            "[::1]:9229",
            "[::1]",
            "a.localhost:1",
        ] {
            assert!(is_loopback(name), "{name}");
        }
        for name in [
            "example.com",
            "localhost.example.com:9229",
            "127.0.0.1.example.com",
            "10.0.0.1:9229",
            "",
            "evil:x",
        ] {
            assert!(!is_loopback(name), "{name}");
        }
    }

    #[test]
    fn an_address_for_everyone_is_reached_by_loopback() {
        assert_eq!(endpoint("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(endpoint("[::1]:81".parse().unwrap()), "http://[::1]:81");
    }
}
