//! `EMAIL_CODE`: a code that is sent to the user's verified e-mail address.

pub use super::codes::CodeVerifier;

/// The name of this challenge.
pub const NAME: &str = "EMAIL_CODE";
