//! The function without its edges: callers pass the event and the time as values.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognito_challenge::event::{Event, EventError, VerifyAuthChallengeResponse, VerifyResponse};
use cognito_challenge::flow::Flow;
use cognito_challenge::keys::Keys;
use cognito_challenge::name::Name;
use cognito_challenge::private::{ALTERNATIVES, CHALLENGE, ISSUED_AT, PrivateParameters};
use cognito_challenge::session::SessionMinutes;
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge::user::{Existence, User};
use cognito_challenge::verify::{Answer, CannotJudge, MAX_ANSWER_CHARS, NO_ANSWER, Verdict, Verifier, Why};
use cognito_challenge_runtime::{self as runtime, ConfigError, Configured, Environment};
use futures_util::future::join_all;
use serde_json::Value;
use tracing::{info, warn};

use crate::lockout::{Counted, Lockout};
use crate::{IfUnavailable, Verifiers};

/// The maximum time that create's clock may be ahead of this function's clock.
const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// The time limit for a check. With the counting before and after it, the function stays within Cognito's five seconds.
const BUDGET: Duration = Duration::from_secs(2);

/// The configuration and resources of the function.
pub struct Function {
    verifiers: Configured<dyn Verifier>,
    keys: Keys,
    session: SessionMinutes,
    cannot_judge: IfUnavailable,
    /// `None` if no table is configured.
    lockout: Option<Lockout>,
}

impl Function {
    /// Configures the function from `AUTH_FLOW`, `CHALLENGE_SECRET`, `AUTH_SESSION_MINUTES`, `CANNOT_JUDGE` (default
    /// `closed`), and the variables of [`Lockout::configure`] and of the flow's types.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid, if the list lacks a type of the flow, or if the list is
    /// invalid.
    pub fn configure(environment: &Environment, verifiers: &Verifiers) -> Result<Self, ConfigError> {
        let flow = environment.required("AUTH_FLOW", Flow::parse)?;
        let keys = environment.required("CHALLENGE_SECRET", Keys::parse)?;
        let cannot_judge = environment.optional("CANNOT_JUDGE", str::parse)?;
        Ok(Self {
            verifiers: verifiers.configure(&flow, environment)?,
            session: environment.required("AUTH_SESSION_MINUTES", str::parse)?,
            cannot_judge: cannot_judge.unwrap_or(IfUnavailable::Closed),
            lockout: Lockout::configure(environment, &keys)?,
            keys,
        })
    }

    /// Replaces the lockout.
    #[cfg(test)]
    pub(crate) fn with_lockout(mut self, lockout: Lockout) -> Self {
        self.lockout = Some(lockout);
        self
    }

