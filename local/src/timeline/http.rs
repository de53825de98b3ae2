//! The page `/debug` and its stream of events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::get;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::Receiver;

use super::step::{Step, name};
use super::{News, Timeline};
use crate::page::protect;

/// The page, with a list of sign-ins and the steps of one of them. Its script and style are in the files of the sign-in page.
const PAGE: &str = include_str!("../../page/timeline.html");

/// Allows only the page's own script, style and stream.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
);

/// Serves `GET /debug` and `GET /debug/events`, but only if `local` listens on a loopback address.
pub(crate) fn router(timeline: Arc<Timeline>, listens_on: IpAddr) -> Router {
    if !listens_on.is_loopback() {
        return Router::new();
    }
    Router::new()
        .route("/debug", get(page))
        .route("/debug/events", get(events))
        .layer(map_response(protect))
        .with_state(timeline)
}

async fn page() -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, PAGE).into_response()
}

async fn events(State(timeline): State<Arc<Timeline>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (kept, live) = timeline.watch();
    Sse::new(stream(kept, live)).keep_alive(KeepAlive::default())
}

/// Returns a stream of all stored steps, then of new ones. The stream ends if the viewer lags behind; the viewer then connects again.
fn stream(kept: Vec<Arc<Step>>, live: Receiver<News>) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold((VecDeque::from(kept), live), async |(mut kept, mut live)| {
        let news = match kept.pop_front() {
            Some(step) => News::Step(step),
            None => live.recv().await.ok()?,
        };
        Some((Ok(event(&news)), (kept, live)))
    })
}

fn event(news: &News) -> Event {
    match news {
        News::Forgotten(id) => Event::default().event("forgotten").data(name(*id)),
        News::Step(step) => Event::default().event("step").data(step.shown().to_string()),
    }
}
