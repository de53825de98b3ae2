//! The deployment's key material. It cannot be printed.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

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

    /// The keyed hash (HMAC-SHA256) of `parts` under the sub-key for `purpose`.
    ///
    /// Each part is preceded by its length in bytes (64 bits, big-endian), so that `["ab", "c"]` and `["a", "bc"]` have
    /// different hashes. A challenge type of another crate starts its purposes with its own name: `"PAGER_CODE: code"`.
    pub fn mac(&self, purpose: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        self.hasher(purpose)(parts)
    }

    /// [`Keys::mac`] for several hashes with one `purpose`: the sub-key is derived once.
    pub fn hasher(&self, purpose: &'static str) -> impl Fn(&[&[u8]]) -> [u8; 32] + use<> {
        // INVARIANT: HMAC takes keys of any length.
        let keyed = Hmac::<Sha256>::new_from_slice(&self.derive(purpose)).ok();
        move |parts| {
            let Some(mut mac) = keyed.clone() else {
                return [0; 32];
            };
            for part in parts {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        }
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
    fn a_mac_keeps_purposes_secrets_and_the_borders_of_parts_apart() {
        // Python: key = h(h(bytes(32), b"a" * 32), b"x\x01"); h(key, b"".join(len(p).to_bytes(8) + p for p in [b"ab",
        // b"c"])).hex(), where h = lambda key, text: hmac.digest(key, text, "sha256")
        let keys = Keys::parse(&"a".repeat(32)).unwrap();
        assert_eq!(
            crate::hex::encode(&keys.mac("x", &[b"ab", b"c"])),
            "55e756c59b8fe3a7f5bffb7d9c9b008a50ff93eae4938b9daee079c0b93da51c"
        );
        let other = Keys::parse(&"b".repeat(32)).unwrap();
        for different in [
            keys.mac("x", &[b"a", b"bc"]),
            keys.mac("x", &[b"abc"]),
            keys.mac("x", &[b"ab", b"c", b""]),
            keys.mac("y", &[b"ab", b"c"]),
            other.mac("x", &[b"ab", b"c"]),
        ] {
            assert_ne!(different, keys.mac("x", &[b"ab", b"c"]));
        }
    }

    #[test]
    fn debug_prints_no_key() {
        assert_eq!(format!("{:?}", Keys::parse(&"a".repeat(32)).unwrap()), "Keys(…)");
    }
}
