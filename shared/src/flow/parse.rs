//! Parses a [`Flow`] such as `PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3`.

use std::num::NonZeroU8;

use super::{Flow, Step};
use crate::name::{Name, NameError};

const PASSWORD: &str = "PASSWORD";

impl Flow {
    /// Parses steps that are separated by commas.
    ///
    /// A step is `PASSWORD`, which must come first, or `CHALLENGE:ATTEMPTS` with the number of allowed answers, 1 to
    /// 255. A step with alternatives is `CHALLENGE|CHALLENGE:ATTEMPTS`: the first is asked unless the client chooses
    /// another.
    ///
    /// The parser accepts any valid name. Create and verify do not start with a flow whose challenges they do not have.
    ///
    /// # Errors
    ///
    /// Returns an error that describes the correct form if the flow is empty or malformed.
    pub fn parse(flow: &str) -> Result<Self, FlowError> {
        if flow.trim().is_empty() {
            return Err(FlowError::Empty);
        }
        let mut password = false;
        let mut steps = Vec::new();
        for (index, step) in flow.split(',').map(str::trim).enumerate() {
            match step.split_once(':') {
                None if step == PASSWORD && index == 0 => password = true,
                None if step == PASSWORD => return Err(FlowError::PasswordNotFirst),
                Some((name, _)) if name.trim_end() == PASSWORD => return Err(FlowError::PasswordLimited),
                None if step.is_empty() => return Err(FlowError::EmptyStep { place: index + 1 }),
                None => return Err(no_limit(step)),
                Some((names, attempts)) => steps.push(parse_step(names.trim_end(), attempts.trim_start())?),
            }
        }
        Ok(Self { password, steps })
    }
}

fn parse_step(step: &str, attempts: &str) -> Result<Step, FlowError> {
    let mut names = Vec::new();
    for name in step.split('|') {
        let name = parse_name(name)?;
        if names.contains(&name) {
            return Err(FlowError::Twice {
                step: step.into(),
                name: name.as_str().into(),
            });
        }
        names.push(name);
    }
    let attempts = attempts.parse::<NonZeroU8>().map_err(|_| FlowError::BadLimit {
        step: step.into(),
        limit: attempts.into(),
    })?;
    Ok(Step {
        first: names.remove(0),
        others: names,
        attempts,
    })
}

fn parse_name(name: &str) -> Result<Name, FlowError> {
    let name = name.trim();
    Name::parse(name).map_err(|error| FlowError::BadName {
        name: name.into(),
        error,
    })
}

/// Returns the error for a step without a limit, or for an invalid name in it.
fn no_limit(step: &str) -> FlowError {
    let wrong = step.split('|').find_map(|name| parse_name(name).err());
    wrong.unwrap_or_else(|| FlowError::NoLimit { step: step.into() })
}

