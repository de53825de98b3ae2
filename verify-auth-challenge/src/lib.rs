//! Judges the answer to a challenge: the `VerifyAuthChallengeResponse` trigger of an Amazon Cognito user pool.
//!
//! Whatever a person typed is right or wrong, never an error. Wrong answers can be counted across sign-ins, in a table.

pub mod attempts;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use shared::challenges::{Name, Registry, Verdict, Why};
use shared::event::{Event, EventError, VerifyAuthChallengeResponse, VerifyResponse};
use shared::flow::User;
use shared::lambda::{ConfigError, Environment};
use shared::secret::{CHALLENGE, ISSUED_AT, Keys, Secret};
use shared::session::SessionMinutes;
use tracing::info;

use attempts::{Counted, LockOut};

/// The longest answer that is looked at, in characters.
pub const MAX_ANSWER_CHARS: usize = 1024;

/// How far the clock of the function that asked may be ahead of this one's.
const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// What judging needs besides the event and the time.
pub struct Judge {
    registry: Registry,
    keys: Keys,
    session: SessionMinutes,
    /// Only where there is a table to count in.
    lock_out: Option<LockOut>,
}

impl Judge {
    /// Reads `CHALLENGE_SECRET`, `AUTH_SESSION_MINUTES` and what [`LockOut::configure`] reads.
    ///
    /// # Errors
    ///
    /// A variable that is missing or cannot be.
    pub fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let keys = environment.required("CHALLENGE_SECRET", Keys::parse)?;
        Ok(Self {
            registry: Registry::standard(),
            session: environment.required("AUTH_SESSION_MINUTES", str::parse)?,
            lock_out: LockOut::configure(environment, &keys)?,
            keys,
        })
    }

    /// Does what the first answer should not have to wait for.
    pub async fn prepare(&self) {
        if let Some(lock_out) = &self.lock_out {
            lock_out.connect().await;
        }
    }

    /// Answers a `VerifyAuthChallengeResponse` event that came at `now`.
    ///
    /// # Errors
    ///
    /// What is not such an event.
    pub async fn handle(&self, event: Value, now: SystemTime) -> Result<Value, EventError> {
        let event = Event::<VerifyAuthChallengeResponse>::parse(event)?;
        let request = event.request();
        let secret = Secret::new(&request.private_challenge_parameters);
        // Only a name that is known is logged: what stands there otherwise may be anything.
        let name = secret
            .get(CHALLENGE)
            .and_then(|name| self.registry.name(name))
            .map_or("unknown", Name::as_str);
        let user = User::from_not_found(request.user_not_found);
        let counting = self.lock_out.as_ref().map(|lock_out| {
            let key = lock_out.key(event.user_pool(), event.user_name(), user, name);
            (lock_out, key)
        });
        let counted = match &counting {
            Some((lock_out, key)) => lock_out.count(key, now).await,
            None => Counted::Not,
        };
        // Also where it cannot change anything: how long it takes must not tell that the user has to wait.
        let judged = self.judge(secret, request.challenge_answer.as_ref(), user, now);
        let verdict = match counted {
            Counted::Refused(why) => Verdict::Wrong(why),
            Counted::Failure(_) | Counted::Not => judged,
        };
        if let (Verdict::Right, Some((lock_out, key)), Counted::Failure(failures)) = (verdict, &counting, counted) {
            lock_out.clear(key, failures).await;
        }
        match verdict {
            Verdict::Right => info!(Passed = 1, decision = "right", challenge = name, "the answer is right"),
            Verdict::Wrong(why) => {
                info!(Failed = 1, decision = "wrong", challenge = name, reason = ?why, "the answer is wrong");
            }
        }
        event.respond(&VerifyResponse {
            answer_correct: verdict == Verdict::Right,
        })
    }

    fn judge(&self, secret: Secret<'_>, answer: Option<&Value>, user: User, now: SystemTime) -> Verdict {
        let Some(challenge) = secret.get(CHALLENGE) else {
            return Verdict::Wrong(Why::NoSecret);
        };
        let Some(challenge) = self.registry.challenge(challenge) else {
            return Verdict::Wrong(Why::UnknownChallenge);
        };
        let answer = match answer {
            Some(Value::String(answer)) => answer,
            None | Some(Value::Null) => return Verdict::Wrong(Why::Empty),
            Some(_) => return Verdict::Wrong(Why::NotText),
        };
        if answer.trim().is_empty() {
            return Verdict::Wrong(Why::Empty);
        }
        if answer.chars().nth(MAX_ANSWER_CHARS).is_some() {
            return Verdict::Wrong(Why::TooLong);
        }
        match secret.get(ISSUED_AT).and_then(|seconds| seconds.parse().ok()) {
            None => Verdict::Wrong(Why::NoSecret),
            Some(issued_at) if !self.in_time(issued_at, now) => Verdict::Wrong(Why::Late),
            Some(_) => match challenge.check(secret, answer, &self.keys) {
                // Only here, after the same work as for anybody else.
                Verdict::Right if user == User::NotFound && challenge.personal() => Verdict::Wrong(Why::UserNotFound),
                verdict => verdict,
            },
        }
    }

    /// Whether a question asked `issued_at` seconds after 1970 may still be answered at `now`.
    fn in_time(&self, issued_at: u64, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let issued_at = Duration::from_secs(issued_at);
        issued_at <= now.saturating_add(CLOCK_SKEW) && now.saturating_sub(issued_at) <= self.session.duration()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::challenges::security_question::AnswerHash;

    use super::*;

    const SECRET: &str = "at least thirty-two bytes of secret";
    const ASKED: u64 = 1_767_225_600;

    fn judge() -> Judge {
        Judge::configure(&Environment::new([
            ("AUTH_SESSION_MINUTES", "3"),
            ("CHALLENGE_SECRET", SECRET),
        ]))
        .unwrap()
    }

    /// Whether `answer` is right at `seconds` after 1970, to a question that was asked at [`ASKED`].
    async fn right(challenge: (&str, &str, &str), answer: &str, nobody: bool, seconds: u64) -> bool {
        let (challenge, name, secret) = challenge;
        let event = json!({"request": {"userNotFound": nobody, "challengeAnswer": answer,
            "privateChallengeParameters": {"challenge": challenge, name: secret, "issuedAt": ASKED.to_string()}}});
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        let answered = judge().handle(event, now).await.unwrap();
        answered["response"]["answerCorrect"].as_bool().unwrap()
    }

    #[tokio::test]
    async fn a_question_can_be_answered_as_long_as_the_session_lasts_and_by_a_clock_that_is_a_minute_behind() {
        for (seconds, expected) in [
            (ASKED - 61, false),
            (ASKED - 60, true),
            (ASKED, true),
            (ASKED + 180, true),
            (ASKED + 181, false),
        ] {
            let captcha = ("CAPTCHA", "answer", "ACDEH");
            assert_eq!(right(captcha, "acdeh", false, seconds).await, expected, "{seconds}");
        }
    }

    #[tokio::test]
    async fn what_is_about_the_user_nobody_answers_right() {
        let hash = AnswerHash::new("Peccy", &Keys::parse(SECRET).unwrap(), [7; 16]).unwrap();
        let hash = hash.to_string();
        let question = ("SECURITY_QUESTION", "answerHash", hash.as_str());
        assert!(right(question, "peccy", false, ASKED).await);
        assert!(!right(question, "peccy", true, ASKED).await);
        assert!(right(("CAPTCHA", "answer", "ACDEH"), "ACDEH", true, ASKED).await);
    }
}
