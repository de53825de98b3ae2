//! The asking half of `CAP`, `HCAPTCHA`, `RECAPTCHA` and `TURNSTILE`: returns the parameters for the provider's widget.
//!
//! It sends no request to the provider. The client answers with the token of the widget.

use async_trait::async_trait;
use cognito_challenge::challenges::siteverify::{
    ACTION, Provider, RECAPTCHA, RecaptchaKind, TURNSTILE, binding, parse_key,
};
use cognito_challenge::hex;
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge_aws::web::Url;
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::{CryptoRng, RngExt};

/// Creates the issuer of `provider`.
///
/// It reads the site key, or the address of a provider that operators run themselves, and for reCAPTCHA
/// `RECAPTCHA_KIND`.
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
pub(crate) fn configure(
    provider: &'static Provider,
    environment: &Environment,
) -> Result<Box<dyn Issuer>, ConfigError> {
    let public_key = match provider.site_key {
        Some(variable) => environment.required(variable, parse_key)?,
        // The widget needs a slash at the end of the address.
        None => environment
            .required(provider.endpoint, Url::parse)?
            .join("")
            .as_str()
            .to_owned(),
    };
    let kind = environment.optional(RecaptchaKind::VARIABLE, str::parse)?;
    Ok(Box::new(SiteverifyIssuer {
        provider,
        public_key,
        kind: kind.unwrap_or(RecaptchaKind::Score),
    }))
}

struct SiteverifyIssuer {
    provider: &'static Provider,
    public_key: String,
    /// Only used for reCAPTCHA.
    kind: RecaptchaKind,
}

#[async_trait]
impl Issuer for SiteverifyIssuer {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let nonce = hex::encode(&rng.random::<[u8; 16]>());
        let issued = Issued::new().public(self.provider.public_key, &self.public_key);
        let issued = if self.provider == &TURNSTILE {
            issued
                .public("turnstileAction", ACTION)
                .public("turnstileCdata", binding(request.keys.current(), &request.user, &nonce))
        } else if self.provider == &RECAPTCHA {
            let issued = issued.public("recaptchaKind", self.kind.as_str());
            match self.kind {
                RecaptchaKind::Checkbox => issued,
                RecaptchaKind::Score => issued.public("recaptchaAction", ACTION),
            }
        } else {
            issued
        };
        Ok(issued.private(self.provider.nonce, nonce))
    }
}
