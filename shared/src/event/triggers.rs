//! The triggers that the functions serve, with the fields that they read and write.

use std::collections::BTreeMap;

use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsCreateAuthChallengeRequest, CognitoEventUserPoolsDefineAuthChallengeRequest,
    CognitoEventUserPoolsVerifyAuthChallengeRequest,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{self, Strings};
use super::{EventError, Trigger};
use crate::flow::AllStepsPassed;

/// The trigger that decides the next challenge of a sign-in.
pub struct DefineAuthChallenge;

impl Trigger for DefineAuthChallenge {
    const NAME: &'static str = "DefineAuthChallenge";
    type Request = CognitoEventUserPoolsDefineAuthChallengeRequest;
    type Response = DefineResponse;

    fn read(request: &Map<String, Value>) -> Result<Self::Request, EventError> {
        let mut read = Self::Request::default();
        (read.user_attributes, read.client_metadata, read.user_not_found) = common(request)?;
        read.session = fields::session(request)?;
        Ok(read)
    }
}

/// The response of define. It always has all three fields, as AWS requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DefineResponse {
    challenge_name: Option<&'static str>,
    issue_tokens: bool,
    fail_authentication: bool,
}

impl DefineResponse {
    /// Asks `challenge`, which is one of Cognito's challenge names.
    pub fn ask(challenge: &'static str) -> Self {
        Self {
            challenge_name: Some(challenge),
            issue_tokens: false,
            fail_authentication: false,
        }
    }

    /// Ends the sign-in without tokens.
    pub fn denied() -> Self {
        Self {
            challenge_name: None,
            issue_tokens: false,
            fail_authentication: true,
        }
    }

    /// Ends the sign-in with tokens. Requires the proof that all steps were passed.
    pub fn tokens(_: AllStepsPassed) -> Self {
        Self {
            challenge_name: None,
            issue_tokens: true,
            fail_authentication: false,
        }
    }
}

/// The trigger that creates a challenge.
pub struct CreateAuthChallenge;

impl Trigger for CreateAuthChallenge {
    const NAME: &'static str = "CreateAuthChallenge";
    type Request = CognitoEventUserPoolsCreateAuthChallengeRequest;
    type Response = CreateResponse;

    fn read(request: &Map<String, Value>) -> Result<Self::Request, EventError> {
        let mut read = Self::Request::default();
        (read.user_attributes, read.client_metadata, read.user_not_found) = common(request)?;
        read.session = fields::session(request)?;
        read.challenge_name = fields::text(request, format_args!("request"), "challengeName")?;
        Ok(read)
    }
}

/// The response of create. It has no `Debug`, because the private parameters contain the answer.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateResponse {
    /// The parameters for the client.
    pub public_challenge_parameters: BTreeMap<&'static str, String>,
    /// The parameters for verify. Never empty, because Cognito would reject the sign-in.
    pub private_challenge_parameters: BTreeMap<&'static str, String>,
    /// The metadata that define and create later read in the session: the challenge's name, alone or with a
    /// [state](crate::state).
    pub challenge_metadata: String,
}

/// The trigger that checks an answer.
pub struct VerifyAuthChallengeResponse;

impl Trigger for VerifyAuthChallengeResponse {
    const NAME: &'static str = "VerifyAuthChallengeResponse";
    type Request = CognitoEventUserPoolsVerifyAuthChallengeRequest;
    type Response = VerifyResponse;

    fn read(request: &Map<String, Value>) -> Result<Self::Request, EventError> {
        let mut read = Self::Request::default();
        (read.user_attributes, read.client_metadata, read.user_not_found) = common(request)?;
        read.private_challenge_parameters = fields::strings(request, "privateChallengeParameters")?;
        // The client controls the answer, so a value of any type is accepted here and checked later.
        read.challenge_answer = request.get("challengeAnswer").cloned();
        Ok(read)
    }
}

/// The response of verify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyResponse {
    /// Whether the answer was right.
    pub answer_correct: bool,
}

/// The trigger before tokens are issued. It reads only the trigger source and writes nothing, so Cognito's tokens stay
/// unchanged.
pub struct PreTokenGeneration;

impl Trigger for PreTokenGeneration {
    const NAME: &'static str = "TokenGeneration";
    type Request = ();
    type Response = ();

    fn read(_: &Map<String, Value>) -> Result<Self::Request, EventError> {
        Ok(())
    }
}

