//! One pool, one client, one user, three functions, and a clock that a test sets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::lambda::{Failure, Lambda};
use crate::srp::Identity;
use crate::srp::client::Client;
use crate::storage::Records;
use crate::tokens::keys::KeyRing;
use crate::tokens::tests::KEYS;
use crate::{Call, Clock, Journal, Mail, Message, Random, Settings, State, UserPools};

pub(super) const POOL: &str = "us-east-1_LocalPool";
pub(super) const CLIENT: &str = "localclient000000000000000";
pub(super) const PASSWORD: &str = "Passw0rd!demo";
pub(super) const INCORRECT: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");

/// The outcome of a call of a function.
pub(super) enum Outcome {
    /// Returns the event with this `response`.
    Response(Value),
    /// Returns these bytes.
    Raw(String),
    Fail(Failure),
    /// Fails after this time.
    FailAfter(Duration, Failure),
    Hang,
}

type Function = dyn Fn(&str, &Value) -> Outcome + Send + Sync;

/// The functions, and the events they received.
pub(super) struct Functions {
    run: Box<Function>,
    calls: Mutex<Vec<(String, Value)>>,
}

#[async_trait]
impl Lambda for Functions {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, Failure> {
        let mut event: Value = serde_json::from_slice(&event).unwrap();
        self.calls.lock().unwrap().push((function.to_owned(), event.clone()));
        // A process takes time, during which other requests arrive.
        tokio::task::yield_now().await;
        match (self.run)(function, &event) {
            Outcome::Response(response) => {
                event["response"] = response;
                Ok(event.to_string().into())
            }
            Outcome::Raw(text) => Ok(text.into()),
            Outcome::Fail(failure) => Err(failure),
            Outcome::FailAfter(time, failure) => {
                tokio::time::sleep(time).await;
                Err(failure)
            }
            Outcome::Hang => std::future::pending().await,
        }
    }
}

/// The lines of the terminal.
#[derive(Default)]
pub(super) struct Log(Mutex<Vec<String>>);

impl Journal for Log {
    fn call(&self, call: &Call<'_>) {
        let line = format!("{} {} {}", call.function, call.occasion, call.decision);
        self.0.lock().unwrap().push(line);
    }

    fn warn(&self, text: &str) {
        self.0.lock().unwrap().push(format!("! {text}"));
    }
}

/// The messages that were sent.
#[derive(Default)]
struct Outbox(Mutex<Vec<Value>>);

impl Mail for Outbox {
    fn send(&self, message: Message, now: Duration) {
        let text = message
            .text
            .map(|text| json!({"subject": text.subject, "body": text.body}));
        let mut sent = json!({
            "medium": message.medium.name(),
            "to": message.address,
            "username": message.user,
            "purpose": message.purpose,
            "code": message.code,
            "sentAt": now.as_secs(),
        });
        if let Some(text) = text {
            sent["text"] = text;
        }
        self.0.lock().unwrap().push(sent);
    }
}

pub(super) struct World {
    pub(super) router: Router,
    pub(super) state: Arc<State>,
    functions: Arc<Functions>,
    log: Arc<Log>,
    outbox: Arc<Outbox>,
    now: Arc<AtomicU64>,
}

/// A response: the HTTP status, the headers and the body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    /// Returns the exception and its message.
    pub(super) fn error(&self) -> (&str, &str) {
        assert_eq!(self.status, 400, "{self:?}");
        (
            self.body["__type"].as_str().unwrap(),
            self.body["message"].as_str().unwrap(),
        )
    }

    pub(super) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }
}

/// Accepts every event, like a function that only agrees.
pub(super) fn agree(function: &str, event: &Value) -> Outcome {
    match function {
        "Define" | "Create" | "Verify" => sums(function, event),
        _ => Outcome::Response(event["response"].clone()),
    }
}

/// Asks for a password (if the client starts with one) and then for a sum, at most three times.
pub(super) fn sums(function: &str, event: &Value) -> Outcome {
    let request = &event["request"];
    let unknown = request["userNotFound"] == true;
    Outcome::Response(match function {
        "Define" => {
            let session = request["session"].as_array().unwrap();
            let wrong = session.iter().filter(|round| round["challengeResult"] == false).count();
            let last = session
                .last()
                .map(|round| (round["challengeName"].as_str().unwrap(), &round["challengeResult"]));
            let (name, issue, fail) = match last {
                _ if wrong > 2 => (Value::Null, false, true),
                Some(("SRP_A", _)) => (json!("PASSWORD_VERIFIER"), false, false),
                Some(("CUSTOM_CHALLENGE", Value::Bool(true))) => (Value::Null, !unknown, unknown),
                _ => (json!("CUSTOM_CHALLENGE"), false, false),
            };
            json!({"challengeName": name, "issueTokens": issue, "failAuthentication": fail})
        }
        "Create" => json!({
            "publicChallengeParameters": {"question": "2 + 2", "locale": request["clientMetadata"]["locale"].as_str().unwrap_or("en")},
            "privateChallengeParameters": {"challenge": "SUM", "answer": "4"},
            "challengeMetadata": "SUM",
        }),
        "Verify" => {
            let right = request["challengeAnswer"] == request["privateChallengeParameters"]["answer"];
            json!({"answerCorrect": right && !unknown})
        }
        other => panic!("no function is called {other}"),
    })
}

impl World {
    /// Creates a world whose client hides users and allows every flow.
    pub(super) fn new() -> Self {
        Self::with(json!({}), json!({}), sums)
    }

    pub(super) fn with(
        pool: Value,
        client: Value,
        functions: impl Fn(&str, &Value) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self::with_triggers(&[], pool, client, functions)
    }

