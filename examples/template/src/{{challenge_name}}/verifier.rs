{%- assign words = challenge_name | downcase | split: "_" -%}{%- capture type_name -%}{%- for word in words -%}{{ word | capitalize }}{%- endfor -%}{%- endcapture -%}
//! The answering half: compares the code, and asks the service whether it was revoked.

use async_trait::async_trait;
use cognito_challenge::private::same;
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge::verify::{Answer, CannotJudge, Verdict, Verifier, Why};
use cognito_challenge_runtime::{ConfigError, Environment};
use tracing::info;

use super::service::Service;
use super::{CODE, PAGE, TELEMETRY};

/// Creates the answering half from `PAGER_URL`.
///
/// # Errors
///
/// Returns an error if the variable is missing or not an address.
pub fn verifier(environment: &Environment) -> Result<Box<dyn Verifier>, ConfigError> {
    Ok(Box::new({{ type_name }}Verifier {
        service: Service::configure(environment)?,
    }))
}

struct {{ type_name }}Verifier {
    service: Service,
}

#[async_trait]
impl Verifier for {{ type_name }}Verifier {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        let (Some(code), Some(page)) = (answer.private.get(CODE), answer.private.get(PAGE)) else {
            return Ok(Verdict::Wrong(Why::NoSecret));
        };
        if !same(answer.text.trim(), code) {
            return Ok(Verdict::Wrong(Why::Different));
        }
        let revoked = self.service.is_revoked(page).await;
        let revoked = revoked.map_err(|error| CannotJudge::new(error.to_string()))?;
        info!(CodesRevoked = u8::from(revoked), "the revocation was checked");
        Ok(if revoked {
            Verdict::Wrong(Why::Own("Revoked"))
        } else {
            Verdict::Right
        })
    }

    fn telemetry(&self) -> &'static Telemetry {
        &TELEMETRY
    }
}
