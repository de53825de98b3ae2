//! Reads the events that Cognito sends through a typed view, and writes the response into the original JSON.
//!
//! Cognito rejects a reply that lost or renamed a field of the envelope ("Unrecognizable lambda output"). So the event
//! stays unchanged except for `response`.

mod fields;
mod session;
mod triggers;

use serde::Serialize;
use serde_json::{Map, Value};

pub use session::{Entry, entries};
pub use triggers::{
    CreateAuthChallenge, CreateResponse, DefineAuthChallenge, DefineResponse, PreTokenGeneration,
    VerifyAuthChallengeResponse, VerifyResponse,
};

/// A Cognito trigger, with the types of its request and response.
pub trait Trigger {
    /// The part of `triggerSource` before the underscore, such as `DefineAuthChallenge`.
    const NAME: &'static str;
    /// The typed view of the event's `request`.
    type Request;
    /// The data that the function writes into the event's `response`.
    type Response: Serialize;

    /// Reads `request`. Missing and null fields become empty.
    ///
    /// # Errors
    ///
    /// Returns an error that names the field if a field has the wrong type.
    fn read(request: &Map<String, Value>) -> Result<Self::Request, EventError>;
}

/// An event of trigger `T`: the original JSON and a typed view of its request.
pub struct Event<T: Trigger> {
    raw: Map<String, Value>,
    request: T::Request,
}

impl<T: Trigger> Event<T> {
    /// Reads an event.
    ///
    /// A missing or null `triggerSource` is accepted, so that the example events in AWS's documentation can be used
    /// unchanged.
    ///
    /// # Errors
    ///
    /// Returns an error if `raw` is not an event of this trigger, or a field has the wrong type.
    pub fn parse(raw: Value) -> Result<Self, EventError> {
        let Value::Object(raw) = raw else {
            return Err(EventError::NotAnObject);
        };
        match raw.get("triggerSource") {
            None | Some(Value::Null) => {}
            Some(Value::String(source)) if source.split('_').next() == Some(T::NAME) => {}
            Some(Value::String(source)) => {
                return Err(EventError::OtherTrigger {
                    expected: T::NAME,
                    got: printable(source),
                });
            }
            Some(_) => return Err(EventError::wrong_type("triggerSource")),
        }
        let request = match raw.get("request") {
            None | Some(Value::Null) => return Err(EventError::NoRequest),
            Some(Value::Object(request)) => T::read(request)?,
            Some(_) => return Err(EventError::wrong_type("request")),
        };
        Ok(Self { raw, request })
    }

    /// Returns the typed view of the event's `request`.
    pub fn request(&self) -> &T::Request {
        &self.request
    }

    /// Returns the username in the pool, or `""` if the event has none.
    pub fn user_name(&self) -> &str {
        self.raw.get("userName").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the id of the user pool, or `""` if the event has none.
    pub fn user_pool(&self) -> &str {
        self.raw.get("userPoolId").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the event's `triggerSource` in printable form, or `""` if the event has none.
    pub fn trigger_source(&self) -> String {
        let source = self.raw.get("triggerSource").and_then(Value::as_str);
        printable(source.unwrap_or_default())
    }

    /// Returns the event with `response` written into it. The rest stays unchanged.
    ///
    /// # Errors
    ///
    /// Returns an error if the response does not serialize to a JSON object.
    pub fn respond(mut self, response: &T::Response) -> Result<Value, EventError> {
        let Ok(Value::Object(fields)) = serde_json::to_value(response) else {
            return Err(EventError::NotAnObject);
        };
        match self.raw.entry("response").or_insert(Value::Null) {
            Value::Object(existing) => existing.extend(fields),
            slot => *slot = Value::Object(fields),
        }
        Ok(Value::Object(self.raw))
    }

    /// Returns the event unchanged.
    pub fn unchanged(self) -> Value {
        Value::Object(self.raw)
    }
}

/// The reason why a function cannot answer an event. It names fields and never quotes their values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The event has no `request`.
    #[error("field `request` is missing: every event of a Cognito trigger has it")]
    NoRequest,
    /// The event or the response is not a JSON object.
    #[error("the event is not a JSON object")]
    NotAnObject,
    /// The event belongs to another trigger of the user pool.
    #[error("expected trigger `{expected}_Authentication`, got `{got}`: check the user pool's LambdaConfig")]
    OtherTrigger {
        /// The trigger that this function serves.
        expected: &'static str,
        /// The event's `triggerSource`.
        got: String,
    },
    /// A field has a JSON type that Cognito does not send.
    #[error("field `{field}` has the wrong type")]
    WrongType {
        /// The field's path, such as `request.session[0].challengeResult`.
        field: String,
    },
}

impl EventError {
    fn wrong_type(field: impl Into<String>) -> Self {
        Self::WrongType { field: field.into() }
    }
}

/// Returns at most 64 characters of `text` that are safe in one log line.
pub fn printable(text: &str) -> String {
    text.chars()
        .take(64)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_survive_and_keep_their_order() {
        let raw = json!({"zeta": 1, "triggerSource": "DefineAuthChallenge_Authentication",
            "request": {"session": null, "surprise": [1]}, "response": {"challengeName": null}, "alpha": {"b": null}});
        let event = Event::<DefineAuthChallenge>::parse(raw.clone()).unwrap();
        let answered = event.respond(&DefineResponse::denied()).unwrap();
        let keys: Vec<_> = answered.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["zeta", "triggerSource", "request", "response", "alpha"]);
        assert_eq!(answered["request"], raw["request"]);
        assert_eq!(answered["response"]["failAuthentication"], true);
    }

    #[test]
    fn a_response_that_is_not_an_object_is_replaced() {
        for response in [json!(null), json!("x"), json!([1])] {
            let raw = json!({"request": {"session": []}, "response": response});
            let answered = Event::<DefineAuthChallenge>::parse(raw)
                .unwrap()
                .respond(&DefineResponse::denied())
                .unwrap();
            assert!(answered["response"].is_object());
        }
    }

    #[test]
    fn an_event_of_another_trigger_is_rejected_by_name() {
        let raw = json!({"triggerSource": "PreSignUp_SignUp", "request": {}});
        let error = Event::<DefineAuthChallenge>::parse(raw).err().unwrap();
        assert!(error.to_string().contains("got `PreSignUp_SignUp`"), "{error}");
    }

    #[test]
    fn a_value_that_is_not_an_event_is_rejected() {
        for raw in [
            json!(null),
            json!([]),
            json!("x"),
            json!({}),
            json!({"request": 1}),
            json!({"triggerSource": 3}),
        ] {
            assert!(Event::<DefineAuthChallenge>::parse(raw.clone()).is_err(), "{raw}");
        }
    }
}