/// Reads the fields that all custom authentication requests have: `userAttributes`, `clientMetadata` and
/// `userNotFound`.
fn common(request: &Map<String, Value>) -> Result<(Strings, Strings, bool), EventError> {
    Ok((
        fields::strings(request, "userAttributes")?,
        fields::client_metadata(request),
        fields::flag(request, format_args!("request"), "userNotFound")?,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Event;
    use super::*;

    fn define(request: &Value) -> Result<Event<DefineAuthChallenge>, EventError> {
        Event::parse(json!({ "request": request }))
    }

    #[test]
    fn each_field_is_read_unchanged() {
        let event = json!({"request": {
            "userAttributes": {"sub": "s"},
            "clientMetadata": {"locale": "de"},
            "userNotFound": true,
            "session": [{"challengeName": "SRP_A", "challengeResult": true, "challengeMetadata": "CAPTCHA"}],
            "challengeName": "CUSTOM_CHALLENGE",
            "privateChallengeParameters": {"answer": "a"},
            "challengeAnswer": "b",
        }});
        let define = Event::<DefineAuthChallenge>::parse(event.clone()).unwrap();
        let create = Event::<CreateAuthChallenge>::parse(event.clone()).unwrap();
        let verify = Event::<VerifyAuthChallengeResponse>::parse(event.clone()).unwrap();
        let fields = |names: &[&str]| -> Value {
            let named = |name: &&str| ((*name).to_owned(), event["request"][name].clone());
            names.iter().map(named).collect()
        };
        let common = ["userAttributes", "clientMetadata", "userNotFound"];
        assert_eq!(json!(define.request()), fields(&[&common[..], &["session"]].concat()));
        assert_eq!(
            json!(create.request()),
            fields(&[&common[..], &["session", "challengeName"]].concat())
        );
        assert_eq!(
            json!(verify.request()),
            fields(&[&common[..], &["privateChallengeParameters", "challengeAnswer"]].concat())
        );
    }

    #[test]
    fn missing_and_null_mean_empty_and_false() {
        for request in [
            &json!({}),
            &json!({"userAttributes": null, "session": null, "clientMetadata": null, "userNotFound": null}),
        ] {
            let event = define(request).unwrap();
            assert!(event.request().session.is_empty() && event.request().user_attributes.is_empty());
            assert!(!event.request().user_not_found);
        }
    }

    #[test]
    fn a_null_inside_a_map_is_omitted() {
        let event = define(&json!({"userAttributes": {"a": null, "b": "c"}})).unwrap();
        assert_eq!(event.request().user_attributes.len(), 1);
    }

    #[test]
    fn a_null_session_entry_keeps_its_place_and_counts_as_wrong() {
        let event = define(&json!({"session": [null, {"challengeName": "SRP_A", "challengeResult": null}]})).unwrap();
        let entries = super::super::entries(&event.request().session);
        assert_eq!(entries.len(), 2);
        assert!(entries.iter().all(|entry| !entry.correct));
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path_and_never_quoted() {
        for (request, path) in [
            (json!({"session": "hunter2"}), "request.session"),
            (json!({"session": ["hunter2"]}), "request.session[0]"),
            (
                json!({"session": [{"challengeResult": "hunter2"}]}),
                "request.session[0].challengeResult",
            ),
            (json!({"userNotFound": "hunter2"}), "request.userNotFound"),
            (
                json!({"userAttributes": {"email": ["hunter2"]}}),
                "request.userAttributes.email",
            ),
        ] {
            let message = define(&request).err().unwrap().to_string();
            assert_eq!(message, format!("field `{path}` has the wrong type"));
        }
    }

    #[test]
    fn client_metadata_of_any_type_is_accepted() {
        for metadata in [json!("x"), json!([1]), json!({"locale": 1, "captcha": {"a": "b"}})] {
            assert!(
                define(&json!({"clientMetadata": metadata}))
                    .unwrap()
                    .request()
                    .client_metadata
                    .is_empty()
            );
        }
    }

    #[test]
    fn an_answer_of_any_type_is_accepted() {
        for answer in [json!(null), json!(5), json!({"a": 1}), json!(["x"]), json!(true)] {
            let event = json!({"request": {"challengeAnswer": answer}});
            assert!(Event::<VerifyAuthChallengeResponse>::parse(event).is_ok());
        }
    }
}
