//! The responses of the three functions of a custom sign-in.

use std::collections::BTreeMap;

use super::{Response, ResponseFields};
use crate::triggers::label::{challenge_label, readable};

/// The response of the define function. Absent and null are false.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Defined {
    pub(crate) challenge_name: Option<String>,
    pub(crate) issue_tokens: bool,
    pub(crate) fail_authentication: bool,
}

impl Response for Defined {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
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

/// The response of the create function.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Created {
    pub(crate) public: BTreeMap<String, String>,
    pub(crate) private: BTreeMap<String, String>,
    pub(crate) metadata: Option<String>,
}

impl Response for Created {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
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

impl Response for Verified {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
        fields.flag("answerCorrect").map(Self)
    }

    fn decision(&self) -> String {
        if self.0 { "right" } else { "wrong" }.to_owned()
    }
}
