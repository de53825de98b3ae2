//! APIs through their real listeners, with tokens of real user pools. The functions are stubs.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sam_template::{Cors, JwtAuthorizer, Route, Throttle};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use user_pools::storage::Records;
use user_pools::{Failure, Keys, Random, Settings};

use super::*;
use crate::console::tests::console;
use crate::outbox::Outbox;

const POOL: &str = "us-east-1_LocalPool";
const ISSUER: &str = "http://127.0.0.1:9229";
const NOW: u64 = 1_767_225_600;

/// Functions that return their event, or a response that their names define. It counts the calls.
#[derive(Default)]
struct Functions(AtomicUsize);

#[async_trait]
impl Lambda for Functions {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, Failure> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let cors = json!({"Access-Control-Allow-Origin": "*", "X-Own": "kept"});
        match function {
            "Echo" => Ok(event),
            "Fails" => Err(Failure::Error("a secret".to_owned())),
            "Hangs" => std::future::pending().await,
            "Malformed" => Ok(Bytes::from_static(br#"{"statusCode": "a secret"}"#)),
            _ => Ok(json!({"statusCode": 200, "headers": cors, "body": "hi"})
                .to_string()
                .into()),
        }
    }
}

struct World {
    address: SocketAddr,
    keys: Arc<Keys>,
    functions: Arc<Functions>,
    _apis: HttpApis,
}

/// A response.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn message(&self) -> (u16, &str) {
        (self.status, &self.body)
    }
}

fn route(key: &str, function: &str, scopes: Option<&[&str]>) -> Route {
    Route {
        key: key.to_owned(),
        function: function.to_owned(),
        timeout: Duration::from_millis(50),
        authorizer: scopes.map(|scopes| JwtAuthorizer {
            header: "authorization".to_owned(),
            user_pool: POOL.to_owned(),
            audience: vec!["web".to_owned(), "app".to_owned()],
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        }),
    }
}

fn api() -> HttpApi {
    HttpApi {
        logical_id: "Api".to_owned(),
        routes: vec![
            route("GET /own", "Echo", Some(&[])),
            route("GET /scoped", "Echo", Some(&["read", "write"])),
            route("GET /open", "Greets", None),
            route("POST /open", "Greets", None),
            route("GET /fails", "Fails", None),
            route("GET /hangs", "Hangs", None),
            route("GET /malformed", "Malformed", None),
        ],
        cors: None,
        throttle: None,
    }
}

impl World {
    async fn new(api: HttpApi) -> Self {
        let keys = Arc::new(Keys::generate().unwrap());
        let functions = Arc::new(Functions::default());
        let console = Arc::new(console(false).0);
        let clock = Clock::from_fn(|| UNIX_EPOCH + Duration::from_secs(NOW));
        let settings = Settings {
            region: "us-east-1".to_owned(),
            issuer: ISSUER.to_owned(),
            debug_answers: false,
            clock: clock.clone(),
            random: Random::system(),
            records: Records::none(),
            lambda: functions.clone(),
            mail: Arc::new(Outbox::default()),
            journal: console.clone(),
        };
        let parts = Parts {
            lambda: functions.clone(),
            user_pools: UserPools::with_keys(settings, Arc::clone(&keys)).unwrap(),
            clock,
            console,
        };
        let main = SocketAddr::from(([127, 0, 0, 1], 9229));
        let apis = HttpApis::start(&[api], main, true, &parts).await.unwrap();
        Self {
            address: apis.endpoints[0].1.strip_prefix("http://").unwrap().parse().unwrap(),
            keys,
            functions,
            _apis: apis,
        }
    }

