//! Secrets: the deployment's key material, and the half of a challenge that only verify sees. Neither can be printed.

use std::collections::HashMap;
use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The deployment's `CHALLENGE_SECRET`, from which one sub-key per use is derived (HKDF-SHA256, RFC 5869).
#[derive(Clone)]
pub struct Keys {
    hkdf: Hkdf<Sha256>,
}

impl Keys {
    /// The shortest secret that is taken, in bytes.
    pub const MIN_BYTES: usize = 32;

    /// Reads the secret.
    ///
    /// # Errors
    ///
    /// A secret shorter than [`Keys::MIN_BYTES`].
    pub fn parse(secret: &str) -> Result<Self, KeyError> {
        let secret = secret.as_bytes();
        if secret.len() < Self::MIN_BYTES {
            return Err(KeyError { length: secret.len() });
        }
        Ok(Self {
            hkdf: Hkdf::new(None, secret),
        })
    }

    /// The sub-key for `purpose`, a label that no other use has.
    pub fn derive(&self, purpose: &'static str) -> [u8; 32] {
        let mut key = [0; 32];
        let expanded = self.hkdf.expand(purpose.as_bytes(), &mut key);
        // INVARIANT: HKDF-SHA256 fails only past 8,160 bytes of output; this is 32.
        debug_assert!(expanded.is_ok());
        key
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// A `CHALLENGE_SECRET` that protects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret has {length} bytes: use at least 32 random ones")]
pub struct KeyError {
    /// How many bytes it has.
    length: usize,
}

/// Public and private parameter of every challenge: its name.
pub const CHALLENGE: &str = "challenge";

/// Private parameter of every challenge: when it was asked, in seconds since 1970.
pub const ISSUED_AT: &str = "issuedAt";

/// The private parameters of a challenge: what create stored for verify.
#[derive(Clone, Copy)]
pub struct Secret<'a>(&'a HashMap<String, String>);

impl<'a> Secret<'a> {
    /// Wraps an event's `privateChallengeParameters`.
    pub fn new(parameters: &'a HashMap<String, String>) -> Self {
        Self(parameters)
    }

    /// The parameter `name`; an empty one is none.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether two texts are equal, in a time that depends on their lengths alone.
pub fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_secret_is_refused_and_not_quoted() {
        let error = Keys::parse("hunter2").unwrap_err().to_string();
        assert_eq!(error, "the secret has 7 bytes: use at least 32 random ones");
        assert!(Keys::parse(&"x".repeat(32)).is_ok());
    }

    #[test]
    fn every_purpose_and_every_secret_has_its_own_key() {
        let (one, other) = (
            Keys::parse(&"a".repeat(32)).unwrap(),
            Keys::parse(&"b".repeat(32)).unwrap(),
        );
        assert_eq!(one.derive("x"), one.derive("x"));
        assert_ne!(one.derive("x"), one.derive("y"));
        assert_ne!(one.derive("x"), other.derive("x"));
    }

    #[test]
    fn keys_are_those_of_rfc_5869() {
        // Python: prk = hmac.digest(bytes(32), b"a" * 32, "sha256"); list(hmac.digest(prk, b"x\x01", "sha256"))
        let expected = [
            47, 164, 176, 172, 207, 60, 31, 1, 137, 237, 252, 165, 216, 93, 182, 186, 115, 230, 243, 113, 144, 152, 48,
            173, 178, 150, 76, 39, 233, 75, 9, 167,
        ];
        assert_eq!(Keys::parse(&"a".repeat(32)).unwrap().derive("x"), expected);
    }

    #[test]
    fn an_empty_parameter_is_none() {
        let parameters = HashMap::from([("a".to_owned(), String::new()), ("b".to_owned(), "x".to_owned())]);
        let secret = Secret::new(&parameters);
        assert_eq!(
            [secret.get("a"), secret.get("b"), secret.get("c")],
            [None, Some("x"), None]
        );
    }

    #[test]
    fn debug_prints_no_value() {
        let parameters = HashMap::from([("answer".to_owned(), "hunter2".to_owned())]);
        assert_eq!(format!("{:?}", Secret::new(&parameters)), "Secret(…)");
        assert_eq!(format!("{:?}", Keys::parse(&"a".repeat(32)).unwrap()), "Keys(…)");
    }
}
