//! The reason why a request failed, as a problem of RFC 9457.

use std::borrow::Cow;

use cognito_challenge::challenges::security_question::policy::PolicyError;
use cognito_challenge::challenges::security_question::{EnrollError, HashError};
use serde_json::{Value, json};

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// A problem. It quotes neither an answer nor a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The last segment of its type, and the reason in the log.
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    title: &'static str,
    detail: Cow<'static, str>,
    /// Members in addition to those of the RFC.
    more: Vec<(&'static str, Value)>,
}

impl Problem {
    /// Creates a problem. `title` is the same for all problems called `name`.
    pub(crate) fn new(
        name: &'static str,
        status: u16,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            name,
            status,
            title,
            detail: detail.into(),
            more: Vec::new(),
        }
    }

    /// Adds a member.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    /// Returns the problem as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let mut members = json!({
            "type": format!("/problems/{}", self.name),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut members {
            let more = self.more.iter().cloned();
            members.extend(more.map(|(name, value)| (name.to_owned(), value)));
        }
        members
    }

    /// The API has no such route.
    pub(crate) fn no_route() -> Self {
        Self::new("no-route", 404, "Not found", "the API has no such route")
    }

    /// A service that the function needs did not answer.
    pub(crate) fn unavailable() -> Self {
        Self::new(
            "unavailable",
            503,
            "Not possible at the moment",
            "nothing was changed: try again later",
        )
    }

    /// The user of a token or a link was deleted or disabled.
    pub(crate) fn user_gone() -> Self {
        Self::new(
            "user-gone",
            403,
            "The user no longer exists",
            "the user was deleted or disabled: ask your administrator",
        )
    }
}

impl From<EnrollError> for Problem {
    fn from(error: EnrollError) -> Self {
        let (name, question) = match &error {
            EnrollError::Policy(policy) => of_policy(policy),
            EnrollError::Hash(HashError::TooLong) => ("answer-too-long", None),
            EnrollError::UnknownQuestion { .. } => ("question-unknown", None),
            EnrollError::TooMany { .. } => ("too-many-questions", None),
            // The policy rejects blank answers before this.
            _ => ("answer-refused", None),
        };
        let problem = Self::new(name, 422, "The answers cannot be set", error.to_string());
        match question {
            Some(question) => problem.with("question", question),
            None => problem,
        }
    }
}

fn of_policy(error: &PolicyError) -> (&'static str, Option<&'static str>) {
    match error {
        PolicyError::AskedTwice { id } => ("question-twice", Some(id)),
        PolicyError::FromTheQuestion { id } => ("answer-from-question", Some(id)),
        PolicyError::KnownToOthers { id } => ("answer-known-to-others", Some(id)),
        PolicyError::SaidTwice { id } => ("answer-twice", Some(id)),
        PolicyError::TooCommon { id } => ("answer-too-common", Some(id)),
        PolicyError::TooFew { .. } => ("too-few-questions", None),
        PolicyError::TooLong { id } => ("answer-too-long", Some(id)),
        PolicyError::TooShort { id } => ("answer-too-short", Some(id)),
        _ => ("answer-refused", None),
    }
}
