//! `MAGIC_LINK`: a link that is sent to the user's verified e-mail address.

pub use super::codes::TokenVerifier;

/// The name of this challenge.
pub const NAME: &str = "MAGIC_LINK";
