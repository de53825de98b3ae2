//! The web pages that may read the responses of an API: those of the template's `CorsConfiguration`, and the page of
//! `local`.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use listener::is_near;
use sam_template::Cors;

/// The prefix of headers that the response of a function may not set.
const PREFIX: &str = "access-control-";

/// The pages of an API.
pub(super) struct Pages {
    /// The pages of the template.
    template: Option<Grant>,
    /// The page of `local`.
    own: Grant,
    /// The end of the origins of that page.
    own_port: String,
}

/// The permissions of pages.
pub(super) struct Grant(Cors);

impl Pages {
    /// Creates the pages of an API with `cors`. The page of `local` has the port `own_port`.
    pub(super) fn new(cors: Option<Cors>, own_port: u16) -> Self {
        let own = Cors {
            origins: vec!["*".to_owned()],
            methods: vec!["*".to_owned()],
            headers: vec!["authorization".to_owned(), "content-type".to_owned()],
            ..Cors::default()
        };
        Self {
            template: cors.map(Grant),
            own: Grant(own),
            own_port: format!(":{own_port}"),
        }
    }

    /// Returns the permissions for a request with these headers, or `None` without a `CorsConfiguration`.
    pub(super) fn cors(&self, headers: &HeaderMap) -> Option<&Grant> {
        let origin = headers.get(header::ORIGIN);
        let is_own =
            |origin: &HeaderValue| is_near(origin, headers) && origin.as_bytes().ends_with(self.own_port.as_bytes());
        if origin.is_some_and(is_own) {
            Some(&self.own)
        } else {
            self.template.as_ref()
        }
    }
}

impl Grant {
    /// Allows the page that sent `request` to read `response`, if it may. The function's own headers of CORS are
    /// removed.
    pub(super) fn apply(&self, request: &HeaderMap, response: &mut Response) {
        let Self(cors) = self;
        let headers = response.headers_mut();
        let own = headers.keys().filter(|name| name.as_str().starts_with(PREFIX));
        for name in own.cloned().collect::<Vec<_>>() {
            headers.remove(name);
        }
        let origin = request.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let Some(origin) = origin.and_then(|origin| allowed(&cors.origins, origin)) else {
            return;
        };
        set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed.join(","));
        if cors.credentials {
            set(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        if request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods.join(","));
            set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers.join(","));
            let seconds = cors.max_age.map(|seconds| seconds.to_string());
            set(headers, header::ACCESS_CONTROL_MAX_AGE, &seconds.unwrap_or_default());
        }
    }
}

/// Returns the allowed origin for `origin`, if `origins` contains it.
fn allowed<'a>(origins: &[String], origin: &'a str) -> Option<&'a str> {
    if origins.iter().any(|known| known == "*") {
        return Some("*");
    }
    let fits = |known: &String| match known.strip_suffix('*') {
        Some(scheme) => origin.starts_with(scheme),
        None => known == origin,
    };
    origins.iter().any(fits).then_some(origin)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}
