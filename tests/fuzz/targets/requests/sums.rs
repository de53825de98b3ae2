//! The functions of the pool: they ask for the sum 2 + 2 up to three times, and pass a secret to verify.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fuzz::{secret, tells_nothing};
use serde_json::{Value, json};
use user_pools::{Call, Failure, Journal, Lambda, Mail, Message};


#[derive(Default)]
pub(crate) struct Sums {
    /// The number of right answers.
    right: AtomicUsize,
    /// Whether define has issued tokens.
    lets_through: AtomicBool,
}

impl Sums {
    pub(crate) fn forget_decision(&self) {
        self.lets_through.store(false, Ordering::Relaxed);
    }

    pub(crate) fn lets_through(&self) -> bool {
        self.lets_through.load(Ordering::Relaxed)
    }

    fn define(&self, request: &Value) -> Value {
        let unknown = request["userNotFound"] == true;
        let session = request["session"].as_array().expect("define gets a session");
        let count = |name: &str, result: bool| {
            let rounds = session.iter().filter(|round| round["challengeName"] == name);
            rounds.filter(|round| round["challengeResult"] == result).count()
        };
        let passed = count("CUSTOM_CHALLENGE", true);
        assert!(passed <= self.right.load(Ordering::Relaxed), "no right answer was given");
        let last = session.last().map(|round| &round["challengeName"]);
        let (ask, tokens, deny) = if count("CUSTOM_CHALLENGE", false) > 2 {
            (None, false, true)
        } else if passed > 0 {
            (None, !unknown, unknown)
        } else if last.is_some_and(|name| name == "SRP_A") {
            (Some("PASSWORD_VERIFIER"), false, false)
        } else {
            (Some("CUSTOM_CHALLENGE"), false, false)
        };
        self.lets_through.store(tokens, Ordering::Relaxed);
        json!({"challengeName": ask, "issueTokens": tokens, "failAuthentication": deny})
    }

    fn verify(&self, request: &Value) -> Value {
        let private = &request["privateChallengeParameters"];
        assert_eq!(private["other"], secret(), "verify gets what create stored");
        let right = request["challengeAnswer"] == private["answer"] && request["userNotFound"] != true;
        self.right.fetch_add(usize::from(right), Ordering::Relaxed);
        json!({"answerCorrect": right})
    }
}

#[async_trait]
impl Lambda for Sums {
    async fn invoke(&self, _: &str, event: Bytes) -> Result<Bytes, Failure> {
        let mut event: Value = serde_json::from_slice(&event).expect("an event is JSON");
        let source = event["triggerSource"].as_str().expect("an event says what it is for");
        if source.starts_with("TokenGeneration_") {
            let answered = pre_token_generation::handle(event).map_err(|error| Failure::Error(error.to_string()));
            return answered.map(|event| event.to_string().into());
        }
        let response = match source {
            "DefineAuthChallenge_Authentication" => self.define(&event["request"]),
            "CreateAuthChallenge_Authentication" => json!({
                "publicChallengeParameters": {"question": "2 + 2"},
                "privateChallengeParameters": {"answer": "4", "other": secret()},
                "challengeMetadata": "SUM",
            }),
            "VerifyAuthChallengeResponse_Authentication" => self.verify(&event["request"]),
            _ => event["response"].take(),
        };
        event["response"] = response;
        Ok(event.to_string().into())
    }
}

/// A log and a mail service that discard their input after a check.
pub(crate) struct Quiet;

impl Journal for Quiet {
    fn call(&self, call: &Call<'_>) {
        for text in [call.function, call.occasion, call.decision] {
            tells_nothing(text);
        }
    }

    fn warn(&self, text: &str) {
        tells_nothing(text);
    }
}

impl Mail for Quiet {
    fn send(&self, _: Message, _: Duration) {}
}
