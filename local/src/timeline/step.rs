//! One step of a sign-in, and its JSON for the page.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use user_pools::{Answered, Call, Medium};
use uuid::Uuid;

use crate::console::mask::masked;

/// The longest event or answer that is shown.
const LONGEST: usize = 256 * 1024;

/// One step.
pub(super) struct Step {
    pub(super) sign_in: Option<Uuid>,
    pub(super) kind: Kind,
}

/// The type of a step, with its data.
pub(super) enum Kind {
    /// An answer to the client.
    Answer {
        operation: &'static str,
        sent: String,
        user: Option<String>,
        outcome: Outcome,
        elapsed: Duration,
    },
    /// A call of a function.
    Call {
        function: String,
        occasion: String,
        decision: String,
        elapsed: Duration,
        cold: bool,
        /// Contains secrets.
        event: Bytes,
        /// Contains secrets.
        response: Option<Bytes>,
    },
    /// A message, which has the number `id` in the outbox.
    Message {
        id: u64,
        medium: Medium,
        to: String,
        text: String,
    },
}

/// The answer to the client.
pub(super) enum Outcome {
    Challenge(String),
    Error {
        name: &'static str,
        message: String,
        /// The reason, which the client does not get.
        why: Option<String>,
    },
    Tokens,
}

impl Kind {
    pub(super) fn of_call(call: &Call<'_>) -> Self {
        Self::Call {
            function: call.function.to_owned(),
            occasion: call.occasion.to_owned(),
            decision: call.decision.to_owned(),
            elapsed: call.elapsed,
            cold: call.cold,
            event: call.event.clone(),
            response: call.response.cloned(),
        }
    }

    pub(super) fn of_answer(answered: &Answered<'_>) -> Self {
        let outcome = match answered.answer {
            Ok(answer) => match answer.get("ChallengeName").and_then(Value::as_str) {
                Some(name) => Outcome::Challenge(name.to_owned()),
                None => Outcome::Tokens,
            },
            Err(error) => Outcome::Error {
                name: error.name,
                message: error.message.to_string(),
                why: error.why.as_ref().map(ToString::to_string),
            },
        };
        Self::Answer {
            operation: answered.operation,
            sent: answered.sent.to_owned(),
            user: answered.user.map(str::to_owned),
            outcome,
            elapsed: answered.elapsed,
        }
    }
}

/// Returns the page's name for a sign-in, or for the steps that belong to no sign-in.
pub(super) fn name(sign_in: Option<Uuid>) -> String {
    sign_in.map_or_else(|| "elsewhere".to_owned(), |id| id.to_string())
}

impl Step {
    /// Returns the step as JSON for the page, without secrets.
    pub(super) fn shown(&self) -> Value {
        let sign_in = name(self.sign_in);
        match &self.kind {
            Kind::Answer {
                operation,
                sent,
                user,
                outcome,
                elapsed,
            } => {
                let (mut challenge, mut refusal) = (None, (None, None, None));
                match outcome {
                    Outcome::Challenge(name) => challenge = Some(name),
                    Outcome::Error { name, message, why } => refusal = (Some(name), Some(message), why.as_ref()),
                    Outcome::Tokens => {}
                }
                let (error, message, why) = refusal;
                json!({
                    "kind": "answer", "signIn": sign_in, "operation": operation, "sent": sent, "user": user,
                    "challenge": challenge, "error": error, "message": message, "why": why, "ms": millis(*elapsed),
                })
            }
            Kind::Call {
                function,
                occasion,
                decision,
                elapsed,
                cold,
                event,
                response,
            } => {
                let event = without_secrets(event);
                json!({
                    "kind": "call", "signIn": sign_in, "function": function, "trigger": event.get("triggerSource"),
                    "occasion": occasion, "decision": decision, "ms": millis(*elapsed), "cold": cold, "event": event,
                    "response": response.as_ref().map(without_secrets),
                })
            }
            Kind::Message { id, medium, to, text } => json!({
                "kind": "message", "signIn": sign_in, "id": id, "medium": medium.name(), "to": to, "text": text,
            }),
        }
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Step(..)")
    }
}

fn millis(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1000.0
}

fn without_secrets(json: &Bytes) -> Value {
    if json.len() > LONGEST {
        return format!("({} bytes, too many to show)", json.len()).into();
    }
    let text = masked(json);
    serde_json::from_str(&text).unwrap_or_else(|_| text.into())
}
