//! A created challenge, with one or several alternatives of a step.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use cognito_challenge::event::CreateResponse;
use cognito_challenge::flow::Ask;
use cognito_challenge::issue::Issued;
use cognito_challenge::name::Name;
use cognito_challenge::private::{ALTERNATIVES, CHALLENGE, ISSUED_AT};
use tracing::warn;

use crate::CreateError;

/// Public parameter: the challenges that can be answered, if there are several.
const TOGETHER: &str = "together";

/// The parameters that only create may set.
const OWN_PARAMETERS: [&str; 7] = [
    ALTERNATIVES,
    "attemptsLeft",
    CHALLENGE,
    ISSUED_AT,
    "step",
    "steps",
    TOGETHER,
];

type Parameters = BTreeMap<&'static str, String>;

/// A challenge without the parameters that every challenge has.
pub(crate) struct Made {
    /// The names of its challenges. `challengeMetadata` contains the first one.
    names: Vec<String>,
    public: Parameters,
    private: Parameters,
    metadata: String,
}

impl Made {
    /// Creates the challenge from the result `issued` of the type `name` and its `challengeMetadata`.
    ///
    /// # Errors
    ///
    /// Returns an error if the type sets a parameter that only create may set.
    pub(crate) fn new(name: &Name, issued: Issued, metadata: String) -> Result<Self, CreateError> {
        let Issued { public, private, .. } = issued;
        let taken = |name: &&&str| OWN_PARAMETERS.contains(*name);
        if let Some(parameter) = public.keys().chain(private.keys()).find(taken) {
            return Err(CreateError::OwnParameter {
                challenge: name.to_string(),
                parameter,
            });
        }
        Ok(Self {
            names: vec![name.to_string()],
            public,
            private,
            metadata,
        })
    }

    /// Combines both in one challenge. If they have a parameter in common, `other` is omitted.
    pub(crate) fn with(mut self, other: Self) -> Self {
        let common = |own: &Parameters, others: &Parameters| others.keys().any(|name| own.contains_key(name));
        if common(&self.public, &other.public) || common(&self.private, &other.private) {
            warn!("an alternative is omitted: another alternative sets the same parameter");
            return self;
        }
        self.names.extend(other.names);
        self.public.extend(other.public);
        self.private.extend(other.private);
        self
    }

    /// Returns the first of its names, for the log: metrics are counted by single names.
    pub(crate) fn first(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Returns the response of create, with the parameters that every challenge has.
    pub(crate) fn respond(self, ask: &Ask<'_>, now: SystemTime) -> CreateResponse {
        let Self {
            names,
            mut public,
            mut private,
            metadata,
        } = self;
        if let Some(first) = names.first() {
            public.insert(CHALLENGE, first.clone());
        }
        if names.len() > 1 {
            public.insert(TOGETHER, names.join(","));
        }
        if !ask.others.is_empty() {
            let alternatives: Vec<_> = ask.alternatives().map(Name::as_str).collect();
            let alternatives = alternatives.join(",");
            public.insert(ALTERNATIVES, alternatives.clone());
            private.insert(ALTERNATIVES, alternatives);
        }
        public.insert("step", ask.step.to_string());
        public.insert("steps", ask.steps.to_string());
        public.insert("attemptsLeft", ask.attempts_left.to_string());
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        private.insert(CHALLENGE, names.join(","));
        private.insert(ISSUED_AT, since_1970.as_secs().to_string());
        CreateResponse {
            public_challenge_parameters: public,
            private_challenge_parameters: private,
            challenge_metadata: metadata,
        }
    }
}
