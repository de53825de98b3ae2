//! The requests that the listeners accept. A web page of another host can make a browser send requests to this machine.

use std::net::IpAddr;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

/// The clients that a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Programs and all web pages: the server itself decides which pages may read its responses.
    AnyPage,
    /// Programs, and web pages of this machine.
    Pages,
    /// Programs only.
    Programs,
}

/// Headers that a browser adds to each request and a page cannot remove. `Sec-Fetch-Mode` is not one of them: Node.js
/// sends it.
const BY_A_BROWSER: [&str; 2] = ["sec-fetch-dest", "sec-fetch-site"];

/// Puts `router` behind the check that all listeners share. On a loopback address, the Host header must name a loopback
/// address, because a web page can point its own domain name to 127.0.0.1. Requests of pages from other hosts are
/// rejected, including those that a browser sends without a preflight.
pub(crate) fn guarded(router: Router, callers: Callers, is_loopback: bool) -> Router {
    router.layer(from_fn_with_state((callers, is_loopback), pass))
}

async fn pass(State((callers, is_loopback)): State<(Callers, bool)>, request: Request, next: Next) -> Response {
    match check(request.headers(), request.uri().authority(), callers, is_loopback) {
        Ok(()) => next.run(request).await,
        Err((status, message)) => (status, message).into_response(),
    }
}

fn check(
    headers: &HeaderMap,
    authority: Option<&Authority>,
    callers: Callers,
    is_loopback: bool,
) -> Result<(), (StatusCode, &'static str)> {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let named = host.or_else(|| authority.map(|authority| authority.as_str().as_bytes()));
    if is_loopback && !named.is_none_or(names_loopback) {
        let message = "this server listens on a loopback address: use the host `localhost`, `127.0.0.1` or `[::1]`\n";
        return Err((StatusCode::MISDIRECTED_REQUEST, message));
    }
    let origin = headers.get(header::ORIGIN);
    let is_foreign = origin.is_some_and(|origin| !is_near(origin, headers));
    let by_a_browser = || origin.is_some() || BY_A_BROWSER.iter().any(|name| headers.contains_key(*name));
    match callers {
        Callers::Pages if is_foreign => Err((
            StatusCode::FORBIDDEN,
            "this server accepts requests of web pages only from this machine\n",
        )),
        Callers::Programs if by_a_browser() => {
            Err((StatusCode::FORBIDDEN, "this server accepts no requests of web pages\n"))
        }
        Callers::AnyPage | Callers::Pages | Callers::Programs => Ok(()),
    }
}

/// Whether a page with this origin is from this machine, or from the host that the request names.
pub fn is_near(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let origin = origin.as_bytes();
    let rest = origin
        .strip_prefix(b"http://")
        .or_else(|| origin.strip_prefix(b"https://"));
    let same = |host: &[u8]| {
        let named = headers.get(header::HOST).map(|named| name(named.as_bytes()));
        !host.is_empty() && named.is_some_and(|named| named.eq_ignore_ascii_case(host))
    };
    rest.is_some_and(|rest| names_loopback(rest) || same(name(rest)))
}

/// Returns `host` without its port.
fn name(host: &[u8]) -> &[u8] {
    let mut parts = host.rsplitn(2, |byte| *byte == b':');
    match (parts.next(), parts.next()) {
        (Some(port), Some(name)) if port.iter().all(u8::is_ascii_digit) => name,
        _ => host,
    }
}

fn names_loopback(host: &[u8]) -> bool {
    let name = str::from_utf8(name(host)).unwrap_or_default().to_ascii_lowercase();
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(&name);
    name == "localhost" || name.ends_with(".localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn status(callers: Callers, is_loopback: bool, headers: &[(&'static str, &'static str)]) -> u16 {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let checked = check(&headers.collect(), None, callers, is_loopback);
        checked.map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

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
            assert_eq!(status(Callers::Programs, true, &[("host", name)]), 200, "{name}");
        }
        for name in [
            "example.com",
            "localhost.example.com:9229",
            "127.0.0.1.example.com",
            "10.0.0.1:9229",
            "",
            "evil:x",
        ] {
            assert_eq!(status(Callers::Pages, true, &[("host", name)]), 421, "{name}");
            assert_eq!(status(Callers::Pages, false, &[("host", name)]), 200, "{name}");
        }
    }

    #[test]
    fn pages_of_this_machine_may_call_and_others_may_not() {
        for origin in [
            "http://localhost:3000",
            "https://127.0.0.1",
            "http://[::1]:1",
            "http://app.localhost:5173",
        ] {
            assert_eq!(status(Callers::Pages, true, &[("origin", origin)]), 200, "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://",
            "https://evil.example",
            "http://localhost.evil.example",
            "https://evil.example:9229",
            "file://localhost",
            "http://localhost@evil.example",
        ] {
            for is_loopback in [true, false] {
                let found = status(
                    Callers::Pages,
                    is_loopback,
                    &[("origin", origin), ("host", "127.0.0.1:9229")],
                );
                assert_eq!(found, 403, "{origin}");
            }
        }
    }

    #[test]
    fn beyond_this_machine_pages_of_the_same_host_may_call() {
        let from = |origin| status(Callers::Pages, false, &[("origin", origin), ("host", "192.0.2.7:9229")]);
        assert_eq!(
            (from("http://192.0.2.7:9229"), from("http://192.0.2.7:3000")),
            (200, 200)
        );
        assert_eq!(from("http://192.0.2.8:9229"), 403);
    }

    #[test]
    fn what_is_for_any_page_still_has_to_be_named_as_this_machine() {
        let from = |host| {
            status(
                Callers::AnyPage,
                true,
                &[("origin", "https://app.example"), ("host", host)],
            )
        };
        assert_eq!((from("127.0.0.1:9230"), from("app.example")), (200, 421));
    }

    #[test]
    fn what_is_for_programs_answers_to_no_browser() {
        for header in [
            ("origin", "http://localhost:3000"),
            // A picture or a link: the browser sends no origin.
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-dest", "image"),
        ] {
            assert_eq!(status(Callers::Programs, true, &[header]), 403, "{header:?}");
        }
        assert_eq!(status(Callers::Pages, true, &[("sec-fetch-site", "cross-site")]), 200);
        assert_eq!(status(Callers::Programs, true, &[]), 200);
        // The `fetch` of Node.js.
        assert_eq!(status(Callers::Programs, true, &[("sec-fetch-mode", "cors")]), 200);
    }
}
