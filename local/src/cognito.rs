//! The Cognito user pools API: sign-ins that the three functions decide about, users, tokens.

mod api;
mod clients;
mod clock;
mod demo;
mod error;
mod fields;
mod groups;
mod journal;
mod lockout;
mod outbox;
mod pools;
mod random;
mod rounds;
mod session;
mod sign_in;
mod srp;
mod store;
mod tokens;
mod totp;
mod triggers;
mod users;
mod waiting;

use std::fmt;
use std::sync::{Arc, Mutex};

use axum::Router;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::disk::{Disk, DiskError};
use crate::lambda::Lambda;
use crate::outbox::Outbox;
use crate::template::{UserPool, UserPoolClient};
use clients::Client;
pub(crate) use clock::Clock;
use fields::{FieldError, Fields};
pub(crate) use journal::{Call, Journal};
use lockout::{Lockouts, Turns};
use pools::{Pool, Triggers};
use session::Sessions;
use store::Store;
use tokens::keys::KeyRing;
use users::Decoys;
use waiting::Waiting;

/// What the user pools are told from outside.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The AWS region that pools say they are in.
    pub(crate) region: String,
    /// What a pool's id is appended to (with a slash) to make `iss` of its tokens.
    pub(crate) issuer: String,
    /// Whether `/debug/answer` tells what only the verify function should know.
    pub(crate) debug_answers: bool,
    /// Where the time comes from.
    pub(crate) clock: Clock,
    /// Where messages go.
    pub(crate) outbox: Arc<Outbox>,
}

/// The user pools.
#[derive(Clone)]
pub(crate) struct Cognito(Arc<State>);

/// Why the user pools could not be set up.
#[derive(Debug, Error)]
pub(crate) enum SetUpError {
    /// A property of the template cannot be used.
    #[error("{logical_id}: {error}")]
    Property {
        /// The resource.
        logical_id: String,
        /// What is wrong and what would have been right.
        error: FieldError,
    },
    /// A user cannot be made.
    #[error("user `{name}`: {message}")]
    User {
        /// The user's name.
        name: String,
        /// Cognito's text.
        message: String,
    },
    /// What was kept cannot be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The machine let us down.
    #[error("{0}")]
    Machine(String),
}

impl From<error::Error> for SetUpError {
    fn from(error: error::Error) -> Self {
        let error::Error { message, why, .. } = error;
        Self::Machine(why.map_or_else(|| message.to_string(), |why| format!("{message}: {why}")))
    }
}

impl Cognito {
    /// The user pools that `disk` has kept. Starts making the keys that tokens are signed with, where there are none.
    ///
    /// # Errors
    /// When what was kept cannot be used, or the machine has no random numbers.
    pub(crate) fn new(
        settings: Settings,
        disk: &Disk,
        lambda: Arc<dyn Lambda>,
        journal: Arc<dyn Journal>,
    ) -> Result<Self, SetUpError> {
        let keys = KeyRing::of(disk, Arc::clone(&journal))?;
        let state = State::new(settings, disk, lambda, journal, keys)?;
        Ok(Self(Arc::new(state)))
    }

    /// Adds the pool of a template, called `id`, or makes the one that has this id like it; its users stay.
    ///
    /// # Errors
    /// When a property cannot be used.
    pub(crate) fn add_pool_from_template(&self, template: &UserPool, id: &str) -> Result<(), SetUpError> {
        let pool = || {
            let triggers = template
                .triggers
                .iter()
                .map(|(trigger, function)| (trigger.as_str(), function.as_str()));
            let properties = Fields::new("", &template.properties);
            let triggers = Triggers::new(triggers, &properties.fields("LambdaConfig")?)?;
            let name = properties.text("UserPoolName")?.unwrap_or(&template.logical_id);
            Pool::new(
                id.to_owned(),
                name.to_owned(),
                triggers,
                template.properties.clone(),
                self.0.store.pool(id).map_or(self.0.clock.now(), |pool| pool.created),
            )
        };
        let pool = pool().map_err(|error| property(&template.logical_id, error))?;
        self.0.add_pool(pool)?;
        Ok(())
    }

    /// Adds the app client of a template, called `id`, to the pool called `pool_id`, or makes the one that has this id like
    /// it; its secret stays.
    ///
    /// # Errors
    /// When a property cannot be used, or there is no such pool.
    pub(crate) fn add_client_from_template(
        &self,
        template: &UserPoolClient,
        pool_id: &str,
        id: &str,
    ) -> Result<(), SetUpError> {
        let pool = self.0.store.pool(pool_id)?;
        match self.0.create_client(id.to_owned(), &pool, template.properties.clone()) {
            Ok(_) => Ok(()),
            Err(ClientError::Property(error)) => Err(property(&template.logical_id, error)),
            Err(ClientError::Machine(error)) => Err(error.into()),
        }
    }

    /// `POST /`, the published keys and, if wanted, the debug channel.
    pub(crate) fn router(&self) -> Router {
        api::router(Arc::clone(&self.0))
    }
}

fn property(logical_id: &str, error: FieldError) -> SetUpError {
    SetUpError::Property {
        logical_id: logical_id.to_owned(),
        error,
    }
}

/// Everything that a request may need.
struct State {
    settings: Settings,
    clock: Clock,
    lambda: Arc<dyn Lambda>,
    journal: Arc<dyn Journal>,
    store: Store,
    sessions: Mutex<Sessions<Waiting>>,
    lockouts: Mutex<Lockouts>,
    turns: Turns,
    decoys: Decoys,
    keys: KeyRing,
}

/// Why a client could not be made.
enum ClientError {
    Machine(error::Error),
    Property(FieldError),
}

impl From<ClientError> for error::Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Machine(error) => error,
            ClientError::Property(error) => error.into(),
        }
    }
}

impl State {
    fn new(
        settings: Settings,
        disk: &Disk,
        lambda: Arc<dyn Lambda>,
        journal: Arc<dyn Journal>,
        keys: KeyRing,
    ) -> Result<Self, SetUpError> {
        Ok(Self {
            clock: settings.clock.clone(),
            settings,
            lambda,
            store: Store::open(disk.clone(), &*journal)?,
            journal,
            sessions: Mutex::new(Sessions::new()?),
            lockouts: Mutex::default(),
            turns: Turns::default(),
            decoys: Decoys::of(disk)?,
            keys,
        })
    }

    /// `iss` of a pool's tokens.
    fn issuer(&self, pool: &str) -> String {
        format!("{}/{pool}", self.settings.issuer.trim_end_matches('/'))
    }

    fn add_pool(&self, pool: Pool) -> Result<Arc<Pool>, error::Error> {
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
        self.store.add_pool(pool)
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
        let known = self.store.client(&id).ok().filter(|(own, _)| own.id == pool.id);
        let (kept, created) = known.map_or((None, self.clock.now()), |(_, client)| {
            (client.secret.clone(), client.created)
        });
        let secret = wants_secret
            .unwrap_or(false)
            .then(|| kept.map_or_else(random::alphanumeric::<52>, Ok));
        let secret = secret.transpose().map_err(ClientError::Machine)?;
        let client = Client::new(id, pool, secret, properties, created).map_err(ClientError::Property)?;
        self.store.add_client(client).map_err(ClientError::Machine)
    }
}

impl fmt::Debug for Cognito {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cognito(..)")
    }
}
