//! The asking half: creates a code and sends it, once for each step of a sign-in.

use async_trait::async_trait;
use cognito_challenge::code::digits;
use cognito_challenge::hex;
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::CryptoRng;
use tracing::info;

use super::service::Service;
use super::{ATTRIBUTE, CODE, PAGE, TELEMETRY};

/// Creates the asking half from `PAGER_URL`.
///
/// # Errors
///
/// Returns an error if the variable is missing or not an address.
pub fn issuer(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    Ok(Box::new(PagerCodeIssuer {
        service: Service::configure(environment)?,
    }))
}

struct PagerCodeIssuer {
    service: Service,
}

#[async_trait]
impl Issuer for PagerCodeIssuer {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        // The state is a nonce, and the code is derived from it. So every attempt of the step has the same code, and
        // the session does not contain it.
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        if let Some(state) = request.state {
            let known = state.try_into();
            nonce = known.map_err(|_| IssueError::new("the state is not a nonce of 16 bytes"))?;
        }
        let code = code(request, &nonce);
        let page = hex::encode(&nonce);
        if request.state.is_none() {
            let text = request.text("PAGER_CODE.page")?.words.replace("{code}", &code);
            // The service is called for every user: otherwise the time would reveal who has a pager. Without a number,
            // it sends nothing.
            let number = request.user.attribute(ATTRIBUTE).unwrap_or_default();
            let status = self.service.send(&page, number, &text).await;
            let status = status.map_err(|error| IssueError::new(error.to_string()))?;
            info!(
                PagesSent = u8::from(!number.is_empty()),
                pagerStatus = status,
                "the service accepted the page"
            );
        }
        let prompt = request.text("PAGER_CODE.prompt")?;
        Ok(Issued::new()
            .public("prompt", prompt.words)
            .public("locale", prompt.language)
            .private(CODE, code)
            .private(PAGE, page)
            .state(nonce))
    }

    fn leaves_state(&self) -> bool {
        true
    }

    fn telemetry(&self) -> &'static Telemetry {
        &TELEMETRY
    }

    fn texts(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("en", include_str!("../../texts/en.json")),
            ("es", include_str!("../../texts/es.json")),
        ]
    }
}

/// Returns the code of a user in a step, derived from a nonce.
fn code(request: &Request<'_>, nonce: &[u8]) -> String {
    let (user, step) = (request.user.identity(), [u8::try_from(request.step).unwrap_or(u8::MAX)]);
    let parts = [request.user.pool.as_bytes(), user.as_bytes(), &step, nonce];
    digits(request.keys.mac("PAGER_CODE: code", &parts), 6)
}
