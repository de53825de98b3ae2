//! Asks for a code that Amazon SES sends to the user's verified e-mail address.

pub use cognito_challenge::challenges::email_code::NAME;
use cognito_challenge::issue::Issuer;
use cognito_challenge_messages::{Medium, Ses};
use cognito_challenge_runtime::{ConfigError, Environment};

use crate::codes;

/// Makes the issuer from `MAIL_FROM`, what the AWS SDK needs, and what [`codes::issuer`] reads.
///
/// # Errors
///
/// A variable that is missing or cannot be.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    let sender = Box::new(Ses::configure(environment)?);
    codes::issuer(NAME, Medium::Email, sender, environment)
}
