//! `SMS_CODE`: a code that is sent to the user's verified phone number.

pub use super::codes::CodeVerifier;

/// The name of this challenge.
pub const NAME: &str = "SMS_CODE";
