//! Codes of Cognito's own, by text message or e-mail.

use super::error::Error;
use super::random;
pub(crate) use crate::outbox::Medium;

/// A message with a code.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) medium: Medium,
    pub(crate) address: String,
    pub(crate) user: String,
    /// The challenge or the operation that the code is for.
    pub(crate) purpose: &'static str,
    pub(crate) code: String,
}

/// A code of six digits.
pub(crate) fn code() -> Result<String, Error> {
    Ok(format!("{:06}", u64::from_be_bytes(random::bytes()?) % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits() {
        let code = code().unwrap();
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    }
}
