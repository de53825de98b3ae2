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

use listener::Audience;
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

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Properties have to be JSON objects.
    #[error("the properties of {0} have to be a JSON object, as in CloudFormation")]
    Properties(&'static str),
    /// The pool, a client or a user cannot be made.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// The system gives no port or no thread.
    #[error("the user pool cannot listen: {0}")]
    System(#[from] io::Error),
    /// A trigger that does not exist or is not run.
    #[error("`{0}` is no trigger that user pools run here; write it as in `LambdaConfig`, such as `PreSignUp`")]
    Trigger(String),
}

/// A user pool that listens on this machine, on a port of its own, until it is dropped. It has its own thread, so tests may
/// block.
pub struct Server {
    endpoint: String,
    client_id: String,
    recorder: Arc<Recorder>,
    /// Ends the thread when dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// A pool with Cognito's defaults, one app client that allows every flow and hides which users exist, no users and no
    /// triggers.
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

    /// The URL for the `endpoint_url` of an AWS SDK.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The id of the pool.
    pub fn pool_id(&self) -> &'static str {
        POOL_ID
    }

    /// The id of the first app client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The region in the pool's id.
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// The messages that the pool has sent, the newest last.
    pub fn messages(&self) -> Vec<Message> {
        self.recorder.messages()
    }

    /// One line for each trigger call and for each thing that Cognito does not tell a client, the newest last.
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
    /// Sets the properties of the pool, as CloudFormation's `AWS::Cognito::UserPool` has them.
    pub fn pool(mut self, properties: Value) -> Self {
        self.pool = properties;
        self
    }

    /// Adds an app client with the properties of CloudFormation's `AWS::Cognito::UserPoolClient`. The first one replaces
    /// the client that the pool has without this call.
    pub fn client(mut self, id: &str, properties: Value) -> Self {
        self.clients.push((id.to_owned(), properties));
        self
    }

    /// Adds a confirmed user. If the pool has `UsernameAttributes`, `name` is the e-mail address or the telephone number.
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

    /// Runs `run` for a trigger, named as in `LambdaConfig`. As on Lambda, `run` takes the event and returns all of it,
    /// with its `response`. The event is JSON or a type that deserializes from it, such as those of `aws_lambda_events`. An
    /// error is what the function reports, and a panic ends it as a crash does.
    pub fn trigger<E, R, F>(mut self, name: &str, run: impl Fn(E) -> F + Send + Sync + 'static) -> Self
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        self.closures.insert(name, run);
        self
    }

    /// Takes the time from `clock`.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Takes codes, sessions, tokens and identifiers from `random`.
    pub fn random(mut self, random: Random) -> Self {
        self.random = random;
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    /// If a property, a trigger or a user cannot be used, or the system gives no port.
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
        _ = listener::serve(listener, Audience::Pages, pools.router()) => {}
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
