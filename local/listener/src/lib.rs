//! HTTP listeners for this machine, which reject requests of web pages from other hosts.

mod callers;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use callers::guarded;
pub use callers::{Callers, is_near};

/// Serves `router` to `callers`, with the address of each client as `ConnectInfo`, until the process ends or this is dropped.
///
/// # Errors
///
/// Returns an error if the listener fails permanently.
pub async fn serve(listener: TcpListener, callers: Callers, router: Router) -> std::io::Result<()> {
    let router = guarded(router, callers, listener.local_addr()?.ip().is_loopback());
    let listener = listener.tap_io(|connection| {
        // Without it, everything still works, but more slowly.
        let _ = connection.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await
}

/// Returns the URL of a listener on `address`. If it listens on all addresses, the URL has the one that this machine
/// uses for outgoing connections.
pub fn endpoint(address: SocketAddr) -> String {
    endpoint_at(address, || own_address(address.ip()).ok())
}

/// Returns the URL of a listener on `address` for a browser on this machine. `MAGIC_LINK` accepts its form without TLS.
pub fn on_this_machine(address: SocketAddr) -> String {
    if address.ip() == Ipv4Addr::LOCALHOST {
        format!("http://{address}/")
    } else {
        format!("http://localhost:{}/", address.port())
    }
}

fn endpoint_at(address: SocketAddr, own: impl FnOnce() -> Option<IpAddr>) -> String {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => own().unwrap_or(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(_) => own().unwrap_or(Ipv6Addr::LOCALHOST.into()),
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Returns the address of the same family as `any` that this machine sends from.
fn own_address(any: IpAddr) -> std::io::Result<IpAddr> {
    // Addresses that are reserved for documentation. Nothing is sent: the system only selects the route.
    let elsewhere: IpAddr = match any {
        IpAddr::V4(_) => Ipv4Addr::new(198, 51, 100, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((elsewhere, 9))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_on_this_machine_has_a_name_that_needs_no_tls() {
        let page = |address: &str| on_this_machine(address.parse().unwrap());
        assert_eq!(page("127.0.0.1:9229"), "http://127.0.0.1:9229/");
        for address in ["0.0.0.0:80", "[::1]:80", "192.0.2.7:80"] {
            assert_eq!(page(address), "http://localhost:80/");
        }
    }

    #[test]
    fn an_address_for_everyone_is_reached_by_that_of_the_machine() {
        let with = |address: &str, own: Option<&str>| {
            endpoint_at(address.parse().unwrap(), || own.map(|own| own.parse().unwrap()))
        };
        assert_eq!(with("0.0.0.0:80", Some("192.0.2.7")), "http://192.0.2.7:80");
        assert_eq!(with("[::]:80", Some("2001:db8::7")), "http://[2001:db8::7]:80");
        assert_eq!(with("0.0.0.0:80", None), "http://127.0.0.1:80");
        assert_eq!(with("[::]:80", None), "http://[::1]:80");
        assert_eq!(with("[::1]:81", Some("2001:db8::7")), "http://[::1]:81");
        assert!(!endpoint("0.0.0.0:80".parse().unwrap()).contains("0.0.0.0"));
    }
}
