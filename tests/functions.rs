//! The functions, configured for tests: in this process, with a fixed clock and a seeded generator.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use create_auth_challenge::Asker;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use shared::challenges::security_question::Enrollment;
use shared::flow::Flow;
use shared::lambda::Environment;
use shared::secret::Keys;
use verify_auth_challenge::Judge;

/// The flow that template.yaml sets.
pub const DEFAULT_FLOW: &str = "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3";

/// The secret that the hashes in the fixtures are keyed with.
pub const SECRET: &str = "the fixtures' secret, long enough";

/// What [`enrolled`] holds.
pub const ANSWERS: [(&str, &str); 3] = [
    ("birth-city", "Seattle"),
    ("first-pet", "Peccy"),
    ("first-teacher", "Ms Ada"),
];

/// The time at which every function runs: 2026-01-01T00:00:00Z.
pub const NOW_SECONDS: u64 = 1_767_225_600;

/// [`NOW_SECONDS`] as a time.
pub fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_SECONDS)
}

/// The attribute value of a user who has enrolled [`ANSWERS`].
pub fn enrolled() -> &'static str {
    static ENROLLED: LazyLock<String> = LazyLock::new(|| {
        let keys = Keys::parse(SECRET).unwrap();
        Enrollment::new(ANSWERS, &keys, || [7; 16]).unwrap().to_attribute()
    });
    &ENROLLED
}

/// The functions with one flow.
pub struct Functions {
    flow: Flow,
    asker: Asker,
    judge: Judge,
}

impl Functions {
    /// Configures the functions as their `main`s do, with a bucket that nobody answers for: pictures go inline.
    pub fn with_flow(flow: &str) -> Self {
        let environment = Environment::new([
            ("AUTH_FLOW", flow),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("CAPTCHA_BUCKET", "pictures"),
            ("CHALLENGE_SECRET", SECRET),
            ("PROOF_OF_WORK_TRIES", "2"),
        ]);
        Self {
            flow: define_auth_challenge::configure(&environment).unwrap(),
            asker: Asker::configure(&environment).unwrap(),
            judge: Judge::configure(&environment).unwrap(),
        }
    }

    /// Runs define.
    ///
    /// # Errors
    ///
    /// The function's own, as text.
    pub fn define(&self, event: Value) -> Result<Value, String> {
        define_auth_challenge::handle(event, &self.flow).map_err(|error| error.to_string())
    }

    /// Runs create, with the generator always in the same state.
    ///
    /// # Errors
    ///
    /// The function's own, as text.
    pub fn create(&self, event: Value) -> Result<Value, String> {
        let mut rng = StdRng::seed_from_u64(1);
        block_on(self.asker.handle(event, now(), &mut rng)).map_err(|error| error.to_string())
    }

    /// Runs the function before tokens.
    ///
    /// # Errors
    ///
    /// The function's own, as text.
    pub fn pre_token(&self, event: Value) -> Result<Value, String> {
        pre_token_generation::handle(event).map_err(|error| error.to_string())
    }

    /// Runs verify.
    ///
    /// # Errors
    ///
    /// The function's own, as text.
    pub fn verify(&self, event: Value) -> Result<Value, String> {
        block_on(self.judge.handle(event, now())).map_err(|error| error.to_string())
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}
