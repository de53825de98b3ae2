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

/// The asking half of a challenge type: makes the challenges that create returns to Cognito.
///
/// For a nonexistent user, and for a user who has not enrolled, a type asks the same, returns the same keys and lengths,
/// takes as long, and sends nothing. The crate `cognito-challenge-testkit` checks these rules.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// Makes a challenge.
    ///
    /// The function gives it four seconds; Cognito gives the whole function five and calls again when they are over, so
    /// that a side effect may be repeated.
    ///
    /// # Errors
    ///
    /// A challenge that could not be made, for a reason that the operator must fix. The sign-in ends, the reason is
    /// logged, and the client is told "internal error".
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError>;

    /// Whether each challenge of this type leaves a [state](crate::state) for the next attempt.
    ///
    /// If so, [`issue`](Self::issue) must always return one, and finds it in [`Request::state`] from the second attempt on.
    fn leaves_state(&self) -> bool {
        false
    }

    /// Does before the first challenge what would delay it, such as opening a connection. It is cut off after two seconds.
    async fn prepare(&self) {}

    /// The fields and metrics that this type adds to the log.
    fn telemetry(&self) -> &'static Telemetry {
        Telemetry::NONE
    }

    /// The type's texts: language tags and JSON objects, see [`Texts::add`]. Keys start with the challenge's name.
    fn texts(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// A request for a challenge: the user, the place in the sign-in, and what the type may use.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The user who signs in.
    pub user: User<'a>,
    /// `clientMetadata`, which an attacker controls. It may choose presentation, never strength.
    pub client_metadata: &'a HashMap<String, String>,
    /// The languages to ask in as BCP 47 tags, the most wanted first: the client's, the user's and the default.
    pub languages: &'a [&'a str],
    /// The texts of all types.
    pub texts: &'a Texts,
    /// The keys of the deployment.
    pub keys: &'a Keys,
    /// The step's place in the flow, from 1; `PASSWORD` is a step too.
    pub step: usize,
    /// How many answers to this step have been wrong, to this challenge or to an alternative.
    pub wrong: u8,
    /// The state that the latest attempt with this challenge in this step left; none at the first attempt.
    pub state: Option<&'a [u8]>,
    /// The time.
    pub now: SystemTime,
}

impl<'a> Request<'a> {
    /// A request at the first attempt of step 1, without client metadata, languages and state. The fields can be set.
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

    /// The text `key` in the best language that there is.
    ///
    /// # Errors
    ///
    /// A key that no language has.
    pub fn text(&self, key: &str) -> Result<Text<'a>, IssueError> {
        let text = self.texts.text(key, self.languages.iter().copied());
        text.ok_or_else(|| IssueError::new(format!("no language has the text `{key}`: add it to the type's texts")))
    }

    /// The best of the languages `available`, for what is not a text, such as a recording. Nothing if none is wanted.
    pub fn language<'t>(&self, available: &[&'t str]) -> Option<&'t str> {
        self.languages.iter().find_map(|wanted| lookup(wanted, available))
    }
}

/// A challenge: what the client is shown, what verify needs, and what the next attempt needs.
///
/// It has no `Debug`, because it holds the answer. The parameters `challenge`, `step`, `steps`, `attemptsLeft`,
/// `alternatives`, `together` and `issuedAt` are set by create: a type that sets one of them is an error.
#[derive(Clone, Default)]
pub struct Issued {
    /// Parameters that the client sees.
    pub public: BTreeMap<&'static str, String>,
    /// Parameters that verify sees.
    pub private: BTreeMap<&'static str, String>,
    /// The state for the next attempt, at most [`MAX_BYTES`](crate::state::MAX_BYTES). No secret may be in it.
    pub state: Option<Vec<u8>>,
}

impl Issued {
    /// A challenge without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter that the client sees.
    #[must_use]
    pub fn public(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.public.insert(name, value.into());
        self
    }

    /// Adds a parameter that only verify sees.
    #[must_use]
    pub fn private(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.private.insert(name, value.into());
        self
    }

    /// Leaves `state` for the next attempt.
    #[must_use]
    pub fn state(mut self, state: impl Into<Vec<u8>>) -> Self {
        self.state = Some(state.into());
        self
    }
}

/// Why a challenge could not be made. The text is for the log: it says what the operator must fix, and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueError(Cow<'static, str>);

impl IssueError {
    /// An error with `reason`, which must quote neither a secret nor what a user typed.
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
