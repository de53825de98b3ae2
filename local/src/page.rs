//! The sign-in page: the files of `local/page`, embedded in the binary.

pub(crate) mod widgets;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Serialize;

use widgets::Sources;

/// The default settings of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    /// The address of the Cognito API, such as `http://127.0.0.1:9229/`. The page calls the server that it came from.
    #[serde(skip)]
    pub(crate) endpoint: String,
    /// The address of the local S3.
    #[serde(skip)]
    pub(crate) pictures: String,
    /// The needs of the providers' widgets.
    #[serde(skip)]
    pub(crate) widgets: Sources,
    pub(crate) region: String,
    pub(crate) user_pool_id: String,
    pub(crate) client_id: String,
    /// The address of the API for answers to security questions, if the template has it.
    pub(crate) enrolment: Option<String>,
}

/// Returns `GET /` and the routes below `/page/`. It can be merged with `POST /`.
pub(crate) fn router(config: Config) -> Router {
    let mut router = Router::new()
        .route(INDEX.path, get(index))
        .route("/page/config.json", get(configuration));
    for asset in ASSETS.iter().chain(TEXTS) {
        router = router.route(asset.path, get(async || asset.response()));
    }
    router.layer(map_response(protect)).with_state(Arc::new(config))
}

async fn index(State(config): State<Arc<Config>>, RawQuery(query): RawQuery) -> Response {
    let policy = content_security_policy(&config, query.as_deref().and_then(region));
    ([(header::CONTENT_SECURITY_POLICY, policy)], INDEX.response()).into_response()
}

async fn configuration(State(config): State<Arc<Config>>) -> Response {
    Json(config.as_ref()).into_response()
}

/// Allows the page to call `endpoint`, the API of the enrolment and, if its address names one, the user pools of one AWS
/// region. All other calls are forbidden.
///
/// Pictures and sounds may be from the local S3 or another one on this machine, from AWS, or inline.
fn content_security_policy(config: &Config, region: Option<&str>) -> HeaderValue {
    let Config {
        endpoint,
        pictures,
        widgets,
        enrolment,
        ..
    } = config;
    let Sources {
        connect,
        frame,
        script,
        style,
        worker,
    } = widgets;
    let frame = if frame.is_empty() { " 'none'" } else { frame };
    let aws = region
        .map(|region| format!(" https://cognito-idp.{region}.amazonaws.com"))
        .unwrap_or_default();
    let enrolment = enrolment.as_ref().map(|api| format!(" {api}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'{script}; style-src 'self'{style}; frame-src{frame}; img-src 'self' data: http://127.0.0.1:* {pictures} https:; \
         media-src 'self' data: http://127.0.0.1:* {pictures} https:; connect-src 'self' {endpoint}{enrolment}{aws}{connect}; worker-src 'self'{worker}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'"
    );
    HeaderValue::try_from(policy).unwrap_or(NOTHING_ALLOWED)
}

/// Returns the AWS region in the query of the page's address.
fn region(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("region="))
        .filter(|region| is_region(region))
}

/// Whether `text` has a form like `eu-central-1` or `us-gov-west-1`. INVARIANT: an accepted text cannot end its
/// directive.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let [area, words @ .., number] = parts.as_slice() else {
        return false;
    };
    let number_is_digit = number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit());
    area.len() == 2 && is_word(area) && !words.is_empty() && words.iter().all(is_word) && number_is_digit
}

/// The route that identifies the API for answers to security questions.
pub(crate) const ENROLMENT: &str = "PUT /enrolment";

const NOTHING_ALLOWED: HeaderValue = HeaderValue::from_static("default-src 'none'");

/// The headers of every response.
const PROTECTIONS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Sets the headers of every response, and a policy for a response without its own.
pub(crate) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in PROTECTIONS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(NOTHING_ALLOWED);
    response
}

struct Asset {
    path: &'static str,
    media_type: &'static str,
    content: &'static str,
}

