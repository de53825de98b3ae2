//! The events of the functions, with the field order and the omissions of Cognito's events.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::source::Trigger;
use crate::challenges::{CUSTOM_CHALLENGE, Round};
use crate::error::Error;
use crate::pools::Pool;
use crate::users::User;

/// The common content of all events of one sign-in.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Only for the journal.
    pub(crate) sign_in: Option<Uuid>,
    pub(crate) region: &'a str,
    pub(crate) pool: &'a Pool,
    pub(crate) client: &'a str,
    pub(crate) user_name: &'a str,
    /// `None` for a nonexistent user.
    pub(crate) user: Option<&'a User>,
    /// Whether the events contain `userNotFound` (`PreventUserExistenceErrors`).
    pub(crate) says_user_not_found: bool,
    pub(crate) session: &'a [Round],
    /// `ClientMetadata` of the current request.
    pub(crate) client_metadata: &'a BTreeMap<String, String>,
}

impl Context<'_> {
    /// Returns the event of the define function.
    pub(crate) fn define(&self) -> Result<Bytes, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Response {
            challenge_name: Null,
            issue_tokens: Null,
            fail_authentication: Null,
        }
        let response = Response {
            challenge_name: Null,
            issue_tokens: Null,
            fail_authentication: Null,
        };
        self.event(
            Trigger::Define,
            Request {
                session: Some(self.session),
                ..self.request()
            },
            response,
        )
    }

    /// Returns the event of the create function.
    pub(crate) fn create(&self) -> Result<Bytes, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Response {
            public_challenge_parameters: Null,
            private_challenge_parameters: Null,
            challenge_metadata: Null,
        }
        let response = Response {
            public_challenge_parameters: Null,
            private_challenge_parameters: Null,
            challenge_metadata: Null,
        };
        let request = Request {
            challenge_name: Some(CUSTOM_CHALLENGE),
            session: Some(self.session),
            ..self.request()
        };
        self.event(Trigger::Create, request, response)
    }

    /// Returns the event of the verify function.
    pub(crate) fn verify(&self, private: &BTreeMap<String, String>, answer: &str) -> Result<Bytes, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Response {
            answer_correct: Null,
        }
        let request = Request {
            private_challenge_parameters: Some(private),
            challenge_answer: Some(answer),
            ..self.request()
        };
        self.event(Trigger::Verify, request, Response { answer_correct: Null })
    }

    fn request(&self) -> Request<'_> {
        Request {
            user_attributes: Attributes(*self),
            challenge_name: None,
            session: None,
            private_challenge_parameters: None,
            challenge_answer: None,
            client_metadata: Some(self.client_metadata).filter(|metadata| !metadata.is_empty()),
            user_not_found: self.user_not_found(),
        }
    }

    /// Returns `userNotFound`, if the client hides users.
    pub(super) fn user_not_found(&self) -> Option<bool> {
        self.says_user_not_found.then_some(self.user.is_none())
    }

    pub(super) fn event(
        &self,
        trigger: Trigger,
        request: impl Serialize,
        response: impl Serialize,
    ) -> Result<Bytes, Error> {
        let event = Event {
            version: trigger.version(),
            region: self.region,
            user_pool_id: &self.pool.id,
            user_name: self.user_name,
            caller_context: CallerContext {
                aws_sdk_version: "aws-sdk-unknown-unknown",
                client_id: self.client,
            },
            trigger_source: trigger.source(),
            request,
            response,
        };
        let event = serde_json::to_vec(&event).map_err(|_| Error::internal("the event could not be written"))?;
        Ok(event.into())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a, Q, R> {
    version: &'static str,
    region: &'a str,
    user_pool_id: &'a str,
    user_name: &'a str,
    caller_context: CallerContext<'a>,
    trigger_source: &'static str,
    request: Q,
    response: R,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallerContext<'a> {
    aws_sdk_version: &'static str,
    client_id: &'a str,
}

/// The fields of the requests of custom authentication, in Cognito's order. Each trigger has some of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    user_attributes: Attributes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a [Round]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_challenge_parameters: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge_answer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_metadata: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_not_found: Option<bool>,
}

/// A field of the empty response.
struct Null;

impl Serialize for Null {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Serialize for Round {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("challengeName", self.challenge)?;
        map.serialize_entry("challengeResult", &self.result)?;
        map.serialize_entry("challengeMetadata", &self.metadata)?;
        map.end()
    }
}

/// `userAttributes`: only strings, and empty for a nonexistent user.
pub(super) struct Attributes<'a>(pub(super) Context<'a>);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(user) = self.0.user {
            map.serialize_entry("sub", &user.sub)?;
            for (name, alias) in user
                .logins(self.0.pool)
                .filter(|(name, _)| *name != "preferred_username")
            {
                map.serialize_entry(&format!("cognito:{name}_alias"), alias)?;
            }
            map.serialize_entry("cognito:user_status", user.status.name())?;
            for (name, value) in &user.attributes {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}
