//! Asks the next challenge of a sign-in: the `CreateAuthChallenge` trigger of an Amazon Cognito user pool.

pub mod issuers;

use std::time::{SystemTime, UNIX_EPOCH};

use rand::CryptoRng;
use serde_json::Value;
use shared::challenges::{Name, Registry};
use shared::event::{CreateAuthChallenge, CreateResponse, Event, EventError, attempts};
use shared::flow::{CUSTOM_CHALLENGE, Decision, Flow, User};
use shared::lambda::{ConfigError, Environment};
use shared::locale::Locale;
use shared::secret::{CHALLENGE, ISSUED_AT};
use tracing::info;

use issuers::{IssueError, Issuers, Question, Request};

/// What asking needs besides the event, the time and the random generator.
pub struct Asker {
    flow: Flow,
    issuers: Issuers,
    default_locale: Locale,
}

impl Asker {
    /// Reads `AUTH_FLOW`, `DEFAULT_LOCALE` (default `en`) and what the issuers need.
    ///
    /// # Errors
    ///
    /// A variable that is missing or cannot be.
    pub fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let default_locale = environment
            .optional("DEFAULT_LOCALE", str::parse)?
            .unwrap_or(Locale::En);
        let flow = environment.required("AUTH_FLOW", |flow| Flow::parse(flow, &Registry::standard()))?;
        Ok(Self {
            issuers: Issuers::standard(flow.challenges(), environment)?,
            flow,
            default_locale,
        })
    }

    /// Does before the first event what would make its answer late.
    pub async fn prepare(&self) {
        self.issuers.prepare().await;
    }

    /// Answers a `CreateAuthChallenge` event that came at `now` with a fresh question.
    ///
    /// An event for a challenge other than `CUSTOM_CHALLENGE` goes back unchanged, as in AWS's example.
    ///
    /// # Errors
    ///
    /// What is not such an event, a session that define would not have continued, and a question that could not
    /// be made.
    pub async fn handle(
        &self,
        event: Value,
        now: SystemTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Value, CreateError> {
        let event = Event::<CreateAuthChallenge>::parse(event)?;
        let request = event.request();
        if request.challenge_name.as_deref() != Some(CUSTOM_CHALLENGE) {
            info!(decision = "none", "not a challenge of ours");
            return Ok(event.unchanged());
        }
        let session = attempts(&request.session);
        let Decision::Ask(ask) = self.flow.decide(&session, User::from_not_found(request.user_not_found)) else {
            return Err(CreateError::NothingToAsk { entries: session.len() });
        };
        let challenge = ask.choose(request.client_metadata.get("challenge").map(String::as_str));
        let name = challenge.as_str();
        let issuer = self.issuers.issuer(challenge).ok_or(CreateError::NoIssuer { name })?;
        let wanted = [
            request.client_metadata.get("locale"),
            request.user_attributes.get("locale"),
        ];
        let question = Request {
            user: event.user_name(),
            found: !request.user_not_found,
            attributes: &request.user_attributes,
            locale: Locale::lookup(wanted.into_iter().flatten().map(String::as_str), self.default_locale),
            sound: request
                .client_metadata
                .get("captcha")
                .is_some_and(|medium| medium == "audio"),
            wrong: ask.wrong,
            now,
        };
        let Question {
            mut public,
            mut private,
        } = issuer.issue(&question, rng).await?;
        public.insert(CHALLENGE, name.into());
        if !ask.others.is_empty() {
            let alternatives: Vec<_> = ask.alternatives().map(Name::as_str).collect();
            public.insert("alternatives", alternatives.join(","));
        }
        public.insert("step", ask.step.to_string());
        public.insert("steps", ask.steps.to_string());
        public.insert("attemptsLeft", ask.attempts_left.to_string());
        private.insert(CHALLENGE, name.into());
        private.insert(
            ISSUED_AT,
            now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string(),
        );
        info!(
            Issued = 1,
            decision = "issue",
            challenge = name,
            step = ask.step,
            attempt = ask.attempt(),
            "asked"
        );
        let response = CreateResponse {
            public_challenge_parameters: public,
            private_challenge_parameters: private,
            challenge_metadata: name,
        };
        Ok(event.respond(&response)?)
    }
}

/// Why no question was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The event is not one of this trigger.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The question could not be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The flow names a challenge that this function cannot ask.
    #[error("no issuer for challenge `{name}`: add it to the list of issuers")]
    NoIssuer {
        /// The challenge.
        name: &'static str,
    },
    /// This function's flow would not ask anything after this session, define's did.
    #[error("nothing to ask after {entries} session entries: give define and create the same AUTH_FLOW")]
    NothingToAsk {
        /// How long the session is.
        entries: usize,
    },
}
