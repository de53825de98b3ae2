//! The API of Cognito user pools: sign-ins that the three functions control, users and tokens.
//!
//! `local` serves [`UserPools`], which use its functions, storage, clock and messages. [`Server`] is a pool
//! for integration tests: in the process of the test, on a free port, with closures as triggers. This is a complete one:
//!
//! ```
//! use serde_json::{Value, json};
//! use user_pools::Server;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = Server::builder()
//!     .user("ana", "Passw0rd!", [("email", "ana@example.com")])
//!     .define(|mut event: Value| async move {
//!         let right = event["request"]["session"][0]["challengeResult"] == true;
//!         let next = if right { None } else { Some("CUSTOM_CHALLENGE") };
//!         event["response"] = json!({"challengeName": next, "issueTokens": right, "failAuthentication": false});
//!         Ok(event)
//!     })
//!     .create(|mut event: Value| async move {
//!         let (question, answer) = (json!({"question": "2 + 2"}), json!({"answer": "4"}));
//!         event["response"] = json!({"publicChallengeParameters": question, "privateChallengeParameters": answer});
//!         Ok(event)
//!     })
//!     .verify(|mut event: Value| async move {
//!         let right = &event["request"]["privateChallengeParameters"]["answer"];
//!         event["response"] = json!({"answerCorrect": event["request"]["challengeAnswer"] == *right});
//!         Ok(event)
//!     })
//!     .start()?;
//! let call = |operation: &str, body: Value| -> Result<Value, ureq::Error> {
//!     let target = format!("AWSCognitoIdentityProviderService.{operation}");
//!     let request = ureq::post(pool.endpoint()).header("x-amz-target", target);
//!     request.send_json(body)?.body_mut().read_json()
//! };
//! let (client, user) = (pool.client_id(), json!({"USERNAME": "ana"}));
//! let start = json!({"ClientId": client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": user});
//! let asked = call("InitiateAuth", start)?;
//! assert_eq!(asked["ChallengeParameters"]["question"], "2 + 2");
//! let signed_in = call("RespondToAuthChallenge", json!({
//!     "ClientId": client, "ChallengeName": "CUSTOM_CHALLENGE", "Session": asked["Session"],
//!     "ChallengeResponses": {"USERNAME": "ana", "ANSWER": "4"},
//! }))?;
//! assert!(signed_in["AuthenticationResult"]["AccessToken"].is_string());
//! # Ok(())
//! # }
//! ```

mod api;
mod challenges;
mod clients;
mod clock;
mod directory;
mod error;
mod fields;
mod groups;
mod journal;
mod lambda;
mod mail;
mod pools;
mod random;
pub mod seed;
mod sending;
mod server;
mod set_up;
mod sign_in;
pub mod srp;
pub mod storage;
mod tokens;
pub mod totp;
mod triggers;
mod users;

use std::fmt;
use std::sync::{Arc, Mutex};

use axum::Router;
use serde_json::{Map, Value};

use clients::Client;
pub use clock::Clock;
use directory::Directory;
pub use error::Error;
use fields::{FieldError, Fields};
pub use journal::{Answered, Call, Journal};
pub use lambda::{Failure, Lambda};
pub use mail::{Mail, Medium, Message, Text};
use pools::Pool;
use pools::triggers::SENDERS;
pub use random::Random;
pub use server::{Server, ServerBuilder, ServerError};
pub use set_up::{Known, SetUpError};
use sign_in::lockout::{Lockouts, Turns};
use sign_in::pending::Waiting;
use sign_in::sessions::Sessions;
use storage::Records;
use tokens::keys::KeyRing;
pub use tokens::keys::{Keys, SigningKey};
use users::Decoys;

/// The settings of the user pools.
#[derive(Clone)]
pub struct Settings {
    /// The AWS region in the ids of the pools.
    pub region: String,
    /// The prefix of `iss` in tokens. A slash and the id of the pool follow.
    pub issuer: String,
    /// Whether `/debug/answer` returns the private challenge parameters.
    pub debug_answers: bool,
    /// The source of the time.
    pub clock: Clock,
    /// The source of unpredictable bytes.
    pub random: Random,
    /// The records that outlive the process.
    pub records: Records,
    /// Invokes the functions of the triggers.
    pub lambda: Arc<dyn Lambda>,
    /// Sends messages.
    pub mail: Arc<dyn Mail>,
    /// Receives the calls of triggers, and the reasons that Cognito does not reveal.
    pub journal: Arc<dyn Journal>,
}

/// The user pools. Clones share their data.
#[derive(Clone)]
pub struct UserPools(Arc<State>);