/// The reason why a line of configuration is not a flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// The attempt limit is not a number from 1 to 255.
    #[error("step `{step}` has the attempt limit `{limit}`: write a number from 1 to 255, such as `{step}:3`")]
    BadLimit {
        /// The step's challenges.
        step: String,
        /// The text after the colon.
        limit: String,
    },
    /// The text is not a valid name of a challenge type.
    #[error("`{name}` is not the name of a challenge: {error}")]
    BadName {
        /// The text in the flow.
        name: String,
        /// The error that describes a valid name.
        error: NameError,
    },
    /// The flow is empty.
    #[error("the flow is empty: write its steps, such as `PASSWORD,CAPTCHA:3`")]
    Empty,
    /// There is no step between two commas.
    #[error("step {place} of the flow is empty: write steps separated by single commas")]
    EmptyStep {
        /// The position of the step, from 1.
        place: usize,
    },
    /// A challenge has no attempt limit.
    #[error("step `{step}` has no attempt limit: write it as `{step}:3`")]
    NoLimit {
        /// The step's challenges.
        step: String,
    },
    /// `PASSWORD` has an attempt limit.
    #[error("step `PASSWORD` has an attempt limit: remove it, because Cognito limits wrong passwords itself")]
    PasswordLimited,
    /// `PASSWORD` follows another step.
    #[error("step `PASSWORD` must come first: Cognito can only check it at the start of a sign-in")]
    PasswordNotFirst,
    /// A step names a challenge more than once.
    #[error("step `{step}` names `{name}` twice: name it once")]
    Twice {
        /// The step.
        step: String,
        /// The challenge.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(flow: &str) -> String {
        Flow::parse(flow).unwrap_err().to_string()
    }

    #[test]
    fn messages_describe_the_correct_form() {
        for (flow, message) in [
            (
                "CAPTCHA",
                "step `CAPTCHA` has no attempt limit: write it as `CAPTCHA:3`",
            ),
            (
                "CAPTCHA:3,PASSWORD",
                "step `PASSWORD` must come first: Cognito can only check it at the start of a sign-in",
            ),
            (
                "CAPTCHA:3,,CAPTCHA:3",
                "step 2 of the flow is empty: write steps separated by single commas",
            ),
        ] {
            assert_eq!(error(flow), message);
        }
    }

    #[test]
    fn any_name_of_the_valid_form_is_accepted() {
        assert!(Flow::parse("CAPTHA:3,PAGER_CODE:1").is_ok());
        for (flow, error) in [
            ("captcha:3", NameError::Malformed),
            ("PASSWORT?:3", NameError::Malformed),
            ("SRP_A:3", NameError::Reserved),
            ("CAPTCHA|SMS_MFA:3", NameError::Reserved),
            ("SMS_MFA", NameError::Reserved),
        ] {
            assert!(
                matches!(Flow::parse(flow), Err(FlowError::BadName { error: found, .. }) if found == error),
                "{flow}"
            );
        }
        assert_eq!(
            error("CAPTCHA|captcha:3"),
            "`captcha` is not the name of a challenge: write 1 to 32 characters of A-Z, 0-9 and _, starting with a letter, \
             such as `EMAIL_CODE`"
        );
    }

    #[test]
    fn a_limit_is_a_number_from_1_to_255() {
        for limit in ["0", "-1", "256", "", "x", "3:3", "1.5"] {
            assert!(error(&format!("CAPTCHA:{limit}")).contains("from 1 to 255"), "{limit}");
        }
        assert!(Flow::parse("CAPTCHA:1,CAPTCHA:255").is_ok());
    }

    #[test]
    fn a_flow_has_at_least_one_step() {
        for flow in ["", "  ", ",", "PASSWORD,"] {
            error(flow);
        }
    }

    #[test]
    fn password_has_no_limit_and_occurs_once() {
        assert_eq!(Flow::parse("PASSWORD:3"), Err(FlowError::PasswordLimited));
        assert_eq!(Flow::parse("PASSWORD,PASSWORD"), Err(FlowError::PasswordNotFirst));
    }

    #[test]
    fn a_step_names_each_alternative_once() {
        assert!(Flow::parse("CAPTCHA|SECURITY_QUESTION:3").is_ok());
        for (flow, message) in [
            (
                "CAPTCHA|CAPTCHA:3",
                "step `CAPTCHA|CAPTCHA` names `CAPTCHA` twice: name it once",
            ),
            (
                "CAPTCHA|SECURITY_QUESTION",
                "step `CAPTCHA|SECURITY_QUESTION` has no attempt limit: write it as `CAPTCHA|SECURITY_QUESTION:3`",
            ),
        ] {
            assert_eq!(error(flow), message);
        }
        for flow in [
            "CAPTCHA|:3",
            "|CAPTCHA:3",
            "CAPTCHA|PASSWORD:3",
            "PASSWORD|CAPTCHA:3",
            "CAPTCHA:3|SECURITY_QUESTION:3",
        ] {
            error(flow);
        }
    }

    #[test]
    fn spaces_around_steps_do_not_matter() {
        assert_eq!(
            Flow::parse(" PASSWORD , CAPTCHA | SECURITY_QUESTION : 3 "),
            Flow::parse("PASSWORD,CAPTCHA|SECURITY_QUESTION:3")
        );
    }
}
