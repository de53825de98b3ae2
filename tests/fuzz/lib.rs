//! The shared parts of the fuzz targets: the functions, their log, and texts that no output may contain.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognito_challenge::flow::Flow;
use cognito_challenge_runtime::Environment;
use create_auth_challenge::Issuers;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use verify_auth_challenge::Verifiers;

/// The flow of define and create: the flow of the fixtures, with every challenge.
pub const FLOW: &str = "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3";

/// The flow of verify, which checks more challenges.
const JUDGED: &str = "CAPTCHA|PROOF_OF_WORK|SECURITY_QUESTION|EMAIL_CODE|MAGIC_LINK:3";

/// The time of all calls: 2026-01-01T00:00:00Z, as in the fixtures.
pub const NOW_SECONDS: u64 = 1_767_225_600;

/// A random text that is new in each run, so that inputs cannot contain it. The targets insert it as the secret.
static MARKER: LazyLock<String> = LazyLock::new(|| format!("marker-{:032x}", rand::random::<u128>()));

/// Define, create and verify.
pub struct Functions {
    flow: Flow,
    create: create_auth_challenge::Function,
    verify: verify_auth_challenge::Function,
    runtime: Runtime,
}

impl Functions {
    /// Configures the functions as their `main.rs` files do, with a fixed time and an invalid address of the bucket.
    pub fn new() -> Self {
        let environment = Environment::new([
            ("AUTH_FLOW", FLOW),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:0"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("CAPTCHA_BUCKET", "pictures"),
            ("CHALLENGE_SECRET", &MARKER),
            ("PROOF_OF_WORK_TRIES", "1"),
        ]);
        let verify_environment = Environment::new([
            ("AUTH_FLOW", JUDGED),
            ("AUTH_SESSION_MINUTES", "3"),
            ("CHALLENGE_SECRET", &MARKER),
        ]);
        Self {
            flow: define_auth_challenge::configure(&environment).unwrap(),
            create: create_auth_challenge::Function::configure(&environment, &Issuers::standard()).unwrap(),
            verify: verify_auth_challenge::Function::configure(&verify_environment, &Verifiers::standard()).unwrap(),
            runtime: runtime(),
        }
    }

    /// Runs define.
    pub fn define(&self, event: Value) -> Result<Value, String> {
        quiet(|| define_auth_challenge::handle(event, &self.flow).map_err(|error| error.to_string()))
    }

    /// Runs create, always with the same random numbers.
    pub fn create(&self, event: Value) -> Result<Value, String> {
        let mut rng = StdRng::seed_from_u64(1);
        let asked = self.create.handle(event, now(), &mut rng);
        quiet(|| self.runtime.block_on(asked).map_err(|error| error.to_string()))
    }

    /// Runs verify.
    pub fn verify(&self, event: Value) -> Result<Value, String> {
        let answered = self.verify.handle(event, now());
        quiet(|| self.runtime.block_on(answered).map_err(|error| error.to_string()))
    }
}

impl Default for Functions {
    fn default() -> Self {
        Self::new()
    }
}

/// Creates a runtime with a paused clock, so that it never waits.
///
/// # Panics
///
/// Panics if the runtime cannot be created.
pub fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_SECONDS)
}

/// Runs `function`. Fails if its error or its log, at the lowest level, contains the marker.
fn quiet(function: impl FnOnce() -> Result<Value, String>) -> Result<Value, String> {
    let log = Log::default();
    let own = [
        "cognito_challenge",
        "cognito_challenge_runtime",
        "define_auth_challenge",
        "create_auth_challenge",
        "verify_auth_challenge",
    ];
    let subscriber = tracing_subscriber::registry()
        .with(Targets::new().with_targets(own.map(|target| (target, Level::TRACE))))
        .with(tracing_subscriber::fmt::layer().with_writer({
            let log = log.clone();
            move || log.clone()
        }));
    let answered = tracing::subscriber::with_default(subscriber, function);
    tells_nothing(&String::from_utf8_lossy(&log.0.lock().unwrap()));
    if let Err(error) = &answered {
        tells_nothing(error);
    }
    answered
}

/// A writer that keeps the log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails if `text` contains the marker.
pub fn tells_nothing(text: &str) {
    assert!(!text.contains(MARKER.as_str()), "the text contains a secret: {text}");
}

/// Returns a secret that no output may contain.
pub fn secret() -> &'static str {
    &MARKER
}

/// Parses `bytes` as the JSON of an event. Returns `None` if they are not an object.
pub fn event(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(event)) => Some(event),
        _ => None,
    }
}

/// Returns `event` with the marker appended to all texts that belong to the user or to verify. Names that Cognito
/// defines stay unchanged, so that the functions process the event.
pub fn marked(event: &Map<String, Value>) -> Value {
    let mut event = event.clone();
    for (name, value) in &mut event {
        match (name.as_str(), value) {
            ("userName", value) => mark(value),
            ("request", Value::Object(request)) => {
                for (name, value) in request {
                    match (name.as_str(), value) {
                        ("challengeAnswer" | "clientMetadata", value) => mark(value),
                        ("privateChallengeParameters" | "userAttributes", Value::Object(values)) => values
                            .iter_mut()
                            .filter(|(name, _)| !["challenge", "issuedAt", "locale"].contains(&name.as_str()))
                            .for_each(|(_, value)| mark(value)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Value::Object(event)
}

fn mark(value: &mut Value) {
    match value {
        Value::String(text) => text.push_str(&MARKER),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(fields) => fields.values_mut().for_each(mark),
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

/// Returns `event` without the parts that a client controls.
pub fn untyped(event: &Map<String, Value>) -> Value {
    let mut event = event.clone();
    if let Some(Value::Object(request)) = event.get_mut("request") {
        request.retain(|name, _| !["challengeAnswer", "clientMetadata"].contains(&name.as_str()));
    }
    Value::Object(event)
}
