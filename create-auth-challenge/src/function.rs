//! The function without its edges: events, time and random generator come in as values.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognito_challenge::event::{CreateAuthChallenge, CreateResponse, Event, EventError, entries};
use cognito_challenge::flow::{Ask, CUSTOM_CHALLENGE, Decision, Flow};
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::keys::Keys;
use cognito_challenge::name::Name;
use cognito_challenge::private::{CHALLENGE, ISSUED_AT};
use cognito_challenge::state::{Binding, StateError};
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge::texts::{Texts, lookup};
use cognito_challenge::user::{Existence, User};
use cognito_challenge_runtime::{self as runtime, ConfigError, Configured, Environment};
use rand::CryptoRng;
use serde_json::Value;
use tracing::{info, warn};

use crate::Issuers;

/// How long making a challenge may take. Cognito waits five seconds for the whole function.
const BUDGET: Duration = Duration::from_secs(4);

/// How long a type may prepare itself. A function starts with it prepared or not.
const PREPARING: Duration = Duration::from_secs(2);

/// The language of texts if neither the client nor the user names one that there is.
const DEFAULT_LOCALE: &str = "en";

/// The parameters that create sets itself.
const OWN_PARAMETERS: [&str; 6] = ["alternatives", "attemptsLeft", CHALLENGE, ISSUED_AT, "step", "steps"];

/// What the function needs besides the event, the time and the random generator.
pub struct Function {
    flow: Flow,
    issuers: Configured<dyn Issuer>,
    keys: Keys,
    texts: Texts,
    default_locale: String,
}

impl Function {
    /// Reads `AUTH_FLOW`, `CHALLENGE_SECRET`, `DEFAULT_LOCALE` (default `en`) and what the types of the flow need.
    ///
    /// # Errors
    ///
    /// A variable that is missing or wrong, a flow with a type that is not listed, and a wrong list.
    pub fn configure(environment: &Environment, issuers: &Issuers) -> Result<Self, ConfigError> {
        let flow = environment.required("AUTH_FLOW", Flow::parse)?;
        let keys = environment.required("CHALLENGE_SECRET", Keys::parse)?;
        let (issuers, texts) = issuers.configure(&flow, environment)?;
        let known = |tag: &str| {
            let known: Vec<_> = texts.tags().collect();
            let found = lookup(tag, &known).map(str::to_owned);
            found.ok_or_else(|| format!("unknown language `{}`; known: {}", tag.escape_debug(), known.join(", ")))
        };
        let default_locale = environment.optional("DEFAULT_LOCALE", known)?;
        Ok(Self {
            flow,
            issuers,
            keys,
            default_locale: default_locale.unwrap_or_else(|| DEFAULT_LOCALE.to_owned()),
            texts,
        })
    }

