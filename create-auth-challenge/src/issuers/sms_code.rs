//! Sends a code to the user's verified phone number with Amazon SNS.

mod sns;

pub use cognito_challenge::challenges::sms_code::NAME;
use cognito_challenge::issue::Issuer;
use cognito_challenge_messages::Medium;
use cognito_challenge_runtime::{ConfigError, Environment};

use crate::codes;
use sns::Sns;

/// Creates the issuer from the variables of the AWS SDK and of [`codes::issuer`].
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    let sender = Box::new(Sns::configure(environment)?);
    codes::issuer(NAME, Medium::Sms, sender, environment)
}
