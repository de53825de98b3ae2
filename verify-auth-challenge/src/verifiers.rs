//! The list of challenge types whose answers a function can check.

use cognito_challenge::challenges::captcha::{self, CaptchaVerifier};
use cognito_challenge::challenges::proof_of_work::{self, ProofOfWorkVerifier};
use cognito_challenge::challenges::security_question::{self, SecurityQuestionVerifier};
use cognito_challenge::challenges::siteverify::{CAP, HCAPTCHA, RECAPTCHA, TURNSTILE};
use cognito_challenge::challenges::{email_code, magic_link, sms_code};
use cognito_challenge::flow::Flow;
use cognito_challenge::verify::Verifier;
use cognito_challenge_runtime::{ConfigError, Configure, Configured, Environment, Registry};

use crate::siteverify;

/// The challenge types whose answers a function can check. Only listed types are linked into the function.
pub struct Verifiers {
    types: Registry<dyn Verifier>,
}

impl Verifiers {
    /// Returns the standard types: `CAP`, `CAPTCHA`, `EMAIL_CODE`, `HCAPTCHA`, `MAGIC_LINK`, `PROOF_OF_WORK`,
    /// `RECAPTCHA`, `SECURITY_QUESTION`, `SMS_CODE` and `TURNSTILE`.
    pub fn standard() -> Self {
        Self::none()
            .with(CAP.name, |environment| siteverify::configure(&CAP, environment))
            .with(captcha::NAME, |_| Ok(Box::new(CaptchaVerifier)))
            .with(email_code::NAME, |_| Ok(Box::new(email_code::CodeVerifier)))
            .with(HCAPTCHA.name, |environment| {
                siteverify::configure(&HCAPTCHA, environment)
            })
            .with(magic_link::NAME, |_| Ok(Box::new(magic_link::TokenVerifier)))
            .with(proof_of_work::NAME, |_| Ok(Box::new(ProofOfWorkVerifier)))
            .with(RECAPTCHA.name, |environment| {
                siteverify::configure(&RECAPTCHA, environment)
            })
            .with(security_question::NAME, |_| Ok(Box::new(SecurityQuestionVerifier)))
            .with(sms_code::NAME, |_| Ok(Box::new(sms_code::CodeVerifier)))
            .with(TURNSTILE.name, |environment| {
                siteverify::configure(&TURNSTILE, environment)
            })
    }

    /// Returns an empty list.
    pub fn none() -> Self {
        Self {
            types: Registry::default(),
        }
    }

    /// Adds the type `name`. When the function starts with a flow that uses the type, `configure` creates it from the
    /// environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, configure: Configure<dyn Verifier>) -> Self {
        self.types = self.types.with(name, configure);
        self
    }

    /// Returns the names of the types.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.types.names()
    }

    /// Creates the types that `flow` uses.
    pub(crate) fn configure(
        &self,
        flow: &Flow,
        environment: &Environment,
    ) -> Result<Configured<dyn Verifier>, ConfigError> {
        self.types.configure(flow, environment)
    }
}