    /// What the types of the flow add to the log.
    pub fn telemetry(&self) -> Vec<&'static Telemetry> {
        self.issuers.iter().map(Issuer::telemetry).collect()
    }

    /// Does before the first event what would make its answer late.
    pub async fn prepare(&self) {
        for issuer in self.issuers.iter() {
            let prepared = tokio::time::timeout(PREPARING, runtime::caught(issuer.prepare())).await;
            if prepared.is_err() {
                warn!("a challenge type was not prepared in time");
            }
        }
    }

    /// Answers a `CreateAuthChallenge` event that came at `now` with a challenge.
    ///
    /// An event for a challenge other than `CUSTOM_CHALLENGE` goes back unchanged, as in AWS's example.
    ///
    /// # Errors
    ///
    /// What is not such an event, a session that define would not have continued, a state that does not verify, and a
    /// challenge that could not be made.
    pub async fn handle(
        &self,
        event: Value,
        now: SystemTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Value, CreateError> {
        let event = Event::<CreateAuthChallenge>::parse(event)?;
        let received = event.request();
        if received.challenge_name.as_deref() != Some(CUSTOM_CHALLENGE) {
            info!(decision = "none", "not a custom challenge");
            return Ok(event.unchanged());
        }
        let existence = Existence::from_not_found(received.user_not_found);
        let user = User::new(
            event.user_pool(),
            event.user_name(),
            existence,
            &received.user_attributes,
        );
        let session = entries(&received.session);
        let Decision::Ask(ask) = self.flow.decide(&session, existence) else {
            return Err(CreateError::NothingToAsk { entries: session.len() });
        };
        let wanted = ask.choose(received.client_metadata.get("challenge").map(String::as_str));
        // INVARIANT: `configure` made an issuer for each name of the flow.
        let (name, issuer) = self.issuers.get(wanted.as_str()).ok_or(CreateError::NoIssuer)?;
        let binding = Binding {
            user,
            challenge: name,
            step: ask.step,
        };
        let state = binding.latest(&self.keys, ask.answered, issuer.leaves_state());
        let state = state.map_err(|error| CreateError::state(&binding, error))?;
        let mut request = Request::new(user, &self.keys, &self.texts, now);
        let languages = self.languages(received.client_metadata.get("locale"), user);
        request.client_metadata = &received.client_metadata;
        request.languages = &languages;
        request.step = ask.step;
        // INVARIANT: a step has at most 255 attempts.
        request.wrong = u8::try_from(ask.answered.len()).unwrap_or(u8::MAX);
        request.state = state.as_deref();
        let late = |_| Err(IssueError::new("the challenge was not made in time"));
        let made = tokio::time::timeout(BUDGET, issuer.issue(&request, rng)).await;
        let made = made.unwrap_or_else(late).map_err(|error| CreateError::Issue {
            challenge: name.to_string(),
            error,
        })?;
        let challenge_metadata = match (issuer.leaves_state(), &made.state) {
            (false, None) => Ok(name.to_string()),
            (true, Some(state)) => binding.seal(&self.keys, state),
            _ => Err(StateError::Undeclared),
        };
        let challenge_metadata = challenge_metadata.map_err(|error| CreateError::state(&binding, error))?;
        let (public_challenge_parameters, private_challenge_parameters) = parameters(&ask, name.as_str(), made, now)?;
        info!(
            Issued = 1,
            decision = "issue",
            challenge = name.as_str(),
            step = ask.step,
            attempt = ask.attempt(),
            "asked"
        );
        let response = CreateResponse {
            public_challenge_parameters,
            private_challenge_parameters,
            challenge_metadata,
        };
        Ok(event.respond(&response)?)
    }

    /// The languages to ask in: the client's, the user's, the default.
    fn languages<'a>(&'a self, client: Option<&'a String>, user: User<'a>) -> Vec<&'a str> {
        let wanted = [client.map(String::as_str), user.attribute("locale")];
        wanted
            .into_iter()
            .flatten()
            .chain([self.default_locale.as_str()])
            .collect()
    }
}

type Parameters = BTreeMap<&'static str, String>;

/// The public and private parameters: the issuer's, and those that every challenge has.
fn parameters(
    ask: &Ask<'_>,
    challenge: &str,
    issued: Issued,
    now: SystemTime,
) -> Result<(Parameters, Parameters), CreateError> {
    let Issued {
        mut public,
        mut private,
        ..
    } = issued;
    let taken = |name: &&&str| OWN_PARAMETERS.contains(*name);
    if let Some(parameter) = public.keys().chain(private.keys()).find(taken) {
        return Err(CreateError::OwnParameter {
            challenge: challenge.to_owned(),
            parameter,
        });
    }
    public.insert(CHALLENGE, challenge.to_owned());
    if !ask.others.is_empty() {
        let alternatives: Vec<_> = ask.alternatives().map(Name::as_str).collect();
        public.insert("alternatives", alternatives.join(","));
    }
    public.insert("step", ask.step.to_string());
    public.insert("steps", ask.steps.to_string());
    public.insert("attemptsLeft", ask.attempts_left.to_string());
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    private.insert(CHALLENGE, challenge.to_owned());
    private.insert(ISSUED_AT, since_1970.as_secs().to_string());
    Ok((public, private))
}

/// Why no challenge was asked. The sign-in ends; the message is for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The event is not one of this trigger.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The challenge could not be made.
    #[error("challenge `{challenge}`: {error}")]
    Issue {
        /// The challenge.
        challenge: String,
        /// Why.
        error: IssueError,
    },
    /// The flow has a challenge that `configure` did not make. Cannot happen.
    #[error("no issuer for a challenge of the flow")]
    NoIssuer,
    /// This function's flow would not ask anything after this session, define's did.
    #[error("nothing to ask after {entries} session entries: give define and create the same AUTH_FLOW")]
    NothingToAsk {
        /// How long the session is.
        entries: usize,
    },
    /// A challenge type set a parameter that create sets itself.
    #[error("challenge `{challenge}` sets the parameter `{parameter}`, which create sets itself: choose another name")]
    OwnParameter {
        /// The challenge.
        challenge: String,
        /// The parameter.
        parameter: &'static str,
    },
    /// A state does not verify, or is not what the challenge type declares.
    #[error("challenge `{challenge}`, step {step}: {error}")]
    State {
        /// The challenge.
        challenge: String,
        /// The step's place in the flow, from 1.
        step: usize,
        /// Why.
        error: StateError,
    },
}

impl CreateError {
    fn state(binding: &Binding<'_>, error: StateError) -> Self {
        Self::State {
            challenge: binding.challenge.to_string(),
            step: binding.step,
            error,
        }
    }
}

#[cfg(test)]
mod tests;