impl Asset {
    fn response(&self) -> Response {
        ([(header::CONTENT_TYPE, self.media_type)], self.content).into_response()
    }
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

static INDEX: Asset = Asset {
    path: "/",
    media_type: HTML,
    content: include_str!("../page/index.html"),
};

#[rustfmt::skip]
static ASSETS: [Asset; 41] = [
    Asset { path: "/page/account-view.js", media_type: SCRIPT, content: include_str!("../page/account-view.js") },
    Asset { path: "/page/account.js", media_type: SCRIPT, content: include_str!("../page/account.js") },
    Asset { path: "/page/attributes.js", media_type: SCRIPT, content: include_str!("../page/attributes.js") },
    Asset { path: "/page/codes.js", media_type: SCRIPT, content: include_str!("../page/codes.js") },
    Asset { path: "/page/counting.js", media_type: SCRIPT, content: include_str!("../page/counting.js") },
    Asset { path: "/page/cognito.js", media_type: SCRIPT, content: include_str!("../page/cognito.js") },
    Asset { path: "/page/device.js", media_type: SCRIPT, content: include_str!("../page/device.js") },
    Asset { path: "/page/dom.js", media_type: SCRIPT, content: include_str!("../page/dom.js") },
    Asset { path: "/page/enrolling.js", media_type: SCRIPT, content: include_str!("../page/enrolling.js") },
    Asset { path: "/page/enrolment.js", media_type: SCRIPT, content: include_str!("../page/enrolment.js") },
    Asset { path: "/page/enrolment-view.js", media_type: SCRIPT, content: include_str!("../page/enrolment-view.js") },
    Asset { path: "/page/errors.js", media_type: SCRIPT, content: include_str!("../page/errors.js") },
    Asset { path: "/page/fields.js", media_type: SCRIPT, content: include_str!("../page/fields.js") },
    Asset { path: "/page/generic.js", media_type: SCRIPT, content: include_str!("../page/generic.js") },
    Asset { path: "/page/hand-over.js", media_type: SCRIPT, content: include_str!("../page/hand-over.js") },
    Asset { path: "/page/icon.svg", media_type: SVG, content: include_str!("../page/icon.svg") },
    Asset { path: "/page/jwt.js", media_type: SCRIPT, content: include_str!("../page/jwt.js") },
    Asset { path: "/page/links.js", media_type: SCRIPT, content: include_str!("../page/links.js") },
    Asset { path: "/page/mail.css", media_type: STYLE, content: include_str!("../page/mail.css") },
    Asset { path: "/page/mail.js", media_type: SCRIPT, content: include_str!("../page/mail.js") },
    Asset { path: "/page/own-steps.js", media_type: SCRIPT, content: include_str!("../page/own-steps.js") },
    Asset { path: "/page/own-view.js", media_type: SCRIPT, content: include_str!("../page/own-view.js") },
    Asset { path: "/page/own.js", media_type: SCRIPT, content: include_str!("../page/own.js") },
    Asset { path: "/page/panes.css", media_type: STYLE, content: include_str!("../page/panes.css") },
    Asset { path: "/page/pool.js", media_type: SCRIPT, content: include_str!("../page/pool.js") },
    Asset { path: "/page/providers.js", media_type: SCRIPT, content: include_str!("../page/providers.js") },
    Asset { path: "/page/puzzle.js", media_type: SCRIPT, content: include_str!("../page/puzzle.js") },
    Asset { path: "/page/settings.js", media_type: SCRIPT, content: include_str!("../page/settings.js") },
    Asset { path: "/page/sign-in.js", media_type: SCRIPT, content: include_str!("../page/sign-in.js") },
    Asset { path: "/page/srp.js", media_type: SCRIPT, content: include_str!("../page/srp.js") },
    Asset { path: "/page/start.js", media_type: SCRIPT, content: include_str!("../page/start.js") },
    Asset { path: "/page/steps.js", media_type: SCRIPT, content: include_str!("../page/steps.js") },
    Asset { path: "/page/style.css", media_type: STYLE, content: include_str!("../page/style.css") },
    Asset { path: "/page/texts.js", media_type: SCRIPT, content: include_str!("../page/texts.js") },
    Asset { path: "/page/timeline.css", media_type: STYLE, content: include_str!("../page/timeline.css") },
    Asset { path: "/page/timeline.js", media_type: SCRIPT, content: include_str!("../page/timeline.js") },
    Asset { path: "/page/tokens-view.js", media_type: SCRIPT, content: include_str!("../page/tokens-view.js") },
    Asset { path: "/page/tokens.js", media_type: SCRIPT, content: include_str!("../page/tokens.js") },
    Asset { path: "/page/view.js", media_type: SCRIPT, content: include_str!("../page/view.js") },
    Asset { path: "/page/forms.js", media_type: SCRIPT, content: include_str!("../page/forms.js") },
    Asset { path: "/page/work.js", media_type: SCRIPT, content: include_str!("../page/work.js") },
];

macro_rules! texts {
    ($($tag:literal),*) => {
        &[$(Asset {
            path: concat!("/page/texts/", $tag, ".js"),
            media_type: SCRIPT,
            content: include_str!(concat!("../page/texts/", $tag, ".js")),
        }),*]
    };
}

/// The texts of the page, one file for each language.
static TEXTS: &[Asset] = texts!["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt-BR", "zh-Hans"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use axum::routing::post;

    use super::*;

    fn config() -> Config {
        Config {
            endpoint: "http://127.0.0.1:9229/".to_owned(),
            pictures: "http://192.0.2.7:4566".to_owned(),
            widgets: Sources::default(),
            region: "us-east-1".to_owned(),
            user_pool_id: "us-east-1_LocalPool".to_owned(),
            client_id: "localclient000000000000000".to_owned(),
            enrolment: None,
        }
    }

    async fn policy(query: Option<&str>) -> String {
        let response = index(State(Arc::new(config())), RawQuery(query.map(str::to_owned))).await;
        response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn the_api_may_answer_posts_at_the_same_address() {
        let _ = router(config()).merge(Router::new().route("/", post(async || "")));
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let files = |folder: &str, others: &[&str]| -> BTreeSet<String> {
            std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| !others.contains(&name.as_str()))
                .map(|name| format!("/{folder}/{name}"))
                .collect()
        };
        let served =
            |assets: &[Asset]| -> BTreeSet<String> { assets.iter().map(|asset| asset.path.to_owned()).collect() };
        let others = [
            "index.html",
            "mail.html",
            "package.json",
            "test",
            "texts",
            "timeline.html",
        ];
        assert_eq!(files("page", &others), served(&ASSETS));
        assert_eq!(files("page/texts", &[]), served(TEXTS));
    }

    #[test]
    fn nothing_of_the_page_is_inline() {
        for inline in ["style=", "<style", " onclick", "<script>", "javascript:"] {
            assert!(
                !INDEX.content.contains(inline),
                "`{inline}` would be refused by the policy"
            );
        }
    }

    #[test]
    fn the_configuration_is_what_the_page_reads() {
        let json = serde_json::to_value(config()).unwrap();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["region", "userPoolId", "clientId", "enrolment"]);
    }

