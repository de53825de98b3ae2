//! Asks for the token of a link that Amazon SES sends to the user's verified e-mail address.

pub use cognito_challenge::challenges::magic_link::NAME;
use cognito_challenge::issue::Issuer;
use cognito_challenge_messages::Ses;
use cognito_challenge_runtime::{ConfigError, Environment};

use crate::codes;

/// Makes the issuer from `MAIL_FROM`, `MAGIC_LINK_URL`, what the AWS SDK needs, and what [`codes::link_issuer`] reads.
///
/// # Errors
///
/// A variable that is missing or cannot be.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    codes::link_issuer(NAME, Box::new(Ses::configure(environment)?), environment)
}
