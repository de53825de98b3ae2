//! Asks for a code that Amazon SNS sends to the user's verified phone number.

mod sns;

pub use cognito_challenge::challenges::sms_code::NAME;
use cognito_challenge::issue::Issuer;
use cognito_challenge_messages::Medium;
use cognito_challenge_runtime::{ConfigError, Environment};

use crate::codes;
use sns::Sns;

/// Makes the issuer from what the AWS SDK needs, and what [`codes::issuer`] reads.
///
/// # Errors
///
/// A variable that is missing or cannot be.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    let sender = Box::new(Sns::configure(environment)?);
    codes::issuer(NAME, Medium::Sms, sender, environment)
}
