//! A user pool for tests: in this process, on a free port, with closures as triggers.

mod closures;
mod recorder;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use listener::Callers;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::pools::Triggers;
use crate::storage::Records;
use crate::{Clock, Message, Random, SetUpError, Settings, UserPools};
use closures::Closures;
use recorder::Recorder;

const REGION: &str = "us-east-1";
const POOL_ID: &str = "us-east-1_TestPool";
const CLIENT_ID: &str = "testclient0000000000000000";

/// The reason why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Properties must be JSON objects.
    #[error("the properties of {0} must be a JSON object, as in CloudFormation")]
    Properties(&'static str),
    /// The pool, a client or a user cannot be created.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// No port or no thread is available.
    #[error("the user pool cannot listen: {0}")]
    System(#[from] io::Error),
    /// A trigger does not exist or is not supported.
    #[error("`{0}` is not a supported trigger: write its name in `LambdaConfig`, such as `PreSignUp`")]
    Trigger(String),
}

/// A user pool that listens on this machine, on its own port, until it is dropped. It has its own thread, so tests may
/// block.
pub struct Server {
    endpoint: String,
    client_id: String,
    recorder: Arc<Recorder>,
    /// Ends the thread on drop.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Returns a builder for a pool with Cognito's defaults. It has one app client that allows every flow and hides
    /// users, no users and no triggers.
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            pool: json!({}),
            clients: Vec::new(),
            users: Vec::new(),
            closures: Closures::default(),
            clock: Clock::system(),
            random: Random::system(),
        }
    }

    /// Returns the URL for the `endpoint_url` of an AWS SDK.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the id of the pool.
    pub fn pool_id(&self) -> &'static str {
        POOL_ID
    }

    /// Returns the id of the first app client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the region in the pool's id.
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// Returns the messages that the pool has sent, newest last.
    pub fn messages(&self) -> Vec<Message> {
        self.recorder.messages()
    }

    /// Returns a line for each trigger call and for each reason that Cognito does not reveal to a client, newest last.
    pub fn log(&self) -> Vec<String> {
        self.recorder.lines()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("endpoint", &self.endpoint)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// The configuration of a [`Server`].
#[must_use]
pub struct ServerBuilder {
    pool: Value,
    clients: Vec<(String, Value)>,
    users: Vec<User>,
    closures: Closures,
    clock: Clock,
    random: Random,
}

struct User {
    name: String,
    password: String,
    attributes: BTreeMap<String, String>,
}

impl ServerBuilder {
    /// Sets the properties of the pool: those of CloudFormation's `AWS::Cognito::UserPool`.
    pub fn pool(mut self, properties: Value) -> Self {
        self.pool = properties;
        self
    }

    /// Adds an app client with the properties of CloudFormation's `AWS::Cognito::UserPoolClient`. The first call
    /// replaces the default client.
    pub fn client(mut self, id: &str, properties: Value) -> Self {
        self.clients.push((id.to_owned(), properties));
        self
    }

    /// Adds a confirmed user. If the pool has `UsernameAttributes`, `name` is the e-mail address or the phone number.
    pub fn user<'a>(
        mut self,
        name: &str,
        password: &str,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let attributes = attributes.into_iter();
        self.users.push(User {
            name: name.to_owned(),
            password: password.to_owned(),
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        });
        self
    }

    /// Runs `run` for `DefineAuthChallenge`.
    pub fn define<E, R, F>(self, run: impl Fn(E) -> F + Send + Sync + 'static) -> Self
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        self.trigger("DefineAuthChallenge", run)
    }

    /// Runs `run` for `CreateAuthChallenge`.
    pub fn create<E, R, F>(self, run: impl Fn(E) -> F + Send + Sync + 'static) -> Self
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        self.trigger("CreateAuthChallenge", run)
    }

    /// Runs `run` for `VerifyAuthChallengeResponse`.
    pub fn verify<E, R, F>(self, run: impl Fn(E) -> F + Send + Sync + 'static) -> Self
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        self.trigger("VerifyAuthChallengeResponse", run)
    }

    /// Runs `run` for a trigger with this name in `LambdaConfig`. As on Lambda, `run` receives the event and returns
    /// the complete event with its `response`. The event is JSON or a type that deserializes from it, such as those of
    /// `aws_lambda_events`. An error is reported like an error of a function, and a panic like a crash.
    pub fn trigger<E, R, F>(mut self, name: &str, run: impl Fn(E) -> F + Send + Sync + 'static) -> Self
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        self.closures.insert(name, run);
        self
    }

    /// Uses the time of `clock`.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Uses `random` for codes, sessions, tokens and identifiers.
    pub fn random(mut self, random: Random) -> Self {
        self.random = random;
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// Returns an error if a property, a trigger or a user is invalid, or if no port is available.
    pub fn start(self) -> Result<Server, ServerError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let endpoint = listener::endpoint(listener.local_addr()?);
        let recorder = Arc::new(Recorder::default());
        let triggers: BTreeMap<_, _> = self
            .closures
            .names()
            .map(|name| (name.to_owned(), name.to_owned()))
            .collect();
        if let Some(unknown) = triggers.keys().find(|name| !Triggers::is_run(name)) {
            return Err(ServerError::Trigger(unknown.clone()));
        }
        let pools = UserPools::new(Settings {
            region: REGION.to_owned(),
            issuer: endpoint.clone(),
            debug_answers: false,
            clock: self.clock,
            random: self.random,
            records: Records::none(),
            lambda: Arc::new(self.closures),
            mail: Arc::clone(&recorder) as _,
            journal: Arc::clone(&recorder) as _,
        })?;
        pools.add_pool(POOL_ID, "TestPool", &triggers, &object(self.pool, "the pool")?)?;
        let mut clients = self.clients;
        if clients.is_empty() {
            clients.push((CLIENT_ID.to_owned(), default_client()));
        }
        let client_id = clients.first().map_or(CLIENT_ID, |(id, _)| id).to_owned();
        for (id, properties) in clients {
            pools.add_client(&id, POOL_ID, &object(properties, "an app client")?)?;
        }
        for user in self.users {
            pools.add_user(POOL_ID, &user.name, &user.password, user.attributes)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("user-pools".to_owned())
            .spawn(move || runtime.block_on(serve(listener, &pools, stopped)))?;
        Ok(Server {
            endpoint,
            client_id,
            recorder,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").finish_non_exhaustive()
    }
}

async fn serve(listener: TcpListener, pools: &UserPools, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    tokio::select! {
        // Without a listener, the client of the test reports the error.
        _ = listener::serve(listener, Callers::Pages, pools.router()) => {}
        _ = stopped => {}
    }
}

fn default_client() -> Value {
    json!({
        "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": [
            "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH",
        ],
    })
}

fn object(properties: Value, whose: &'static str) -> Result<Map<String, Value>, ServerError> {
    match properties {
        Value::Object(properties) => Ok(properties),
        _ => Err(ServerError::Properties(whose)),
    }
}

#[cfg(test)]
mod tests;
