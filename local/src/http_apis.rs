//! The HTTP APIs of the template, like those of Amazon API Gateway. Each has its own port.
//!
//! A request becomes an event in payload format 2.0, and the function's result becomes the response. JWT authorizers
//! check tokens against the published keys of the user pool. The source of these rules is the developer guide of API
//! Gateway ("Create AWS Lambda proxy integrations for HTTP APIs", "Control access with JWT authorizers", "Configure
//! CORS").

mod authorizer;
mod cors;
mod event;
mod reply;
mod routes;
#[cfg(test)]
mod tests;
mod throttle;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use lambda_host::MAX_PAYLOAD;
use listener::Callers;
use sam_template::{HttpApi, Route};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use user_pools::{Clock, Lambda, UserPools};
use uuid::Uuid;

use crate::console::Console;
use cors::Pages;
use event::Received;
use reply::message;
use throttle::Bucket;

/// The longest body of a request, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The header of each response with the id of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// The parts of `local` that APIs use.
#[derive(Clone)]
pub(crate) struct Parts {
    /// Runs the functions.
    pub(crate) lambda: Arc<dyn Lambda>,
    pub(crate) user_pools: UserPools,
    pub(crate) clock: Clock,
    pub(crate) console: Arc<Console>,
}

/// The running APIs. Dropping this stops them.
#[derive(Debug)]
pub(crate) struct HttpApis {
    /// The logical id of each API and its address, without a slash at the end.
    pub(crate) endpoints: Vec<(String, String)>,
    servers: Vec<JoinHandle<()>>,
}

/// A running API.
struct Api {
    name: String,
    routes: Vec<Route>,
    pages: Pages,
    bucket: Option<Bucket>,
    parts: Parts,
}

impl HttpApis {
    /// Serves `apis` beside the listener at `main`: on the ports after its port, or on any ports if these are in use.
    /// With `any_port`, it uses any ports.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is available.
    pub(crate) async fn start(apis: &[HttpApi], main: SocketAddr, any_port: bool, parts: &Parts) -> io::Result<Self> {
        let mut started = Self {
            endpoints: Vec::new(),
            servers: Vec::new(),
        };
        let mut port = main.port();
        for api in apis {
            port = if any_port { 0 } else { port.saturating_add(1) };
            let listener = match TcpListener::bind((main.ip(), port)).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind((main.ip(), 0)).await?,
            };
            let endpoint = listener::endpoint(listener.local_addr()?);
            started.endpoints.push((api.logical_id.clone(), endpoint));
            let router = router(api.clone(), main.port(), parts.clone());
            started.servers.push(tokio::spawn(async move {
                // It ends only when it is aborted.
                let _ = listener::serve(listener, Callers::AnyPage, router).await;
            }));
        }
        Ok(started)
    }

    /// Returns the address of the first API of `apis` with the route `key`.
    pub(crate) fn with_route(&self, apis: &[HttpApi], key: &str) -> Option<&str> {
        let mut endpoints = apis.iter().zip(&self.endpoints);
        let found = endpoints.find(|(api, _)| api.routes.iter().any(|route| route.key == key));
        found.map(|(_, (_, endpoint))| endpoint.as_str())
    }
}

impl Drop for HttpApis {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

/// Returns the routes of one API. `page_port` is the port of the page of `local`, which may call every API.
fn router(api: HttpApi, page_port: u16, parts: Parts) -> Router {
    let state = Api {
        name: api.logical_id,
        routes: api.routes,
        pages: Pages::new(api.cors, page_port),
        bucket: api.throttle.map(|throttle| Bucket::full(throttle, Instant::now())),
        parts,
    };
    Router::new().fallback(serve).with_state(Arc::new(state))
}

async fn serve(State(api): State<Arc<Api>>, ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request) -> Response {
    let start = Instant::now();
    let id = Uuid::new_v4().to_string();
    let asked = format!("{} {}", request.method(), request.uri().path());
    let headers = request.headers().clone();
    let cors = api.pages.cors(&headers);
    let mut response = match cors {
        // On every path, even if the template has a route for it.
        Some(_) if request.method() == Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => api.answer(request, peer, &id).await,
    };
    if let Some(cors) = cors {
        cors.apply(&headers, &mut response);
    }
    if let Ok(id) = HeaderValue::try_from(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let console = &api.parts.console;
    console.call(&api.name, &asked, response.status().as_str(), start.elapsed());
    response
}

impl Api {
    /// Returns the response of the route of `request`.
    async fn answer(&self, request: Request, peer: SocketAddr, id: &str) -> Response {
        let (head, body) = request.into_parts();
        // Even if the body is not needed: a connection with an unread body ends.
        let too_large = || message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        let Some(body) = read(&head.headers, body).await else {
            return too_large();
        };
        let path = routes::decoded(head.uri.path());
        let Some((route, parameters)) = routes::find(&self.routes, head.method.as_str(), &path) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let now = self.parts.clock.now();
        let jwt = match &route.authorizer {
            None => None,
            Some(authorizer) => {
                match authorizer::authorize(authorizer, &head.headers, &self.parts.user_pools, now).await {
                    Ok(jwt) => Some(jwt),
                    Err(denial) => return denial.response(authorizer),
                }
            }
        };
        if self.bucket.as_ref().is_some_and(|bucket| !bucket.take(Instant::now())) {
            return message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        let received = Received {
            api: &self.name,
            route: &route.key,
            path: &path,
            parameters,
            head: &head,
            body: &body,
            peer,
            jwt,
            id,
            now,
        };
        let event = Bytes::from(received.event().to_string());
        // Lambda's limit is lower than that of API Gateway.
        if event.len() > MAX_PAYLOAD {
            return too_large();
        }
        match timeout(route.timeout, self.parts.lambda.invoke(&route.function, event)).await {
            Ok(Ok(answer)) => reply::of(&answer).unwrap_or_else(failed),
            Ok(Err(_)) => failed(),
            Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

/// Returns the whole body, unless it is too large.
async fn read(headers: &HeaderMap, body: Body) -> Option<Bytes> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if length
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| length > MAX_BODY)
    {
        return None;
    }
    to_bytes(body, MAX_BODY).await.ok()
}

/// The function failed, or its result is not a response.
fn failed() -> Response {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}
