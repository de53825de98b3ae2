//! The asking half of a challenge type.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use rand_core::CryptoRng;

use crate::keys::Keys;
use crate::telemetry::Telemetry;
use crate::texts::{Text, Texts, lookup};
use crate::user::User;

/// The asking half of a challenge type: creates the challenges that create returns to Cognito.
///
/// A type must treat nonexistent users and users without an enrollment like enrolled users: the same challenge, the
/// same keys and value lengths, and the same duration. It sends them nothing. The crate `cognito-challenge-testkit`
/// checks these rules.
///
/// A type that asks for eight letters backwards creates such a challenge:
///
/// ```
/// use async_trait::async_trait;
/// use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
/// use rand_core::CryptoRng;
///
/// struct Backwards;
///
/// #[async_trait]
/// impl Issuer for Backwards {
///     async fn issue(&self, _: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
///         let letters: String = (0..8).map(|_| char::from(b'a' + (rng.next_u32() % 26) as u8)).collect();
///         let answer: String = letters.chars().rev().collect();
///         Ok(Issued::new().public("letters", letters).private("answer", answer))
///     }
/// }
/// ```
///
/// [`Verifier`](crate::verify::Verifier) has the other half.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// Creates a challenge.
    ///
    /// The call has a time limit of four seconds. Cognito's limit for the whole function is five seconds. After that,
    /// Cognito calls the function again, so side effects may be repeated.
    ///
    /// # Errors
    ///
    /// Returns an error if the challenge cannot be created, for a reason that the operator must fix. The sign-in ends,
    /// the reason is logged, and the client receives "internal error".
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError>;

    /// Returns whether each challenge of this type leaves a [state](crate::state) for the next attempt.
    ///
    /// If true, [`issue`](Self::issue) must always return a state. From the second attempt on, [`Request::state`]
    /// contains it.
    fn leaves_state(&self) -> bool {
        false
    }

    /// Prepares for the first challenge, for example by opening a connection. The call has a time limit of two seconds.
    async fn prepare(&self) {}

    /// Returns the fields and metrics that this type adds to the log.
    fn telemetry(&self) -> &'static Telemetry {
        Telemetry::NONE
    }

    /// Returns the type's texts: language tags and JSON objects, see [`Texts::add`]. Keys start with the challenge's
    /// name.
    fn texts(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// A request for a challenge: the user, the position in the sign-in, and the resources that the type can use.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The user who signs in.
    pub user: User<'a>,
    /// The `clientMetadata`, which an attacker can control. It may affect presentation, never strength.
    pub client_metadata: &'a HashMap<String, String>,
    /// The preferred languages as BCP 47 tags, best first: the client's, the user's and the default language.
    pub languages: &'a [&'a str],
    /// The texts of all types.
    pub texts: &'a Texts,
    /// The keys of the deployment.
    pub keys: &'a Keys,
    /// The position of the step in the flow, from 1. `PASSWORD` counts as a step.
    pub step: usize,
    /// The number of wrong answers to this step so far, including answers to its alternatives.
    pub wrong: u8,
    /// The state from the latest attempt with this challenge in this step. `None` at the first attempt.
    pub state: Option<&'a [u8]>,
    /// The current time.
    pub now: SystemTime,
}

impl<'a> Request<'a> {
    /// Creates a request for the first attempt of step 1, without client metadata, languages and state. Set the fields
    /// as needed.
    pub fn new(user: User<'a>, keys: &'a Keys, texts: &'a Texts, now: SystemTime) -> Self {
        static NO_METADATA: std::sync::LazyLock<HashMap<String, String>> = std::sync::LazyLock::new(HashMap::new);
        Self {
            user,
            client_metadata: &NO_METADATA,
            languages: &[],
            texts,
            keys,
            step: 1,
            wrong: 0,
            state: None,
            now,
        }
    }

    /// Returns the text `key` in the best available language.
    ///
    /// # Errors
    ///
    /// Returns an error if no language has the key.
    pub fn text(&self, key: &str) -> Result<Text<'a>, IssueError> {
        let text = self.texts.text(key, self.languages.iter().copied());
        text.ok_or_else(|| IssueError::new(format!("no language has the text `{key}`: add it to the type's texts")))
    }

    /// Returns the best language in `available`, for resources that are not texts, such as recordings. Returns `None`
    /// if no preferred language is available.
    pub fn language<'t>(&self, available: &[&'t str]) -> Option<&'t str> {
        self.languages.iter().find_map(|wanted| lookup(wanted, available))
    }
}

/// A challenge: the parameters for the client, the parameters for verify, and the state for the next attempt.
///
/// It has no `Debug`, because it contains the answer. Create sets the parameters `challenge`, `step`, `steps`,
/// `attemptsLeft`, `alternatives`, `together` and `issuedAt`. It is an error if a type sets one of them.
#[derive(Clone, Default)]
pub struct Issued {
    /// The parameters for the client.
    pub public: BTreeMap<&'static str, String>,
    /// The parameters for verify.
    pub private: BTreeMap<&'static str, String>,
    /// The state for the next attempt, at most [`MAX_BYTES`](crate::state::MAX_BYTES). It must not contain a secret.
    pub state: Option<Vec<u8>>,
}

impl Issued {
    /// Creates a challenge without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter for the client.
    #[must_use]
    pub fn public(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.public.insert(name, value.into());
        self
    }

    /// Adds a parameter for verify. The client does not see it.
    #[must_use]
    pub fn private(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.private.insert(name, value.into());
        self
    }

    /// Sets the state for the next attempt.
    #[must_use]
    pub fn state(mut self, state: impl Into<Vec<u8>>) -> Self {
        self.state = Some(state.into());
        self
    }
}

/// The reason why a challenge cannot be created. It is logged: it says what the operator must fix, and contains no
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueError(Cow<'static, str>);

impl IssueError {
    /// Creates an error with `reason`, which must not quote a secret or user input.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for IssueError {}
