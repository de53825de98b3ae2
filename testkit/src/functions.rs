//! The functions as values, with a fixed time and a seeded random generator.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognito_challenge::flow::Flow;
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge_runtime::{ConfigError, Environment};
use create_auth_challenge::Issuers;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};
use verify_auth_challenge::Verifiers;

/// The time at which every function runs: 2026-01-01T00:00:00Z, in seconds since 1970.
pub const NOW_SECONDS: u64 = 1_767_225_600;

/// Returns [`NOW_SECONDS`] as a time.
pub fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_SECONDS)
}

/// Define, create and verify in one process.
pub struct Functions {
    flow: Flow,
    create: create_auth_challenge::Function,
    verify: verify_auth_challenge::Function,
    runtime: tokio::runtime::Runtime,
}

impl Functions {
    /// Configures the functions as their `main.rs` files do.
    ///
    /// # Errors
    ///
    /// Returns an error if a function rejects its configuration.
    ///
    /// # Panics
    ///
    /// Panics if the async runtime cannot be created.
    pub fn new(environment: &Environment, issuers: &Issuers, verifiers: &Verifiers) -> Result<Self, ConfigError> {
        Ok(Self {
            flow: define_auth_challenge::configure(environment)?,
            create: create_auth_challenge::Function::configure(environment, issuers)?,
            verify: verify_auth_challenge::Function::configure(environment, verifiers)?,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        })
    }

    /// Runs define.
    ///
    /// # Errors
    ///
    /// Returns the error of the function as text.
    pub fn define(&self, event: Value) -> Result<Value, String> {
        define_auth_challenge::handle(event, &self.flow).map_err(|error| error.to_string())
    }

    /// Runs create, always with the same state of the generator.
    ///
    /// # Errors
    ///
    /// Returns the error of the function as text.
    pub fn create(&self, event: Value) -> Result<Value, String> {
        self.create_with(event, 1)
    }

    /// Runs create with the generator seeded with `seed`.
    ///
    /// # Errors
    ///
    /// Returns the error of the function as text.
    pub fn create_with(&self, event: Value, seed: u64) -> Result<Value, String> {
        let mut rng = StdRng::seed_from_u64(seed);
        let created = self.runtime.block_on(self.create.handle(event, now(), &mut rng));
        created.map_err(|error| error.to_string())
    }

    /// Runs verify.
    ///
    /// # Errors
    ///
    /// Returns the error of the function as text.
    pub fn verify(&self, event: Value) -> Result<Value, String> {
        let verified = self.runtime.block_on(self.verify.handle(event, now()));
        verified.map_err(|error| error.to_string())
    }

    /// Returns the telemetry of the challenge types in create and verify.
    pub fn telemetry(&self) -> Vec<&'static Telemetry> {
        [self.create.telemetry(), self.verify.telemetry()].concat()
    }
}

/// Returns an event of `trigger`, such as `DefineAuthChallenge`, as Cognito sends it, including null fields.
pub fn event(trigger: &str, attributes: &Value, user_not_found: bool) -> Value {
    let fields = match trigger {
        "DefineAuthChallenge" => ["challengeName", "issueTokens", "failAuthentication"].as_slice(),
        "CreateAuthChallenge" => &[
            "publicChallengeParameters",
            "privateChallengeParameters",
            "challengeMetadata",
        ],
        _ => &["answerCorrect"],
    };
    let response: Map<String, Value> = fields.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    json!({
        "version": "1",
        "region": "us-east-1",
        "userPoolId": "us-east-1_LocalPool",
        "userName": "8a1f2b3c-0000-4000-8000-00000000abcd",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "localclient000000000000000"},
        "triggerSource": format!("{trigger}_Authentication"),
        "request": {"userAttributes": attributes, "userNotFound": user_not_found},
        "response": response,
    })
}
