//! The function without its edges: events, time and random generator come in as values.

use std::iter;
use std::time::{Duration, SystemTime};

use cognito_challenge::event::{CreateAuthChallenge, Event, EventError, entries};
use cognito_challenge::flow::{Ask, CUSTOM_CHALLENGE, Decision, Flow};
use cognito_challenge::issue::{IssueError, Issuer, Request};
use cognito_challenge::keys::Keys;
use cognito_challenge::name::Name;
use cognito_challenge::state::{Binding, StateError};
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge::texts::{Texts, lookup};
use cognito_challenge::user::{Existence, User};
use cognito_challenge_runtime::{self as runtime, ConfigError, Configured, Environment};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{CryptoRng, SeedableRng};
use serde_json::Value;
use tracing::{info, warn};

use crate::Issuers;
use crate::made::Made;

/// How long making a challenge may take. Cognito waits five seconds for the whole function.
const BUDGET: Duration = Duration::from_secs(4);

/// The language of texts if neither the client nor the user names one that there is.
const DEFAULT_LOCALE: &str = "en";

/// What the client's `challenge` asks for to get all alternatives of a step at once. No name is in lower case.
const ALL: &str = "all";

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
            runtime::prepare(issuer.prepare()).await;
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
        let wanted = received.client_metadata.get("challenge").map(String::as_str);
        let languages = self.languages(received.client_metadata.get("locale"), user);
        let mut request = Request::new(user, &self.keys, &self.texts, now);
        request.client_metadata = &received.client_metadata;
        request.languages = &languages;
        request.step = ask.step;
        // INVARIANT: a step has at most 255 attempts.
        request.wrong = u8::try_from(ask.answered.len()).unwrap_or(u8::MAX);
        let made = if wanted == Some(ALL) {
            self.make_all(&ask, request, rng).await?
        } else {
            self.make(ask.choose(wanted), &ask, request, StdRng::from_rng(rng))
                .await?
        };
        info!(
            Issued = 1,
            decision = "issue",
            challenge = made.first(),
            step = ask.step,
            attempt = ask.attempt(),
            "asked"
        );
        let response = made.respond(&ask, now);
        Ok(event.respond(&response)?)
    }

    /// All alternatives of the step in one challenge. Any of them can be answered.
    ///
    /// Left out are an alternative that keeps a state, unless it is the first, because `challengeMetadata` has room for the
    /// state of one; one that cannot be made, if another can; and one that sets a parameter of another.
    ///
    /// # Errors
    ///
    /// No alternative can be made, or one breaks a rule for types.
    async fn make_all(
        &self,
        ask: &Ask<'_>,
        request: Request<'_>,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Made, CreateError> {
        let stateless = |name: &&Name| self.issuer(name).is_ok_and(|issuer| !issuer.leaves_state());
        let names = iter::once(ask.first).chain(ask.others.iter().filter(stateless));
        let making: Vec<_> = names
            .map(|name| self.make(name, ask, request, StdRng::from_rng(rng)))
            .collect();
        let (mut all, mut failed) = (None::<Made>, Vec::new());
        for made in join_all(making).await {
            match made {
                Ok(made) => {
                    all = Some(match all {
                        Some(all) => all.with(made),
                        None => made,
                    });
                }
                Err(error @ CreateError::Issue { .. }) => failed.push(error),
                Err(error) => return Err(error),
            }
        }
        let Some(all) = all else {
            return Err(failed.into_iter().next().unwrap_or(CreateError::NoIssuer));
        };
        for error in failed {
            warn!("an alternative is left out: {error}");
        }
        Ok(all)
    }

    /// The challenge `name`.
    async fn make(
        &self,
        name: &Name,
        ask: &Ask<'_>,
        mut request: Request<'_>,
        mut rng: StdRng,
    ) -> Result<Made, CreateError> {
        let issuer = self.issuer(name)?;
        let binding = Binding {
            user: request.user,
            challenge: name,
            step: ask.step,
        };
        let opened = binding.latest(&self.keys, ask.answered, issuer.leaves_state());
        let opened = opened.map_err(|error| CreateError::state(&binding, error))?;
        // A step goes on under the key that it started with, or a change of the secret would change its code.
        let keys = opened.as_ref().map(|opened| self.keys.led_by(opened.key));
        request.keys = keys.as_ref().unwrap_or(&self.keys);
        request.state = opened.as_ref().map(|opened| opened.state.as_slice());
        let late = |_| Err(IssueError::new("the challenge was not made in time"));
        let challenge = tokio::time::timeout(BUDGET, issuer.issue(&request, &mut rng)).await;
        let challenge = challenge.unwrap_or_else(late).map_err(|error| CreateError::Issue {
            challenge: name.to_string(),
            error,
        })?;
        let metadata = match (issuer.leaves_state(), &challenge.state) {
            (false, None) => Ok(name.to_string()),
            (true, Some(state)) => binding.seal(request.keys, state),
            _ => Err(StateError::Undeclared),
        };
        let metadata = metadata.map_err(|error| CreateError::state(&binding, error))?;
        Made::new(name, challenge, metadata)
    }

    fn issuer(&self, name: &Name) -> Result<&dyn Issuer, CreateError> {
        // INVARIANT: `configure` made an issuer for each name of the flow.
        self.issuers
            .get(name.as_str())
            .map(|(_, issuer)| issuer)
            .ok_or(CreateError::NoIssuer)
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
