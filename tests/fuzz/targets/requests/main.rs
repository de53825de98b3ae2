//! Any requests to `local`: each gets a response of Cognito, only completed sign-ins get tokens, and no response, token
//! or log contains a secret.
//!
//! An input is a list of requests separated by empty lines. A request has the operation on its first line, then the
//! body. In a body, `$SESSION`, `$TOKEN`, `$REFRESH` and `$DEVICE` are replaced by the latest received values.

#![no_main]

mod sums;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fuzz::{runtime, secret, tells_nothing};
use libfuzzer_sys::fuzz_target;
use sam_template::{Deployment, Template};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use user_pools::storage::{Memory, Records};
use user_pools::{Clock, Random, Settings, UserPools};

use sums::{Quiet, Sums};

const POOL: &str = "us-east-1_LocalPool";
/// The deployed app client, which gets tokens only for a custom sign-in.
const CLIENT: &str = "localclient000000000000000";
/// An app client that allows every authentication flow.
const ANY_WAY: &str = "anyway00000000000000000000";
const PASSWORD: &str = "Passw0rd!demo";

/// The maximum number of requests in an input.
const MOST: usize = 8;

/// Operations that show attributes to an administrator, or that allow a client to read them.
const SHOWING: [&str; 5] = [
    "AdminGetUser",
    "CreateUserPoolClient",
    "ListUsers",
    "ListUsersInGroup",
    "UpdateUserPoolClient",
];

/// The pool, its clients and two users at the start of every input.
static START: LazyLock<Memory> = LazyLock::new(start);
static RUNTIME: LazyLock<Runtime> = LazyLock::new(runtime);

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut talk = Talk::new(&START);
    for request in text.split("\n\n").take(MOST) {
        let (operation, body) = request.split_once('\n').unwrap_or((request, ""));
        talk.call(operation, body);
    }
});