    #[tokio::test]
    async fn the_page_may_call_its_own_server_only() {
        let policy = policy(None).await;
        assert!(
            policy.contains("default-src 'none'; script-src 'self'; style-src 'self'; frame-src 'none';"),
            "{policy}"
        );
        assert!(
            policy.contains("connect-src 'self' http://127.0.0.1:9229/;"),
            "{policy}"
        );
        for kind in ["img", "media"] {
            let sources = format!("{kind}-src 'self' data: http://127.0.0.1:* http://192.0.2.7:4566 https:;");
            assert!(policy.contains(&sources), "{policy}");
        }
    }

    #[tokio::test]
    async fn the_widget_of_a_provider_in_the_flow_may_load_what_it_needs() {
        let mut config = config();
        config.widgets = Sources::of("TURNSTILE|CAP:3", Some("http://127.0.0.1:3000/key/"));
        let policy = content_security_policy(&config, None);
        let policy = policy.to_str().unwrap();
        for directive in [
            "script-src 'self' http://127.0.0.1:3000 'wasm-unsafe-eval' https://challenges.cloudflare.com;",
            "style-src 'self' 'unsafe-inline';",
            "frame-src https://challenges.cloudflare.com;",
            "connect-src 'self' http://127.0.0.1:9229/ http://127.0.0.1:3000;",
            "worker-src 'self' blob:;",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }
    }

    #[tokio::test]
    async fn an_address_that_names_a_region_adds_that_regions_user_pools() {
        let policy = policy(Some("userPoolId=x&region=us-gov-west-1&clientId=y")).await;
        assert!(
            policy.contains(" https://cognito-idp.us-gov-west-1.amazonaws.com;"),
            "{policy}"
        );
    }

    #[tokio::test]
    async fn an_address_cannot_widen_the_policy() {
        let plain = policy(None).await;
        for region in [
            "",
            "-",
            "--",
            "us",
            "us-1",
            "us-east-",
            "us-east-12",
            "US-east-1",
            "us--1",
            "us-east-1;",
            "*",
        ] {
            assert_eq!(policy(Some(&format!("region={region}"))).await, plain, "`{region}`");
        }
        for query in [
            "region",
            "xregion=us-east-1",
            "region=us-east-1%3b",
            "region=us-east-1.evil.example/",
        ] {
            assert_eq!(policy(Some(query)).await, plain, "`{query}`");
        }
    }

    #[tokio::test]
    async fn no_answer_is_kept_or_framed() {
        for asset in ASSETS.iter().chain(TEXTS).chain([&INDEX]) {
            let response = protect(asset.response()).await;
            for (name, value) in PROTECTIONS {
                assert_eq!(response.headers()[name], value, "{}", asset.path);
            }
            assert!(
                response.headers().contains_key(header::CONTENT_SECURITY_POLICY),
                "{}",
                asset.path
            );
        }
    }
}