    /// Creates a world whose pool has more triggers than the three. Their functions have the names of the triggers.
    pub(super) fn with_triggers(
        more: &[&str],
        pool: Value,
        client: Value,
        functions: impl Fn(&str, &Value) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let functions = Arc::new(Functions {
            run: Box::new(functions),
            calls: Mutex::default(),
        });
        let log = Arc::new(Log::default());
        let now = Arc::new(AtomicU64::new(1_700_000_000));
        let time = Arc::clone(&now);
        let outbox = Arc::new(Outbox::default());
        let settings = Settings {
            region: "us-east-1".into(),
            issuer: "http://127.0.0.1:9229".into(),
            debug_answers: true,
            clock: Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(time.load(Ordering::Relaxed))),
            random: Random::system(),
            records: Records::none(),
            lambda: functions.clone(),
            mail: outbox.clone(),
            journal: log.clone(),
        };
        let keys = KeyRing::ready(Arc::clone(&KEYS));
        let pools = UserPools(Arc::new(State::new(settings, keys).unwrap()));
        let triggers = [
            ("DefineAuthChallenge", "Define"),
            ("CreateAuthChallenge", "Create"),
            ("VerifyAuthChallengeResponse", "Verify"),
        ];
        let triggers = triggers
            .into_iter()
            .chain(more.iter().map(|trigger| (*trigger, *trigger)))
            .map(|(trigger, function)| (trigger.to_owned(), function.to_owned()))
            .collect();
        let pool = object(pool);
        pools.add_pool(POOL, "UserPool", &triggers, &pool).unwrap();
        let mut properties = object(json!({
            "PreventUserExistenceErrors": "ENABLED",
            "ExplicitAuthFlows": [
                "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            ],
        }));
        properties.extend(object(client));
        pools.add_client(CLIENT, POOL, &properties).unwrap();
        let attributes = [("email", "demo@example.com"), ("email_verified", "true")];
        let attributes = attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let login = if pool.contains_key("UsernameAttributes") {
            "demo@example.com"
        } else {
            "demo"
        };
        pools.add_user(POOL, login, PASSWORD, attributes).unwrap();
        Self {
            router: pools.router(),
            state: Arc::clone(&pools.0),
            functions,
            log,
            outbox,
            now,
        }
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(super) async fn call(&self, operation: &str, body: Value) -> Answer {
        self.send(operation, Body::from(body.to_string())).await
    }

    pub(super) async fn send(&self, operation: &str, body: Body) -> Answer {
        let request = Request::post("/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .body(body)
            .unwrap();
        self.request(request).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.request(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn request(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    /// Sends `InitiateAuth`.
    pub(super) async fn initiate(&self, flow: &str, parameters: Value) -> Answer {
        self.call(
            "InitiateAuth",
            json!({"AuthFlow": flow, "ClientId": CLIENT, "AuthParameters": parameters}),
        )
        .await
    }

    /// Starts a custom sign-in without a password.
    pub(super) async fn start(&self, username: &str) -> Value {
        self.initiate("CUSTOM_AUTH", json!({"USERNAME": username})).await.ok()
    }

    /// Sends `RespondToAuthChallenge` for a custom challenge.
    pub(super) async fn answer(&self, username: &str, session: &Value, answer: &str) -> Answer {
        let responses = json!({"USERNAME": username, "ANSWER": answer});
        self.respond("CUSTOM_CHALLENGE", responses, session).await
    }

    pub(super) async fn respond(&self, challenge: &str, responses: Value, session: &Value) -> Answer {
        let body = json!({
            "ClientId": CLIENT, "ChallengeName": challenge, "ChallengeResponses": responses, "Session": session,
        });
        self.call("RespondToAuthChallenge", body).await
    }

    /// Returns the events that `function` received, the newest last.
    pub(super) fn events(&self, function: &str) -> Vec<Value> {
        let calls = self.functions.calls.lock().unwrap();
        calls
            .iter()
            .filter(|(name, _)| name == function)
            .map(|(_, event)| event.clone())
            .collect()
    }

    /// Returns the names of the functions, in the order of their calls.
    pub(super) fn calls(&self) -> Vec<String> {
        self.functions
            .calls
            .lock()
            .unwrap()
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Returns the messages that were sent, the newest first.
    pub(super) fn outbox(&self) -> Value {
        let messages: Vec<Value> = self.outbox.0.lock().unwrap().iter().rev().cloned().collect();
        json!({ "messages": messages })
    }

    /// Returns the lines of the terminal.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.0.lock().unwrap().clone()
    }
}

/// Returns the answer to `PASSWORD_VERIFIER` of a client that uses `password`.
pub(super) fn claim(client: &Client, challenge: &Value, password: &str) -> Value {
    let text = |key: &str| challenge["ChallengeParameters"][key].as_str().unwrap().to_owned();
    let (user, block, timestamp) = (
        text("USER_ID_FOR_SRP"),
        text("SECRET_BLOCK"),
        "Sat Sep 5 01:02:03 UTC 2026",
    );
    let identity = Identity {
        pool: POOL,
        user: &user,
    };
    let key = client.key(identity, password, &text("SALT"), &text("SRP_B"));
    json!({
        "USERNAME": user,
        "PASSWORD_CLAIM_SECRET_BLOCK": block,
        "PASSWORD_CLAIM_SIGNATURE": Client::sign(&key, identity, &block, timestamp),
        "TIMESTAMP": timestamp,
    })
}

pub(super) fn object(value: Value) -> serde_json::Map<String, Value> {
    let Value::Object(map) = value else {
        panic!("{value} is no object")
    };
    map
}
