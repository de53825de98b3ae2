//! The function without its edges: callers pass events, time and random generator as values.

use std::iter;
use std::time::{Duration, SystemTime};

use cognito_challenge::event::{CreateAuthChallenge, Event, EventError, entries};
use cognito_challenge::flow::{Ask, CUSTOM_CHALLENGE, Decision, Flow};
use cognito_challenge::issue::{IssueError, Issuer, Request};
use cognito_challenge::keys::Keys;
use cognito_challenge::name::Name;
use cognito_challenge::state::{Binding, StateError};
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge::texts::Texts;
use cognito_challenge::user::{Existence, User};
use cognito_challenge_runtime::{self as runtime, ConfigError, Configured, Environment};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{CryptoRng, SeedableRng};
use serde_json::Value;
use tracing::{info, warn};

use crate::Issuers;
use crate::made::Made;

/// The time limit for creating a challenge. Cognito waits five seconds for the whole function.
const BUDGET: Duration = Duration::from_secs(4);

/// The default language, used if no text is available in the client's or the user's language.
const DEFAULT_LOCALE: &str = "en";

/// The value of the client's `challenge` that requests all alternatives of a step at once. Names of challenges have no
/// lower case.
const ALL: &str = "all";

/// The configuration and resources of the function.
pub struct Function {
    flow: Flow,
    issuers: Configured<dyn Issuer>,
    keys: Keys,
    texts: Texts,
    default_locale: String,
}

impl Function {
    /// Configures the function from `AUTH_FLOW`, `CHALLENGE_SECRET`, `DEFAULT_LOCALE` (default `en`) and the variables
    /// of the flow's types.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid, if the list lacks a type of the flow, or if the list is
    /// invalid.
    pub fn configure(environment: &Environment, issuers: &Issuers) -> Result<Self, ConfigError> {
        let flow = environment.required("AUTH_FLOW", Flow::parse)?;
        let keys = environment.required("CHALLENGE_SECRET", Keys::parse)?;
        let (issuers, texts) = issuers.configure(&flow, environment)?;
        let default_locale = environment.optional("DEFAULT_LOCALE", |tag| texts.find(tag))?;
        Ok(Self {
            flow,
            issuers,
            keys,
            default_locale: default_locale.unwrap_or_else(|| DEFAULT_LOCALE.to_owned()),
            texts,
        })
    }

    /// Returns the fields and metrics that the flow's types add to the log.
    pub fn telemetry(&self) -> Vec<&'static Telemetry> {
        self.issuers.iter().map(Issuer::telemetry).collect()
    }

    /// Opens the connections of all types at once, before the first event, so that its response is not late.
    pub async fn prepare(&self) {
        join_all(self.issuers.iter().map(|issuer| runtime::prepare(issuer.prepare()))).await;
    }

    /// Answers a `CreateAuthChallenge` event that arrived at `now` with a challenge.
    ///
    /// An event for a challenge other than `CUSTOM_CHALLENGE` is returned unchanged, as in AWS's example.
    ///
    /// # Errors
    ///
    /// Returns an error if `event` is not such an event, if define would not have continued the session, or if a state
    /// does not verify. Also returns an error if the challenge cannot be created.
    pub async fn handle(
        &self,
        event: Value,
        now: SystemTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Value, CreateError> {
        let event = Event::<CreateAuthChallenge>::parse(event)?;
        let received = event.request();
        if received.challenge_name.as_deref() != Some(CUSTOM_CHALLENGE) {
            info!(decision = "none", "the event is not for a custom challenge");
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
            "a challenge was issued"
        );
        let response = made.respond(&ask, now);
        Ok(event.respond(&response)?)
    }

    /// Creates one challenge with all alternatives of the step. The user can answer any of them.
    ///
    /// It omits three kinds of alternatives:
    /// - an alternative with a state, unless it is the first, because `challengeMetadata` has room for one state
    /// - an alternative that cannot be created, if another one can
    /// - an alternative that sets a parameter of another one
    ///
    /// # Errors
    ///
    /// Returns an error if no alternative can be created, or if one breaks a rule for types.
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
            warn!("an alternative is omitted: {error}");
        }
        Ok(all)
    }

    /// Creates the challenge `name`.
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
        // Later attempts use the key of the first attempt: otherwise a rotation of the secret would change the code.
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
        // INVARIANT: `configure` created an issuer for each name in the flow.
        self.issuers
            .get(name.as_str())
            .map(|(_, issuer)| issuer)
            .ok_or(CreateError::NoIssuer)
    }

    /// Returns the preferred languages: the client's, the user's and the default.
    fn languages<'a>(&'a self, client: Option<&'a String>, user: User<'a>) -> Vec<&'a str> {
        let wanted = [client.map(String::as_str), user.attribute("locale")];
        wanted
            .into_iter()
            .flatten()
            .chain([self.default_locale.as_str()])
            .collect()
    }
}

/// The reason why no challenge was issued. The sign-in ends, and the message is logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The event does not belong to this trigger.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The challenge could not be created.
    #[error("challenge `{challenge}`: {error}")]
    Issue {
        /// The name of the challenge.
        challenge: String,
        /// The reason.
        error: IssueError,
    },
    /// The flow has a challenge without an issuer. `configure` prevents this.
    #[error("no issuer for a challenge of the flow")]
    NoIssuer,
    /// This function's flow has no challenge after this session, but define's flow does.
    #[error("nothing to ask after {entries} session entries: give define and create the same AUTH_FLOW")]
    NothingToAsk {
        /// The number of session entries.
        entries: usize,
    },
    /// A challenge type set a parameter that only create may set.
    #[error("challenge `{challenge}` sets the parameter `{parameter}`, which create sets itself: choose another name")]
    OwnParameter {
        /// The name of the challenge.
        challenge: String,
        /// The name of the parameter.
        parameter: &'static str,
    },
    /// A state does not verify, or the challenge type did not declare it.
    #[error("challenge `{challenge}`, step {step}: {error}")]
    State {
        /// The name of the challenge.
        challenge: String,
        /// The position of the step in the flow, from 1.
        step: usize,
        /// The reason.
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
