//! Calls the functions of a pool and reads their responses.

mod event;
pub(crate) mod label;
pub(crate) mod optional;
pub(crate) mod response;
pub(crate) mod source;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use crate::State;
use crate::challenges::{CUSTOM_CHALLENGE, Round};
use crate::error::Error;
use crate::journal::{Call, Journal};
use crate::lambda::{Failure, Lambda};
use crate::pools::Pool;
use crate::users::User;
pub(crate) use event::Context;
use label::{challenge_label, readable};
use response::Response;
use response::custom_challenge::{Created, Defined, Verified};
use source::Trigger;

/// The time limit of a function, and the number of tries. Both are fixed on AWS.
const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;

/// The functions of a pool, ready to be called for one sign-in.
pub(crate) struct Invoker<'a> {
    pub(crate) lambda: &'a dyn Lambda,
    pub(crate) journal: &'a dyn Journal,
    pub(crate) context: Context<'a>,
}

impl State {
    /// Returns the context of functions that are called outside of a custom sign-in.
    pub(crate) fn context<'a>(
        &'a self,
        pool: &'a Pool,
        client: &'a str,
        user: &'a User,
        client_metadata: &'a BTreeMap<String, String>,
    ) -> Context<'a> {
        Context {
            sign_in: None,
            region: &self.settings.region,
            pool,
            client,
            user_name: &user.name,
            user: Some(user),
            says_user_not_found: false,
            session: &[],
            client_metadata,
        }
    }

    /// Returns the functions of a pool, to be called in `context`.
    pub(crate) fn invoker_of<'a>(&'a self, context: Context<'a>) -> Invoker<'a> {
        Invoker {
            lambda: &*self.lambda,
            journal: &*self.journal,
            context,
        }
    }
}

impl Invoker<'_> {
    /// Calls the define function.
    pub(crate) async fn define(&self) -> Result<Defined, Error> {
        self.challenge(Trigger::Define, self.context.define()?).await
    }

    /// Calls the create function.
    pub(crate) async fn create(&self) -> Result<Created, Error> {
        self.challenge(Trigger::Create, self.context.create()?).await
    }

    /// Calls the verify function with an answer.
    pub(crate) async fn verify(&self, private: &BTreeMap<String, String>, answer: &str) -> Result<bool, Error> {
        let event = self.context.verify(private, answer)?;
        let Verified(correct) = self.challenge(Trigger::Verify, event).await?;
        Ok(correct)
    }

    /// Calls one of the three functions that a custom sign-in requires.
    async fn challenge<A: Response>(&self, trigger: Trigger, event: Bytes) -> Result<A, Error> {
        let function = self.context.pool.triggers.function(trigger.name());
        self.call(trigger, function.ok_or_else(not_configured)?, event).await
    }

    async fn call<A: Response>(&self, trigger: Trigger, function: &str, event: Bytes) -> Result<A, Error> {
        let cold = !self.lambda.is_warm(function);
        let started = Instant::now();
        let answered = self.invoke(trigger, function, &event).await;
        let elapsed = started.elapsed();
        let (response, result) = match answered {
            Ok(bytes) => {
                let result = response::read::<A>(&bytes, trigger, &self.context);
                (Some(bytes), result)
            }
            Err(error) => (None, Err(error)),
        };
        let decision = match &result {
            Ok(answer) => answer.decision(),
            Err(error) => readable(&error.message),
        };
        let occasion = match trigger {
            Trigger::Create | Trigger::Define | Trigger::Verify => summary(self.context.session),
            _ => trigger.source().to_owned(),
        };
        self.journal.call(&Call {
            function,
            occasion: &occasion,
            decision: &decision,
            elapsed,
            cold,
            sign_in: self.context.sign_in,
            event: &event,
            response: response.as_ref(),
        });
        result
    }

    /// Tries again if no response was received in time. An error of the function itself is final.
    async fn invoke(&self, trigger: Trigger, function: &str, event: &Bytes) -> Result<Bytes, Error> {
        let name = trigger.name();
        for tried in 1..=TRIES {
            let begun = Instant::now();
            match timeout(PATIENCE, self.lambda.invoke(function, event.clone())).await {
                Ok(Ok(answer)) => return Ok(answer),
                // A function may have the same limit. Its timeout is then reported at the moment when Cognito gives up.
                Ok(Err(Failure::TimedOut(_))) if begun.elapsed() >= PATIENCE => {
                    self.no_answer(trigger, function, tried);
                }
                Ok(Err(Failure::Crashed(text) | Failure::Error(text) | Failure::TimedOut(text))) => {
                    let message = format!("{name} failed with error {text}.");
                    return Err(Error::new("UserLambdaValidationException", message));
                }
                Ok(Err(Failure::Unknown)) => {
                    let message = format!("{name} invocation failed due to error ResourceNotFoundException.");
                    let why = format!("no function is called `{}`", readable(function));
                    return Err(Error::new("UnexpectedLambdaException", message).because(why));
                }
                Err(_) => self.no_answer(trigger, function, tried),
            }
        }
        let message = format!("{name} invocation failed due to error Socket timeout while invoking Lambda function.");
        Err(Error::new("UnexpectedLambdaException", message))
    }

    fn no_answer(&self, trigger: Trigger, function: &str, tried: u32) {
        self.journal.warn(&format!(
            "{}: no answer from `{}` within {} seconds (try {tried} of {TRIES})",
            trigger.name(),
            readable(function),
            PATIENCE.as_secs()
        ));
    }
}

/// The error of a pool that lacks one of the three functions.
fn not_configured() -> Error {
    Error::invalid_parameter("Custom auth lambda trigger is not configured for the user pool.")
        .because("`LambdaConfig` needs DefineAuthChallenge, CreateAuthChallenge and VerifyAuthChallengeResponse")
}

/// Describes a sign-in so far, such as `[SRP_A ✓, PASSWORD_VERIFIER ✓, CAPTCHA ✗]`.
fn summary(session: &[Round]) -> String {
    let round = |round: &Round| {
        let label = match round.challenge {
            CUSTOM_CHALLENGE => challenge_label(round.metadata.as_deref()),
            name => name,
        };
        format!("{label} {}", if round.result { '✓' } else { '✗' })
    };
    format!("[{}]", session.iter().map(round).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
