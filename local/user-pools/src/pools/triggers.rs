//! The functions of a pool.

use std::collections::BTreeMap;

use crate::fields::{FieldError, Fields};

/// The supported triggers, as `LambdaConfig` names them.
const RUN: [&str; 10] = [
    "CreateAuthChallenge",
    "CustomMessage",
    "DefineAuthChallenge",
    "PostAuthentication",
    "PostConfirmation",
    "PreAuthentication",
    "PreSignUp",
    "PreTokenGeneration",
    "UserMigration",
    "VerifyAuthChallengeResponse",
];

/// The other name of `PreTokenGeneration`, which has a version.
const PRE_TOKEN_GENERATION_CONFIG: &str = "PreTokenGenerationConfig";

/// A trigger that can stop a sign-in and is not supported. Without it, the sign-in would be allowed, so it is an error.
const GATE: &str = "InboundFederation";

/// The triggers that send a pool's messages, each an object with an ARN. They are not run: AWS KMS encrypts what they
/// get.
pub(crate) const SENDERS: [&str; 2] = ["CustomEmailSender", "CustomSMSSender"];

/// The functions of a pool, by trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Triggers {
    functions: BTreeMap<&'static str, String>,
    pub(crate) token_version: TokenVersion,
    /// Triggers that are not supported: name and function.
    pub(crate) others: BTreeMap<String, String>,
}

/// The version of the events of `PreTokenGeneration`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenVersion {
    /// The function can change the ID token.
    #[default]
    One,
    /// The function can also change the access token.
    Two,
    /// Like two, and also for client credentials, which are not supported here.
    Three,
}

impl TokenVersion {
    const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];

    /// The `version` in the events.
    pub(crate) fn of_events(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
            Self::Three => "3",
        }
    }

    /// The name in `LambdaVersion`.
    fn setting(self) -> &'static str {
        match self {
            Self::One => "V1_0",
            Self::Two => "V2_0",
            Self::Three => "V3_0",
        }
    }
}

impl Triggers {
    /// Reads the triggers of a `LambdaConfig`. `functions` has the names of triggers and functions. It may have another
    /// source than `config`.
    pub(crate) fn new<'a>(
        functions: impl IntoIterator<Item = (&'a str, &'a str)>,
        config: &Fields<'_>,
    ) -> Result<Self, FieldError> {
        let mut triggers = Self {
            token_version: token_version(config)?,
            ..Self::default()
        };
        for sender in SENDERS {
            let function = config.fields(sender)?.text("LambdaArn")?;
            triggers
                .others
                .extend(function.map(|function| (sender.to_owned(), function.to_owned())));
        }
        for (trigger, function) in functions {
            let problem = |problem: &str| FieldError::Value {
                path: format!("LambdaConfig.{trigger}"),
                problem: problem.to_owned(),
            };
            let name = match trigger {
                PRE_TOKEN_GENERATION_CONFIG => "PreTokenGeneration",
                name => name,
            };
            if name == GATE {
                return Err(problem(
                    "is not supported by local, so the sign-ins that it rejects would be allowed: remove it",
                ));
            }
            let Some(known) = RUN.iter().find(|known| **known == name) else {
                triggers.others.insert(trigger.to_owned(), function.to_owned());
                continue;
            };
            let before = triggers.functions.insert(known, function.to_owned());
            if before.is_some_and(|before| before != function) {
                return Err(problem(
                    "must name the same function in PreTokenGeneration and PreTokenGenerationConfig",
                ));
            }
        }
        Ok(triggers)
    }

    /// Returns whether the trigger called `name` is run.
    pub(crate) fn is_run(name: &str) -> bool {
        name == PRE_TOKEN_GENERATION_CONFIG || RUN.contains(&name)
    }

    /// Returns the function of the trigger called `name`.
    pub(crate) fn function(&self, name: &str) -> Option<&str> {
        self.functions.get(name).map(String::as_str)
    }

    /// Returns the triggers and their functions, as in `LambdaConfig`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let run = self.functions.iter().map(|(name, function)| (*name, function.as_str()));
        let others = self.others.iter();
        run.chain(others.map(|(name, function)| (name.as_str(), function.as_str())))
    }

    /// Returns `LambdaVersion` of `PreTokenGenerationConfig`, unless it is the oldest.
    pub(crate) fn lambda_version(&self) -> Option<&'static str> {
        Some(self.token_version)
            .filter(|version| *version != TokenVersion::One)
            .map(TokenVersion::setting)
    }
}

fn token_version(config: &Fields<'_>) -> Result<TokenVersion, FieldError> {
    const KEY: &str = "LambdaVersion";
    let config = config.fields(PRE_TOKEN_GENERATION_CONFIG)?;
    let Some(setting) = config.text(KEY)? else {
        return Ok(TokenVersion::One);
    };
    let known = TokenVersion::ALL.into_iter().find(|known| known.setting() == setting);
    known.ok_or_else(|| config.wrong_value(KEY, "must be V1_0, V2_0 or V3_0"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn triggers(functions: &[(&str, &str)], config: &Value) -> Result<Triggers, String> {
        let fields = Fields::new("LambdaConfig", config.as_object().unwrap());
        Triggers::new(functions.iter().copied(), &fields).map_err(|error| error.to_string())
    }

    #[test]
    fn a_trigger_that_could_refuse_a_sign_in_is_never_left_out_silently() {
        let error = triggers(&[(GATE, "F")], &json!({})).unwrap_err();
        assert!(error.contains(GATE), "{error}");
        let triggers = triggers(&[("CustomEmailSender", "F"), ("DefineAuthChallenge", "D")], &json!({})).unwrap();
        assert_eq!(
            triggers.iter().collect::<Vec<_>>(),
            [("DefineAuthChallenge", "D"), ("CustomEmailSender", "F")]
        );
    }

    #[test]
    fn the_function_before_tokens_has_two_names_and_a_version() {
        let both = [("PreTokenGeneration", "F"), ("PreTokenGenerationConfig", "F")];
        for (setting, version) in [("V1_0", "1"), ("V2_0", "2"), ("V3_0", "3")] {
            let config = json!({"PreTokenGenerationConfig": {"LambdaVersion": setting}});
            let triggers = triggers(&both, &config).unwrap();
            assert_eq!(triggers.function("PreTokenGeneration"), Some("F"));
            assert_eq!(triggers.token_version.of_events(), version);
        }
        let config = json!({"PreTokenGenerationConfig": {"LambdaVersion": "V4_0"}});
        assert_eq!(
            triggers(&both, &config).unwrap_err(),
            "`LambdaConfig.PreTokenGenerationConfig.LambdaVersion` must be V1_0, V2_0 or V3_0"
        );
        let two = [("PreTokenGeneration", "F"), ("PreTokenGenerationConfig", "G")];
        assert!(triggers(&two, &json!({})).unwrap_err().contains("the same function"));
    }
}
