//! `PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3` to a [`Flow`].

use std::num::NonZeroU8;

use super::{Flow, Step};
use crate::challenges::Registry;

const PASSWORD: &str = "PASSWORD";

impl Flow {
    /// Parses steps separated by commas: `PASSWORD`, which may only come first, and `CHALLENGE:ATTEMPTS` with a
    /// challenge of `registry` and the number of answers allowed, 1 to 255. Where a step can be passed in several
    /// ways, `CHALLENGE|CHALLENGE:ATTEMPTS`: the first is asked unless the client chooses another.
    ///
    /// # Errors
    ///
    /// A flow that is empty or has a step that cannot be; the message says what would have been right.
    pub fn parse(flow: &str, registry: &Registry) -> Result<Self, FlowError> {
        if flow.trim().is_empty() {
            return Err(FlowError::Empty {
                known: registry.known(),
            });
        }
        let mut password = false;
        let mut steps = Vec::new();
        for (index, step) in flow.split(',').map(str::trim).enumerate() {
            match step.split_once(':') {
                None if step == PASSWORD && index == 0 => password = true,
                None if step == PASSWORD => return Err(FlowError::PasswordNotFirst),
                Some((PASSWORD, _)) => return Err(FlowError::PasswordLimited),
                None if step.is_empty() => return Err(FlowError::EmptyStep { place: index + 1 }),
                None => return Err(no_limit(step, registry)),
                Some((name, attempts)) => steps.push(parse_step(name.trim_end(), attempts.trim_start(), registry)?),
            }
        }
        Ok(Self { password, steps })
    }
}

fn parse_step(names: &str, attempts: &str, registry: &Registry) -> Result<Step, FlowError> {
    let mut known = Vec::new();
    for name in names.split('|').map(str::trim) {
        let name = registry.name(name).ok_or_else(|| unknown(name, registry))?;
        if known.contains(&name) {
            return Err(FlowError::Twice {
                step: names.into(),
                name: name.as_str().into(),
            });
        }
        known.push(name);
    }
    // INVARIANT: splitting gives at least one part.
    let (first, others) = known.split_first().ok_or_else(|| unknown(names, registry))?;
    let attempts = attempts.parse::<NonZeroU8>().map_err(|_| FlowError::BadLimit {
        step: names.into(),
        limit: attempts.into(),
    })?;
    Ok(Step {
        first: *first,
        others: others.to_vec(),
        attempts,
    })
}

fn no_limit(step: &str, registry: &Registry) -> FlowError {
    match step.split('|').find(|name| registry.name(name.trim()).is_none()) {
        None => FlowError::NoLimit { step: step.into() },
        Some(name) => unknown(name.trim(), registry),
    }
}

fn unknown(name: &str, registry: &Registry) -> FlowError {
    FlowError::UnknownChallenge {
        name: name.into(),
        known: registry.known(),
    }
}

/// Why a line of configuration is not a flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// A number of attempts that is none.
    #[error("step `{step}` has the attempt limit `{limit}`: write a number from 1 to 255, such as `{step}:3`")]
    BadLimit {
        /// The step's challenge.
        step: String,
        /// What stands behind the colon.
        limit: String,
    },
    /// Nothing at all.
    #[error("the flow is empty: write its steps, such as `PASSWORD,CAPTCHA:3` (known: PASSWORD, {known})")]
    Empty {
        /// The registered challenges.
        known: String,
    },
    /// Nothing between two commas.
    #[error("step {place} of the flow is empty: write steps separated by single commas")]
    EmptyStep {
        /// The step's place, from 1.
        place: usize,
    },
    /// A challenge without a number of attempts.
    #[error("step `{step}` has no attempt limit: write it as `{step}:3`")]
    NoLimit {
        /// The step's challenge.
        step: String,
    },
    /// `PASSWORD` with a number of attempts.
    #[error("step `PASSWORD` takes no attempt limit: write it as `PASSWORD`, Cognito counts wrong passwords itself")]
    PasswordLimited,
    /// `PASSWORD` behind another step.
    #[error("step `PASSWORD` must come first: Cognito can only check it at the start of a sign-in")]
    PasswordNotFirst,
    /// A challenge that a step names more than once.
    #[error("step `{step}` names `{name}` twice: once is enough")]
    Twice {
        /// The step.
        step: String,
        /// The challenge.
        name: String,
    },
    /// A challenge that nobody registered.
    #[error("unknown challenge `{name}` in flow (known: PASSWORD, {known})")]
    UnknownChallenge {
        /// What the flow says.
        name: String,
        /// The registered challenges.
        known: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(flow: &str) -> String {
        Flow::parse(flow, &Registry::standard()).unwrap_err().to_string()
    }

    #[test]
    fn messages_say_what_would_have_been_right() {
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
    fn an_unknown_challenge_is_told_the_known_ones() {
        let known = Registry::standard().known();
        for name in ["CAPTHA", "captcha", "PASSWORT"] {
            let message = format!("unknown challenge `{name}` in flow (known: PASSWORD, {known})");
            assert_eq!(error(&format!("{name}:3")), message);
        }
    }

    #[test]
    fn a_limit_is_a_number_from_1_to_255() {
        for limit in ["0", "-1", "256", "", "x", "3:3", "1.5"] {
            assert!(error(&format!("CAPTCHA:{limit}")).contains("from 1 to 255"), "{limit}");
        }
        assert!(Flow::parse("CAPTCHA:1,CAPTCHA:255", &Registry::standard()).is_ok());
    }

    #[test]
    fn a_flow_has_at_least_one_step() {
        for flow in ["", "  ", ",", "PASSWORD,"] {
            error(flow);
        }
    }

    #[test]
    fn password_takes_no_limit_and_comes_once() {
        error("PASSWORD:3");
        error("PASSWORD,PASSWORD");
    }

    #[test]
    fn alternatives_are_known_and_named_once() {
        let registry = Registry::standard();
        assert!(Flow::parse("CAPTCHA|SECURITY_QUESTION:3", &registry).is_ok());
        for (flow, message) in [
            (
                "CAPTCHA|CAPTCHA:3",
                "step `CAPTCHA|CAPTCHA` names `CAPTCHA` twice: once is enough",
            ),
            (
                "CAPTCHA|SECURITY_QUESTION",
                "step `CAPTCHA|SECURITY_QUESTION` has no attempt limit: write it as `CAPTCHA|SECURITY_QUESTION:3`",
            ),
        ] {
            assert_eq!(error(flow), message);
        }
        for flow in [
            "CAPTCHA|PIN:3",
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
    fn blanks_around_steps_do_not_matter() {
        let registry = Registry::standard();
        assert_eq!(
            Flow::parse(" PASSWORD , CAPTCHA | SECURITY_QUESTION : 3 ", &registry),
            Flow::parse("PASSWORD,CAPTCHA|SECURITY_QUESTION:3", &registry)
        );
    }
}