fn start() -> Memory {
    let memory = Arc::new(Memory::default());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let deployment = Deployment {
        parameters: [].into(),
        region: "us-east-1".into(),
        stack: "local".into(),
        pool_id: POOL.into(),
        client_id: CLIENT.into(),
        secret: secret().into(),
        secrets: [].into(),
        builds: false,
    };
    let template = Template::read(&path, &deployment).unwrap();
    let pools = user_pools(&memory, &Arc::default());
    let (pool, client) = (&template.user_pools[0], &template.clients[0]);
    pools
        .add_pool(POOL, &pool.logical_id, &pool.triggers, &pool.properties)
        .unwrap();
    let mut properties = client.properties.clone();
    pools.add_client(CLIENT, POOL, &properties).unwrap();
    properties["ExplicitAuthFlows"] = json!([
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
    ]);
    pools.add_client(ANY_WAY, POOL, &properties).unwrap();
    for (name, password) in [("demo", PASSWORD), ("other", &format!("Passw0rd!{}", secret()))] {
        let attributes = [
            ("email", format!("{name}@example.com")),
            ("email_verified", "true".to_owned()),
            ("custom:security_questions", secret().to_owned()),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        pools.add_user(POOL, name, password, attributes.into()).unwrap();
    }
    // The request waits until the keys exist, so that all inputs share one key pair.
    let keys = Request::get(format!("/{POOL}/.well-known/jwks.json")).body(Body::empty());
    let keys = RUNTIME.block_on(pools.router().oneshot(keys.unwrap())).unwrap();
    assert_eq!(keys.status(), 200);
    Memory::clone(&memory)
}

fn user_pools(memory: &Arc<Memory>, sums: &Arc<Sums>) -> UserPools {
    UserPools::new(Settings {
        region: "us-east-1".into(),
        issuer: "http://127.0.0.1:9229".into(),
        debug_answers: false,
        clock: Clock::system(),
        random: Random::system(),
        records: Records::new(memory.clone()),
        lambda: sums.clone(),
        mail: Arc::new(Quiet),
        journal: Arc::new(Quiet),
    })
    .unwrap()
}

/// Sends the requests of one input in order.
struct Talk {
    router: Router,
    sums: Arc<Sums>,
    /// The latest received values.
    latest: [(&'static str, String); 4],
    /// For each session, how its sign-in started and continued.
    sign_ins: HashMap<String, SignIn>,
    refresh_tokens: HashSet<String>,
    /// All texts that were sent, and every password that a user may have.
    sent: String,
    /// Whether responses may contain attributes that a client must not read.
    showing: bool,
}

#[derive(Clone, Copy, Default)]
struct SignIn {
    custom: bool,
    /// Whether a user's password was sent.
    password: bool,
}

impl Talk {
    fn new(start: &Memory) -> Self {
        let sums = Arc::default();
        Self {
            router: user_pools(&Arc::new(start.clone()), &sums).router(),
            sums,
            latest: ["$SESSION", "$TOKEN", "$REFRESH", "$DEVICE"].map(|name| (name, String::new())),
            sign_ins: HashMap::new(),
            refresh_tokens: HashSet::new(),
            sent: PASSWORD.to_owned(),
            showing: false,
        }
    }

    fn call(&mut self, operation: &str, body: &str) {
        let mut body = body.to_owned();
        for (name, latest) in &self.latest {
            body = body.replace(name, latest);
        }
        let sent: Value = serde_json::from_str(&body).unwrap_or_default();
        self.showing |= SHOWING.contains(&operation);
        self.sums.forget_decision();
        let Some(answer) = self.send(operation, &body) else {
            return;
        };
        let mut sign_in = self.sign_in(operation, &sent);
        for parameters in ["AuthParameters", "ChallengeResponses"] {
            let password = sent[parameters]["PASSWORD"].as_str().unwrap_or_default();
            sign_in.password |= !password.is_empty() && self.sent.contains(password);
        }
        let tokens = &answer["AuthenticationResult"];
        if tokens["AccessToken"].is_string() {
            let refreshed = [&sent["AuthParameters"]["REFRESH_TOKEN"], &sent["RefreshToken"]]
                .into_iter()
                .any(|token| token.as_str().is_some_and(|token| self.refresh_tokens.contains(token)));
            let passed = if sign_in.custom {
                self.sums.lets_through()
            } else {
                sign_in.password
            };
            assert!(refreshed || passed, "{operation} issues tokens without a completed sign-in");
        }
        for token in ["AccessToken", "IdToken"] {
            self.keeps_secrets(&claims(tokens[token].as_str().unwrap_or_default()));
        }
        let came = [
            &answer["Session"],
            &tokens["AccessToken"],
            &tokens["RefreshToken"],
            &tokens["NewDeviceMetadata"]["DeviceKey"],
        ];
        for ((_, latest), came) in self.latest.iter_mut().zip(came) {
            if let Some(came) = came.as_str() {
                came.clone_into(latest);
            }
        }
        self.refresh_tokens
            .extend(tokens["RefreshToken"].as_str().map(str::to_owned));
        if let Some(session) = answer["Session"].as_str() {
            self.sign_ins.insert(session.to_owned(), sign_in);
        }
        self.sent.push_str(&sent.to_string());
    }

    fn sign_in(&self, operation: &str, sent: &Value) -> SignIn {
        if operation.ends_with("InitiateAuth") {
            return SignIn {
                custom: sent["AuthFlow"] == "CUSTOM_AUTH",
                password: false,
            };
        }
        let session = sent["Session"].as_str().and_then(|session| self.sign_ins.get(session));
        session.copied().unwrap_or_default()
    }

    /// Returns the response, or `None` if the input is not an HTTP request.
    fn send(&self, operation: &str, body: &str) -> Option<Value> {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let request = Request::post("/").header("x-amz-target", target);
        let request = request.body(Body::from(body.to_owned())).ok()?;
        let (parts, body) = RUNTIME.block_on(async {
            let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
            (parts, to_bytes(body, usize::MAX).await.unwrap())
        });
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            [200, 400, 413].contains(&parts.status.as_u16()),
            "{operation}: {} {body}",
            parts.status
        );
        self.keeps_secrets(&format!("{:?}", parts.headers));
        self.keeps_secrets(&body);
        Some(serde_json::from_str(&body).expect("a response is JSON"))
    }

    fn keeps_secrets(&self, text: &str) {
        if !self.showing {
            tells_nothing(text);
        }
    }
}

/// Returns the claims of a token, or `""` if it is unreadable.
fn claims(token: &str) -> String {
    let claims = token
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    String::from_utf8_lossy(&claims.unwrap_or_default()).into_owned()
}
