//! The asking half of the standard challenge types, and the list of the types in a function.

pub mod captcha;
pub mod codes;
pub mod email_code;
pub mod magic_link;
pub mod proof_of_work;
pub mod security_question;
mod siteverify;
pub mod sms_code;

use cognito_challenge::challenges::siteverify::{CAP, HCAPTCHA, RECAPTCHA, TURNSTILE};
use cognito_challenge::flow::Flow;
use cognito_challenge::issue::Issuer;
use cognito_challenge::texts::{STANDARD, Texts};
use cognito_challenge_runtime::{ConfigError, Configure, Configured, Environment, Registry};

/// The challenge types that a create function can ask. Only listed types are linked into the function.
pub struct Issuers {
    types: Registry<dyn Issuer>,
    languages: Vec<(&'static str, &'static str)>,
}

impl Issuers {
    /// Returns the standard types: `CAP`, `CAPTCHA`, `EMAIL_CODE`, `HCAPTCHA`, `MAGIC_LINK`, `PROOF_OF_WORK`,
    /// `RECAPTCHA`, `SECURITY_QUESTION`, `SMS_CODE` and `TURNSTILE`.
    pub fn standard() -> Self {
        Self::none()
            .with(CAP.name, |environment| siteverify::configure(&CAP, environment))
            .with(captcha::NAME, captcha::configure)
            .with(email_code::NAME, email_code::configure)
            .with(HCAPTCHA.name, |environment| {
                siteverify::configure(&HCAPTCHA, environment)
            })
            .with(magic_link::NAME, magic_link::configure)
            .with(proof_of_work::NAME, proof_of_work::configure)
            .with(RECAPTCHA.name, |environment| {
                siteverify::configure(&RECAPTCHA, environment)
            })
            .with(security_question::NAME, security_question::configure)
            .with(sms_code::NAME, sms_code::configure)
            .with(TURNSTILE.name, |environment| {
                siteverify::configure(&TURNSTILE, environment)
            })
    }

    /// Returns an empty list.
    pub fn none() -> Self {
        Self {
            types: Registry::default(),
            languages: Vec::new(),
        }
    }

    /// Adds the type `name`. When the function starts with a flow that uses the type, `configure` creates it from the
    /// environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, configure: Configure<dyn Issuer>) -> Self {
        self.types = self.types.with(name, configure);
        self
    }

    /// Adds or replaces texts in the language `tag`, see [`Texts::add`]: `.language("de", include_str!("de.json"))`.
    #[must_use]
    pub fn language(mut self, tag: &'static str, json: &'static str) -> Self {
        self.languages.push((tag, json));
        self
    }

    /// Returns the names of the types.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.types.names()
    }

    /// Creates the types that `flow` uses. Also returns all texts: the standard ones, those of the types, and the added
    /// ones.
    pub(crate) fn configure(
        &self,
        flow: &Flow,
        environment: &Environment,
    ) -> Result<(Configured<dyn Issuer>, Texts), ConfigError> {
        let types = self.types.configure(flow, environment)?;
        let mut texts = Texts::default();
        let of_types = types.iter().flat_map(|issuer| issuer.texts().iter());
        for (tag, json) in STANDARD.iter().chain(of_types).chain(&self.languages) {
            texts
                .add(tag, json)
                .map_err(|error| ConfigError::Types(error.to_string()))?;
        }
        Ok((types, texts))
    }
}