    /// Returns the fields and metrics that the flow's types add to the log.
    pub fn telemetry(&self) -> Vec<&'static Telemetry> {
        self.verifiers.iter().map(Verifier::telemetry).collect()
    }

    /// Opens the connections of the lockout and of all types at once, before the first event, so that its response is
    /// not late.
    pub async fn prepare(&self) {
        let connecting = async {
            if let Some(lockout) = &self.lockout {
                lockout.connect().await;
            }
        };
        let preparing = join_all(
            self.verifiers
                .iter()
                .map(|verifier| runtime::prepare(verifier.prepare())),
        );
        tokio::join!(connecting, preparing);
    }

    /// Answers a `VerifyAuthChallengeResponse` event that arrived at `now`.
    ///
    /// # Errors
    ///
    /// Returns an error if `event` is not such an event.
    pub async fn handle(&self, event: Value, now: SystemTime) -> Result<Value, EventError> {
        let event = Event::<VerifyAuthChallengeResponse>::parse(event)?;
        let request = event.request();
        let existence = Existence::from_not_found(request.user_not_found);
        let user = User::new(
            event.user_pool(),
            event.user_name(),
            existence,
            &request.user_attributes,
        );
        let private = PrivateParameters::new(&request.private_challenge_parameters);
        let names = private.get(CHALLENGE).unwrap_or_default();
        let asked = self.asked(names);
        let most = asked.as_deref().map_or(MAX_ANSWER_CHARS, most_chars);
        let text = self.text(private, request.challenge_answer.as_ref(), most, now);
        // An answer that only requests another challenge is not a guess, so it is not counted.
        let counting = self
            .lockout
            .as_ref()
            .filter(|_| text != Err(Why::Skipped))
            .map(|lockout| {
                let step = private.get(ALTERNATIVES).unwrap_or(names);
                (lockout, lockout.key(&user, step.split(',')))
            });
        let counted = match &counting {
            Some((lockout, key)) => lockout.count(key, now).await,
            None => Counted::Not,
        };
        // The answer is always checked, even during a wait: otherwise the time would reveal that the user has to wait.
        let (name, checked) = match (&asked, text) {
            // Only known names are logged, because any other text may be a secret.
            (Err(why), _) => ("unknown", Verdict::Wrong(*why)),
            (Ok(asked), Err(why)) => (first(asked), Verdict::Wrong(why)),
            (Ok(asked), Ok(text)) => {
                let mut answer = Answer::new(text, private, user, &self.keys, now);
                answer.client_metadata = &request.client_metadata;
                self.check_any(asked, &answer).await
            }
        };
        let verdict = match counted {
            Counted::Refused(why) => Verdict::Wrong(why),
            Counted::Failure(_) | Counted::Not => checked,
        };
        if let (Verdict::Right, Some((lockout, key)), Counted::Failure(failures)) = (verdict, &counting, counted) {
            lockout.clear(key, failures).await;
        }
        match verdict {
            Verdict::Right => info!(Passed = 1, decision = "right", challenge = name, "the answer is right"),
            Verdict::Wrong(why) => {
                info!(Failed = 1, decision = "wrong", challenge = name, reason = %why, "the answer is wrong");
            }
        }
        event.respond(&VerifyResponse {
            answer_correct: verdict == Verdict::Right,
        })
    }

    /// Returns the challenges that can be answered: one, or several if the client requested all alternatives at once.
    fn asked(&self, names: &str) -> Result<Vec<(&Name, &dyn Verifier)>, Why> {
        if names.is_empty() {
            return Err(Why::NoSecret);
        }
        let verifiers = names.split(',').map(|name| self.verifiers.get(name)).collect();
        Option::ok_or(verifiers, Why::UnknownChallenge)
    }

    /// Returns the answer as text of at most `most` characters, or the reason why it cannot be checked.
    fn text<'a>(
        &self,
        private: PrivateParameters<'_>,
        answer: Option<&'a Value>,
        most: usize,
        now: SystemTime,
    ) -> Result<&'a str, Why> {
        let text = match answer {
            Some(Value::String(text)) => text,
            None | Some(Value::Null) => return Err(Why::Empty),
            Some(_) => return Err(Why::NotText),
        };
        if text.trim().is_empty() {
            return Err(Why::Empty);
        }
        if text.trim() == NO_ANSWER {
            return Err(Why::Skipped);
        }
        if is_longer(text, most) {
            return Err(Why::TooLong);
        }
        match private.get(ISSUED_AT).and_then(|seconds| seconds.parse().ok()) {
            None => Err(Why::NoSecret),
            Some(issued_at) if !self.in_time(issued_at, now) => Err(Why::Late),
            Some(_) => Ok(text),
        }
    }

    /// Returns whether a challenge issued `issued_at` seconds after 1970 may still be answered at `now`.
    fn in_time(&self, issued_at: u64, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let issued_at = Duration::from_secs(issued_at);
        issued_at <= now.saturating_add(CLOCK_SKEW) && now.saturating_sub(issued_at) <= self.session.duration()
    }

    /// Checks `answer` against all challenges in `asked`. Returns the first one that accepts it, or the first one with
    /// its reason.
    ///
    /// All checks run concurrently, so that together they take no longer than one check.
    async fn check_any<'a>(&self, asked: &[(&'a Name, &dyn Verifier)], answer: &Answer<'_>) -> (&'a str, Verdict) {
        let checks = asked
            .iter()
            .map(|(name, verifier)| async { (name.as_str(), self.check(*verifier, answer).await) });
        let verdicts = join_all(checks).await;
        let right = verdicts.iter().find(|(_, verdict)| *verdict == Verdict::Right);
        // INVARIANT: `asked` has at least one challenge.
        let found = right.or(verdicts.first()).copied();
        found.unwrap_or(("unknown", Verdict::Wrong(Why::NoSecret)))
    }

    async fn check(&self, verifier: &dyn Verifier, answer: &Answer<'_>) -> Verdict {
        // The limit of another challenge in `asked` may be higher.
        if is_longer(answer.text, verifier.max_answer_chars()) {
            return Verdict::Wrong(Why::TooLong);
        }
        let check = tokio::time::timeout(BUDGET, verifier.check(answer));
        let checked = match runtime::caught(check).await {
            None => Err(CannotJudge::new("the check panicked")),
            Some(Err(_)) => Err(CannotJudge::new("the check took too long")),
            Some(Ok(checked)) => checked,
        };
        match checked {
            // Rejected only here, after the same work as for an existing user.
            Ok(Verdict::Right) if !answer.user.exists() && verifier.personal() => Verdict::Wrong(Why::UserNotFound),
            Ok(verdict) => verdict,
            Err(error) => {
                warn!(CannotJudge = 1, "the answer cannot be checked: {error}");
                match self.cannot_judge {
                    IfUnavailable::Closed => Verdict::Wrong(Why::CannotJudge),
                    // This also applies to nonexistent users, so that nothing is revealed. Define denies their sign-in
                    // at the end.
                    IfUnavailable::Open => Verdict::Right,
                }
            }
        }
    }
}

/// Returns the maximum length of an answer to any of the challenges.
fn most_chars(asked: &[(&Name, &dyn Verifier)]) -> usize {
    let limits = asked.iter().map(|(_, verifier)| verifier.max_answer_chars());
    limits.max().unwrap_or(MAX_ANSWER_CHARS)
}

fn is_longer(text: &str, most: usize) -> bool {
    text.chars().nth(most).is_some()
}

/// Returns the name of the first challenge.
fn first<'a>(asked: &[(&'a Name, &dyn Verifier)]) -> &'a str {
    asked.first().map_or("unknown", |(name, _)| name.as_str())
}

#[cfg(test)]
mod tests;
