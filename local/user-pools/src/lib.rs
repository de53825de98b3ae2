//! The Cognito user pools API: sign-ins that the three functions decide about, users, tokens.

mod api;
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
pub use journal::{Call, Journal};
pub use lambda::{Failure, Lambda};
pub use mail::{Mail, Medium, Message};
use pools::Pool;
pub use set_up::{Known, SetUpError};
use sign_in::lockout::{Lockouts, Turns};
use sign_in::pending::Waiting;
use sign_in::sessions::Sessions;
use storage::Records;
use tokens::keys::KeyRing;
pub use tokens::keys::{Keys, SigningKey};
use users::Decoys;

/// What the user pools are told from outside.
#[derive(Clone)]
pub struct Settings {
    /// The AWS region that pools say they are in.
    pub region: String,
    /// What a pool's id is appended to (with a slash) to make `iss` of its tokens.
    pub issuer: String,
    /// Whether `/debug/answer` tells what only the verify function should know.
    pub debug_answers: bool,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where records outlive the process.
    pub records: Records,
    /// Runs the functions of the triggers.
    pub lambda: Arc<dyn Lambda>,
    /// Sends messages.
    pub mail: Arc<dyn Mail>,
    /// What is told of each trigger call, and of what Cognito would not say.
    pub journal: Arc<dyn Journal>,
}

/// The user pools. A clone is the same pools.
#[derive(Clone)]
pub struct UserPools(Arc<State>);

impl UserPools {
    /// The user pools that the records have. If there are no keys to sign tokens with, starts making them.
    ///
    /// # Errors
    /// If a record cannot be used, or the machine has no random numbers.
    pub fn new(settings: Settings) -> Result<Self, SetUpError> {
        let keys = KeyRing::of(&settings.records, Arc::clone(&settings.journal))?;
        Ok(Self(Arc::new(State::new(settings, keys)?)))
    }

    /// The same, with `keys` to sign tokens with in place of those that the records have.
    ///
    /// # Errors
    /// If a record cannot be used, or the machine has no random numbers.
    pub fn with_keys(settings: Settings, keys: Arc<Keys>) -> Result<Self, SetUpError> {
        Ok(Self(Arc::new(State::new(settings, KeyRing::ready(keys))?)))
    }

    /// `jwks.json`, as soon as there are keys. All pools sign with the same ones.
    ///
    /// # Errors
    /// If the machine has no random numbers to make them of.
    pub async fn jwks(&self) -> Result<Value, Error> {
        self.0.keys.keys().await.map(|keys| keys.jwks())
    }

    /// `iss` of the tokens of a pool.
    pub fn issuer(&self, pool: &str) -> String {
        self.0.issuer(pool)
    }

    /// `POST /`, the published keys and, if wanted, the debug channel.
    pub fn router(&self) -> Router {
        api::router(Arc::clone(&self.0))
    }
}

impl fmt::Debug for UserPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserPools(..)")
    }
}

/// Everything that a request may need.
struct State {
    settings: Settings,
    clock: Clock,
    lambda: Arc<dyn Lambda>,
    journal: Arc<dyn Journal>,
    directory: Directory,
    sessions: Mutex<Sessions<Waiting>>,
    lockouts: Mutex<Lockouts>,
    turns: Turns,
    decoys: Decoys,
    keys: KeyRing,
}

/// Why a client could not be made.
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
            lambda: Arc::clone(&settings.lambda),
            directory: Directory::open(settings.records.clone(), &*settings.journal)?,
            journal: Arc::clone(&settings.journal),
            sessions: Mutex::new(Sessions::new()?),
            lockouts: Mutex::default(),
            turns: Turns::default(),
            decoys: Decoys::of(&settings.records)?,
            keys,
            settings,
        })
    }

    /// `iss` of a pool's tokens.
    fn issuer(&self, pool: &str) -> String {
        format!("{}/{pool}", self.settings.issuer.trim_end_matches('/'))
    }

    fn add_pool(&self, pool: Pool) -> Result<Arc<Pool>, Error> {
        for trigger in pool.triggers.others.keys() {
            self.journal.warn(&format!(
                "`LambdaConfig.{trigger}` of pool {} is not run by local",
                pool.id
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
            .then(|| kept.map_or_else(random::alphanumeric::<52>, Ok));
        let secret = secret.transpose().map_err(ClientError::Internal)?;
        let client = Client::new(id, pool, secret, properties, created).map_err(ClientError::Property)?;
        self.directory.add_client(client).map_err(ClientError::Internal)
    }
}
