//! Sends a code to the user's verified e-mail address with Amazon SES.

pub use cognito_challenge::challenges::email_code::NAME;
use cognito_challenge::issue::Issuer;
use cognito_challenge_messages::{Medium, Ses};
use cognito_challenge_runtime::{ConfigError, Environment};

use crate::codes;

/// Creates the issuer from `MAIL_FROM`, the variables of the AWS SDK, and the variables of [`codes::issuer`].
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    let sender = Box::new(Ses::configure(environment)?);
    codes::issuer(NAME, Medium::Email, sender, environment)
}
