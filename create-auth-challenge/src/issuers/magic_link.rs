//! Sends a link with a token to the user's verified e-mail address with Amazon SES.

pub use cognito_challenge::challenges::magic_link::NAME;
use cognito_challenge::issue::Issuer;
use cognito_challenge_messages::Ses;
use cognito_challenge_runtime::{ConfigError, Environment};

use crate::codes;

/// Creates the issuer from `MAIL_FROM`, the variables of the AWS SDK, and the variables of [`codes::link_issuer`].
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    codes::link_issuer(NAME, Box::new(Ses::configure(environment)?), environment)
}