    /// Returns the response to a request with these lines after the first.
    async fn ask(&self, request: &str, lines: &[&str], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut head = format!("{request} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for line in lines {
            head.push_str(line);
            head.push_str("\r\n");
        }
        if !lines.iter().any(|line| line.starts_with("Content-Length")) {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    async fn get(&self, path: &str, lines: &[&str]) -> Answer {
        self.ask(&format!("GET {path}"), lines, b"").await
    }

    async fn with_token(&self, path: &str, token: &str) -> Answer {
        self.get(path, &[&format!("Authorization: Bearer {token}")]).await
    }

    fn token(&self, changes: &Value) -> String {
        self.keys.access.sign(&claims(changes)).unwrap()
    }
}

/// Returns the claims of a valid access token, with `changes`. `null` removes a claim.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "sub": "8a1f2b3c",
        "iss": format!("{ISSUER}/{POOL}"),
        "client_id": "web",
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin read",
        "auth_time": NOW - 10,
        "exp": NOW + 3600,
        "iat": NOW,
        "username": "ada",
        "cognito:groups": ["a", "b"],
        "flag": true,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

#[tokio::test]
async fn a_valid_token_reaches_the_function_with_all_claims_as_text() {
    let world = World::new(api()).await;
    for value in [format!("Bearer {}", world.token(&json!({}))), world.token(&json!({}))] {
        let answer = world.get("/own?x=1", &[&format!("Authorization: {value}")]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let event: Value = serde_json::from_str(&answer.body).unwrap();
        let expected = json!({
            "sub": "8a1f2b3c",
            "iss": "http://127.0.0.1:9229/us-east-1_LocalPool",
            "client_id": "web",
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin read",
            "auth_time": "1767225590",
            "exp": "1767229200",
            "iat": "1767225600",
            "username": "ada",
            "cognito:groups": "[a b]",
            "flag": "true",
        });
        let jwt = &event["requestContext"]["authorizer"]["jwt"];
        assert_eq!(*jwt, json!({"claims": expected, "scopes": null}));
        assert_eq!(
            event["requestContext"]["requestId"],
            answer.header("apigw-requestid").unwrap()
        );
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    }
}

#[tokio::test]
async fn a_token_is_judged_as_api_gateway_does() {
    let world = World::new(api()).await;
    for (changes, accepted) in [
        (json!({"aud": "app"}), true),
        (json!({"aud": ["other", "app"], "client_id": "other"}), true),
        // `client_id` counts only without `aud`.
        (json!({"aud": "other"}), false),
        (json!({"aud": []}), false),
        (json!({"client_id": "other"}), false),
        (json!({"client_id": "we"}), false),
        (json!({"client_id": null}), false),
        (json!({"client_id": ["web"]}), true),
        (json!({"token_use": "id", "client_id": null, "aud": "web"}), true),
        (json!({"iss": format!("{ISSUER}/us-east-1_Other")}), false),
        (
            json!({"iss": format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL}")}),
            false,
        ),
        (json!({"iss": format!("{ISSUER}/{POOL}/")}), false),
        (json!({"iss": null}), false),
        (json!({"exp": NOW + 1}), true),
        (json!({"exp": NOW}), false),
        (json!({"exp": NOW - 3600}), false),
        (json!({"exp": null}), false),
        (json!({"exp": "9999999999"}), false),
        (json!({"nbf": NOW}), true),
        (json!({"nbf": NOW + 1}), false),
        (json!({"nbf": "now"}), false),
        (json!({"iat": NOW + 1}), false),
        (json!({"iat": null}), true),
    ] {
        let before = world.functions.0.load(Ordering::Relaxed);
        let answer = world.with_token("/own", &world.token(&changes)).await;
        let called = world.functions.0.load(Ordering::Relaxed) - before;
        let expected = if accepted { (200, 1) } else { (401, 0) };
        assert_eq!((answer.status, called), expected, "{changes} {answer:?}");
    }
}

#[tokio::test]
async fn a_token_that_the_pool_did_not_sign_is_refused() {
    let world = World::new(api()).await;
    let valid = world.token(&json!({}));
    let parts: Vec<_> = valid.split('.').collect();
    let [head, body, signature] = parts.as_slice() else {
        panic!()
    };
    let stronger = part(&claims(&json!({"username": "admin"})));
    let jwks = world.keys.jwks();
    let key = &jwks["keys"][1];
    let kid = key["kid"].as_str().unwrap();
    let modulus = key["n"].as_str().unwrap();
    let with_secret = |secret: &[u8]| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, &claims(&json!({})), &EncodingKey::from_secret(secret)).unwrap()
    };
    let header = |header: Value| format!("{}.{body}.{signature}", part(&header));
    let foreign = Keys::generate().unwrap().access.sign(&claims(&json!({}))).unwrap();
    let foreign_signature = foreign.rsplit('.').next().unwrap();
    let attacks = [
        ("other keys", foreign.clone()),
        (
            "the signature of other keys",
            format!("{head}.{body}.{foreign_signature}"),
        ),
        ("other claims", format!("{head}.{stronger}.{signature}")),
        ("no signature", format!("{head}.{body}.")),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{valid}.{signature}")),
        ("none", header(json!({"alg": "none", "kid": kid}))),
        ("None", header(json!({"alg": "None", "kid": kid}))),
        (
            "none without a signature",
            format!("{}.{body}.", part(&json!({"alg": "none", "kid": kid}))),
        ),
        (
            "the modulus as a secret",
            with_secret(&URL_SAFE_NO_PAD.decode(modulus).unwrap()),
        ),
        ("the text of the modulus as a secret", with_secret(modulus.as_bytes())),
        ("the key as a secret", with_secret(key.to_string().as_bytes())),
        ("another algorithm", header(json!({"alg": "RS512", "kid": kid}))),
        ("an elliptic curve", header(json!({"alg": "ES256", "kid": kid}))),
        ("an unknown kid", header(json!({"alg": "RS256", "kid": "unknown"}))),
        (
            "the kid of id tokens",
            header(json!({"alg": "RS256", "kid": jwks["keys"][0]["kid"]})),
        ),
        ("no kid", header(json!({"alg": "RS256"}))),
        ("a kid that is no text", header(json!({"alg": "RS256", "kid": 1}))),
        ("its own key", header(json!({"alg": "RS256", "jwk": key}))),
        ("Bearer twice", format!("Bearer {valid}")),
        ("twice", format!("{valid} {valid}")),
        ("quoted", format!("\"{valid}\"")),
        ("no token", "x".to_owned()),
        ("dots", "..".to_owned()),
        ("long", "a".repeat(8000)),
    ];
    for (what, token) in &attacks {
        let answer = world.with_token("/own", token).await;
        assert_eq!(answer.message(), (401, r#"{"message":"Unauthorized"}"#), "{what}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer scope=\"\" error=\"invalid_token\" error_description=\""),
            "{what}: {challenge}"
        );
        assert!(!challenge.contains("ada"), "{what}: {challenge}");
    }
    let bytes = valid.as_bytes();
    for index in 0..bytes.len() {
        let mut altered = bytes.to_vec();
        altered[index] ^= 1 << (index % 2);
        let answer = world.with_token("/own", std::str::from_utf8(&altered).unwrap()).await;
        assert_eq!(answer.status, 401, "a bit of byte {index}");
    }
    assert_eq!(world.functions.0.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_request_needs_one_token_in_its_header() {
    let world = World::new(api()).await;
    let token = world.token(&json!({}));
    let valid = format!("Authorization: Bearer {token}");
    for (lines, challenge) in [
        (&[][..], "Bearer"),
        (&["Authorization:"], "Bearer"),
        (&["Authorization: Bearer"], "Bearer scope"),
        (&[&valid, &valid], "Bearer scope"),
        (&[&format!("Authorization: Basic {token}")], "Bearer scope"),
        (&[&format!("Authorization: Link {token}")], "Bearer scope"),
        (&[&format!("X-Authorization: Bearer {token}")], "Bearer"),
        (&[&format!("Cookie: Authorization=Bearer {token}")], "Bearer"),
    ] {
        let answer = world.get(&format!("/own?Authorization=Bearer%20{token}"), lines).await;
        assert_eq!(answer.message(), (401, r#"{"message":"Unauthorized"}"#), "{lines:?}");
        let found = answer.header("www-authenticate").unwrap();
        assert!(found.starts_with(challenge), "{lines:?}: {found}");
        assert_eq!(found == "Bearer", challenge == "Bearer", "{lines:?}: {found}");
    }
    assert_eq!(
        world
            .get("/own", &[&format!("authorization: bearer {token}")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_scope_of_the_route_is_needed() {
    let world = World::new(api()).await;
    for (changes, scopes) in [
        (json!({}), Some(json!(["read"]))),
        (json!({"scope": "write read"}), Some(json!(["read", "write"]))),
        (json!({"scope": null, "scp": ["write"]}), Some(json!(["write"]))),
        (json!({"scope": "reads"}), None),
        (json!({"scope": null}), None),
    ] {
        let answer = world.with_token("/scoped", &world.token(&changes)).await;
        if let Some(scopes) = scopes {
            let event: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(
                event["requestContext"]["authorizer"]["jwt"]["scopes"], scopes,
                "{changes}"
            );
        } else {
            assert_eq!(answer.message(), (403, r#"{"message":"Forbidden"}"#), "{changes}");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(
                challenge.starts_with("Bearer scope=\"read write\" error=\"insufficient_scope\""),
                "{challenge}"
            );
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said_as_api_gateway_does() {
    let world = World::new(api()).await;
    for (request, status, text) in [
        ("GET /", 404, "Not Found"),
        ("GET /open/", 404, "Not Found"),
        ("PUT /open", 404, "Not Found"),
        ("OPTIONS /open", 404, "Not Found"),
        ("GET /fails", 500, "Internal Server Error"),
        ("GET /malformed", 500, "Internal Server Error"),
        ("GET /hangs", 503, "Service Unavailable"),
    ] {
        let answer = world.ask(request, &[], b"").await;
        let expected = format!("{{\"message\":\"{text}\"}}");
        assert_eq!(answer.message(), (status, expected.as_str()), "{request}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{request}");
        assert!(answer.header("apigw-requestid").is_some(), "{request}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_does_not_reach_the_function() {
    let world = World::new(api()).await;
    let text = ["Content-Type: text/plain"];
    let longest = vec![b'a'; MAX_PAYLOAD - 1024];
    assert_eq!(world.ask("POST /open", &text, &longest).await.status, 200);
    let called = world.functions.0.load(Ordering::Relaxed);
    let announced = format!("Content-Length: {}", MAX_BODY + 1);
    let too_large = (413, r#"{"message":"Request Entity Too Large"}"#);
    // More than an event can contain, and more than API Gateway reads.
    let answer = world.ask("POST /open", &text, &vec![b'a'; MAX_PAYLOAD]).await;
    assert_eq!(answer.message(), too_large);
    let answer = world.ask("POST /open", &[text[0], &announced], b"").await;
    assert_eq!(answer.message(), too_large);
    assert_eq!(world.functions.0.load(Ordering::Relaxed), called);
}

#[tokio::test]
async fn requests_above_the_limit_wait_for_later() {
    let mut api = api();
    api.throttle = Some(Throttle { rate: 1, burst: 3 });
    let world = World::new(api).await;
    // Requests that are rejected earlier do not count.
    for _ in 0..5 {
        assert_eq!(world.get("/own", &[]).await.status, 401);
        assert_eq!(world.get("/none", &[]).await.status, 404);
    }
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(world.get("/open", &[]).await);
    }
    assert!(answers[..3].iter().all(|answer| answer.status == 200), "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status != 200).unwrap();
    assert_eq!(refused.message(), (429, r#"{"message":"Too Many Requests"}"#));
}

/// Returns the headers of a preflight from a page of `origin`.
fn preflight(origin: &str) -> [String; 3] {
    [
        format!("Origin: {origin}"),
        "Access-Control-Request-Method: PUT".to_owned(),
        "Access-Control-Request-Headers: authorization,content-type".to_owned(),
    ]
}

#[tokio::test]
async fn pages_may_read_what_the_template_lets_them() {
    const OTHER: &str = "https://other.example";
    let mut api = api();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    api.cors = Some(Cors {
        origins: texts(&["https://app.example", "http://localhost:*"]),
        methods: texts(&["GET", "PUT"]),
        headers: texts(&["authorization"]),
        exposed: texts(&["x-own"]),
        credentials: true,
        max_age: Some(600),
    });
    let world = World::new(api).await;
    for (origin, allowed) in [
        ("https://app.example", true),
        ("http://localhost:3000", true),
        ("https://app.example.evil", false),
        ("https://app.exampl", false),
        ("http://app.example", false),
        ("null", false),
        (OTHER, false),
    ] {
        let lines = preflight(origin);
        let lines = lines.each_ref().map(String::as_str);
        let asked = world.ask("OPTIONS /any/path", &lines, b"").await;
        assert_eq!(asked.message(), (204, ""), "{origin}");
        let answered = world.get("/open", &lines[..1]).await;
        assert_eq!(
            (answered.status, answered.header("x-own")),
            (200, Some("kept")),
            "{origin}"
        );
        let refused = world.get("/own", &lines[..1]).await;
        assert_eq!(refused.status, 401);
        for answer in [&asked, &answered, &refused] {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                allowed.then_some(origin),
                "{answer:?}"
            );
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                allowed.then_some("true")
            );
            assert_eq!(
                answer.header("access-control-expose-headers"),
                allowed.then_some("x-own")
            );
        }
        assert_eq!(
            asked.header("access-control-allow-methods"),
            allowed.then_some("GET,PUT")
        );
        assert_eq!(
            asked.header("access-control-allow-headers"),
            allowed.then_some("authorization")
        );
        assert_eq!(asked.header("access-control-max-age"), allowed.then_some("600"));
    }
}

#[tokio::test]
async fn without_a_configuration_only_the_page_of_local_may_read() {
    let world = World::new(api()).await;
    for (origin, own) in [
        ("http://127.0.0.1:9229", true),
        ("http://localhost:9229", true),
        ("http://localhost:9228", false),
        ("http://localhost:19229", false),
        ("https://evil.example:9229", false),
    ] {
        let lines = preflight(origin);
        let lines = lines.each_ref().map(String::as_str);
        let asked = world.ask("OPTIONS /open", &lines, b"").await;
        assert_eq!(asked.status, if own { 204 } else { 404 }, "{origin}");
        assert_eq!(asked.header("access-control-allow-methods").is_some(), own, "{origin}");
        assert_eq!(asked.header("access-control-allow-origin").is_some(), own, "{origin}");
    }
    // The function's own headers are kept, as by API Gateway.
    let answer = world.get("/open", &["Origin: https://evil.example"]).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn a_request_has_to_name_this_machine() {
    let world = World::new(api()).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let request = b"GET /open HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
}
