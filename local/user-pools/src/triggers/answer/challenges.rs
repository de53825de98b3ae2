//! The responses of the three functions of a custom sign-in.

use super::{Answer, Response};
use crate::sign_in::decide::{Created, Defined};
use crate::triggers::label::{challenge_label, readable};

impl Answer for Defined {
    fn read(fields: &mut Response<'_>) -> Result<Self, String> {
        Ok(Self {
            challenge_name: fields.text("challengeName")?,
            issue_tokens: fields.flag("issueTokens")?,
            fail_authentication: fields.flag("failAuthentication")?,
        })
    }

    fn decision(&self) -> String {
        match (
            self.issue_tokens,
            self.fail_authentication,
            self.challenge_name.as_deref(),
        ) {
            (true, true, _) => "issue tokens and fail".to_owned(),
            (true, false, _) => "issue tokens".to_owned(),
            (false, true, _) => "fail".to_owned(),
            (false, false, Some(name)) => format!("ask {}", readable(name)),
            (false, false, None) => "nothing".to_owned(),
        }
    }
}

impl Answer for Created {
    fn read(fields: &mut Response<'_>) -> Result<Self, String> {
        Ok(Self {
            public: fields.texts("publicChallengeParameters")?,
            private: fields.texts("privateChallengeParameters")?,
            metadata: fields.text("challengeMetadata")?,
        })
    }

    fn decision(&self) -> String {
        format!("asked {}", challenge_label(self.metadata.as_deref()))
    }
}

/// The response of the verify function.
pub(crate) struct Verified(pub(crate) bool);

impl Answer for Verified {
    fn read(fields: &mut Response<'_>) -> Result<Self, String> {
        fields.flag("answerCorrect").map(Self)
    }

    fn decision(&self) -> String {
        if self.0 { "right" } else { "wrong" }.to_owned()
    }
}

/// The response of a function that can only accept.
pub(crate) struct Nothing;

impl Answer for Nothing {
    fn read(_: &mut Response<'_>) -> Result<Self, String> {
        Ok(Self)
    }

    fn decision(&self) -> String {
        "go on".to_owned()
    }
}