impl UserPools {
    /// Creates the user pools with the data of the records. If there are no signing keys, it starts to generate them.
    ///
    /// # Errors
    ///
    /// Returns an error if a record is damaged, or if the random number generator fails.
    pub fn new(settings: Settings) -> Result<Self, SetUpError> {
        let keys = KeyRing::of(&settings.records, Arc::clone(&settings.journal))?;
        Ok(Self(Arc::new(State::new(settings, keys)?)))
    }

    /// Like [`UserPools::new`], but signs tokens with `keys`.
    ///
    /// # Errors
    ///
    /// Returns an error if a record cannot be used, or if the random number generator fails.
    pub fn with_keys(settings: Settings, keys: Arc<Keys>) -> Result<Self, SetUpError> {
        Ok(Self(Arc::new(State::new(settings, KeyRing::ready(keys))?)))
    }

    /// Returns `jwks.json`. Waits until there are keys. All pools sign with the same keys.
    ///
    /// # Errors
    ///
    /// Returns an error if the keys could not be generated.
    pub async fn jwks(&self) -> Result<Value, Error> {
        self.0.keys.keys().await.map(|keys| keys.jwks())
    }

    /// Returns `iss` of the tokens of a pool.
    pub fn issuer(&self, pool: &str) -> String {
        self.0.issuer(pool)
    }

    /// Returns the routes: `POST /`, the published keys and, if enabled, the debug channel.
    pub fn router(&self) -> Router {
        api::router(Arc::clone(&self.0))
    }
}

impl fmt::Debug for UserPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserPools(..)")
    }
}

/// The data that requests use.
struct State {
    settings: Settings,
    clock: Clock,
    random: Random,
    lambda: Arc<dyn Lambda>,
    journal: Arc<dyn Journal>,
    directory: Directory,
    sessions: Mutex<Sessions<Waiting>>,
    lockouts: Mutex<Lockouts>,
    turns: Turns,
    decoys: Decoys,
    keys: KeyRing,
}

/// The reason why a client could not be created.
enum ClientError {
    Internal(Error),
    Property(FieldError),
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Internal(error) => error,
            ClientError::Property(error) => error.into(),
        }
    }
}

impl State {
    fn new(settings: Settings, keys: KeyRing) -> Result<Self, SetUpError> {
        Ok(Self {
            clock: settings.clock.clone(),
            random: settings.random.clone(),
            lambda: Arc::clone(&settings.lambda),
            directory: Directory::open(settings.records.clone(), &*settings.journal)?,
            journal: Arc::clone(&settings.journal),
            sessions: Mutex::new(Sessions::new(&settings.random)?),
            lockouts: Mutex::default(),
            turns: Turns::default(),
            decoys: Decoys::of(&settings.records, &settings.random)?,
            keys,
            settings,
        })
    }

    /// Returns `iss` of a pool's tokens.
    fn issuer(&self, pool: &str) -> String {
        format!("{}/{pool}", self.settings.issuer.trim_end_matches('/'))
    }

    fn add_pool(&self, pool: Pool) -> Result<Arc<Pool>, Error> {
        for trigger in pool.triggers.others.keys() {
            self.journal.warn(&format!(
                "`LambdaConfig.{trigger}` of pool {} is not run by local{}",
                pool.id,
                if SENDERS.contains(&trigger.as_str()) {
                    ": what Cognito would send with it is refused"
                } else {
                    ""
                }
            ));
        }
        for (first, second) in [
            ("PostAuthentication", "PreTokenGeneration"),
            ("UserMigration", "PreAuthentication"),
        ] {
            let has = |trigger: &str| pool.triggers.function(trigger).is_some();
            if has(first) && has(second) {
                self.journal.warn(&format!(
                    "pool {} has {first} and {second}: which of them Cognito calls first is not certain; here it is \
                     {first}",
                    pool.id
                ));
            }
        }
        self.directory.add_pool(pool)
    }

    fn create_client(
        &self,
        id: String,
        pool: &Pool,
        properties: Map<String, Value>,
    ) -> Result<Arc<Client>, ClientError> {
        let wants_secret = Fields::new("", &properties)
            .flag("GenerateSecret")
            .map_err(ClientError::Property)?;
        let known = self.directory.client(&id).ok().filter(|(own, _)| own.id == pool.id);
        let (kept, created) = known.map_or((None, self.clock.now()), |(_, client)| {
            (client.secret.clone(), client.created)
        });
        let secret = wants_secret
            .unwrap_or(false)
            .then(|| kept.map_or_else(|| self.random.alphanumeric::<52>(), Ok));
        let secret = secret.transpose().map_err(ClientError::Internal)?;
        let client = Client::new(id, pool, secret, properties, created).map_err(ClientError::Property)?;
        self.directory.add_client(client).map_err(ClientError::Internal)
    }
}
