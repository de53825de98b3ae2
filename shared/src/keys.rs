//! The secrets of the deployment and the keys derived from them. They cannot be printed.

mod secret;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use secret::KeyError;

/// The deployment's `CHALLENGE_SECRET`: one secret or, during a rotation, two.
///
/// A rotation sets three values in turn. Functions with two successive values work together:
///
/// | step | value |
/// |---|---|
/// | before | a plain secret, or `{"current": "A", "first": "A"}` |
/// | 1 | `{"current": "A", "next": "B", "first": "A"}` |
/// | 2 | `{"current": "B", "previous": "A", "first": "A"}` |
/// | 3 | `{"current": "B", "first": "A"}` |
///
/// The current secret is for new hashes and MACs. The other secret still verifies old ones. The [first](Keys::first)
/// secret of the deployment is for values that must never change.
#[derive(Clone)]
pub struct Keys {
    current: Key,
    /// The key of the next or the previous secret.
    other: Option<Key>,
    first: Key,
}

impl Keys {
    /// The minimum length of a secret, in bytes.
    pub const MIN_BYTES: usize = 32;

    /// Parses the value of `CHALLENGE_SECRET`.
    ///
    /// # Errors
    ///
    /// Returns an error if a secret is shorter than [`Keys::MIN_BYTES`], or if the JSON is not one of the values above.
    pub fn parse(value: &str) -> Result<Self, KeyError> {
        secret::parse(value)
    }

    /// Returns the key for new hashes and MACs.
    pub fn current(&self) -> &Key {
        &self.current
    }

    /// Returns the key of the deployment's first secret. A rotation does not change it.
    ///
    /// Use it for keyed choices that a client can observe, and for keys of counters. If a rotation changed the decoys
    /// but not the questions of existing users, it would reveal which users exist.
    pub fn first(&self) -> &Key {
        &self.first
    }

    /// Returns the keys that can verify hashes and MACs, starting with the current one.
    pub fn each(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.other)
    }

    /// Returns the same keys with `key` as the current one, for a sign-in that started with it.
    #[must_use]
    pub fn led_by(&self, key: &Key) -> Self {
        let other = self.each().find(|other| other.id != key.id).cloned();
        Self {
            current: key.clone(),
            other,
            first: self.first.clone(),
        }
    }

    /// Returns [`Key::derive`] of the current key.
    pub fn derive(&self, purpose: &'static str) -> [u8; 32] {
        self.current.derive(purpose)
    }

    /// Returns [`Key::mac`] of the current key.
    ///
    /// Within a sign-in, create uses the same current key for all attempts of a step with a state. So a code that is
    /// derived from the state stays the same. During a rotation, verify and create can have different current keys. In
    /// verify, compare with a private parameter, or try [each](Keys::each) key.
    pub fn mac(&self, purpose: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        self.current.mac(purpose, parts)
    }

    /// Returns [`Key::hasher`] of the current key.
    pub fn hasher(&self, purpose: &'static str) -> impl Fn(&[&[u8]]) -> [u8; 32] + use<> {
        self.current.hasher(purpose)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// A secret, from which a sub-key for each use is derived (HKDF-SHA256, RFC 5869).
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    hkdf: Hkdf<Sha256>,
}

impl Key {
    fn new(secret: &str) -> Result<Self, KeyError> {
        let secret = secret.as_bytes();
        if secret.len() < Keys::MIN_BYTES {
            return Err(KeyError::TooShort { length: secret.len() });
        }
        let mut key = Self {
            id: KeyId([0; KeyId::BYTES]),
            hkdf: Hkdf::new(None, secret),
        };
        let fingerprint = key.derive("key id");
        key.id.0.iter_mut().zip(fingerprint).for_each(|(to, from)| *to = from);
        Ok(key)
    }

    /// Returns the id of the secret.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns the sub-key for `purpose`, a label that must be unique to its use.
    pub fn derive(&self, purpose: &'static str) -> [u8; 32] {
        let mut key = [0; 32];
        let expanded = self.hkdf.expand(purpose.as_bytes(), &mut key);
        // INVARIANT: HKDF-SHA256 only fails above 8,160 bytes of output; this is 32.
        debug_assert!(expanded.is_ok());
        key
    }

    /// Returns the keyed hash (HMAC-SHA256) of `parts` with the sub-key for `purpose`.
    ///
    /// The length of each part in bytes (64 bits, big-endian) precedes it, so that `["ab", "c"]` and `["a", "bc"]` have
    /// different hashes. A challenge type in another crate starts its purposes with its name: `"PAGER_CODE: code"`.
    pub fn mac(&self, purpose: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        self.hasher(purpose)(parts)
    }

    /// Returns a function that computes [`Key::mac`] for one `purpose`. It derives the sub-key only once.
    pub fn hasher(&self, purpose: &'static str) -> impl Fn(&[&[u8]]) -> [u8; 32] + use<> {
        // INVARIANT: HMAC accepts keys of any length.
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

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// The id of a secret: a fingerprint that is derived from the secret and reveals nothing about it.
///
/// It is not configurable, so an id always belongs to the same secret. It is written in base64, as in the `keyid` of
/// hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KeyId::BYTES]);

impl KeyId {
    /// The length of an id.
    pub const BYTES: usize = 6;

    /// Creates an id from its bytes.
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the id.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_secret_is_rejected_and_not_quoted() {
        let error = Keys::parse("hunter2").unwrap_err().to_string();
        assert_eq!(error, "the secret has 7 bytes: use at least 32 random ones");
        assert!(Keys::parse(&"x".repeat(31)).is_err());
        assert!(Keys::parse(&"x".repeat(32)).is_ok());
    }

    #[test]
    fn each_purpose_and_each_secret_has_a_different_key() {
        let (one, other) = (
            Keys::parse(&"a".repeat(32)).unwrap(),
            Keys::parse(&"b".repeat(32)).unwrap(),
        );
        assert_eq!(one.derive("x"), one.derive("x"));
        assert_ne!(one.derive("x"), one.derive("y"));
        assert_ne!(one.derive("x"), other.derive("x"));
    }

    #[test]
    fn keys_are_derived_as_in_rfc_5869() {
        // Python: prk = hmac.digest(bytes(32), b"a" * 32, "sha256"); list(hmac.digest(prk, b"x\x01", "sha256"))
        let expected = [
            47, 164, 176, 172, 207, 60, 31, 1, 137, 237, 252, 165, 216, 93, 182, 186, 115, 230, 243, 113, 144, 152, 48,
            173, 178, 150, 76, 39, 233, 75, 9, 167,
        ];
        assert_eq!(Keys::parse(&"a".repeat(32)).unwrap().derive("x"), expected);
    }

    #[test]
    fn a_mac_depends_on_purpose_secret_and_part_boundaries() {
        // Python: key = h(h(bytes(32), b"a" * 32), b"x\x01"); h(key, b"".join(len(p).to_bytes(8) + p for p in [b"ab",
        // b"c"])).hex(), with h = lambda key, text: hmac.digest(key, text, "sha256")
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
    fn new_values_use_the_current_secret_and_permanent_values_use_the_first() {
        let alone = |letter: &str| Keys::parse(&letter.repeat(32)).unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|letter| letter.repeat(32));
        for changing in [
            format!(r#"{{"current":"{b}","previous":"{c}","first":"{a}"}}"#),
            format!(r#"{{"current":"{b}","next":"{c}","first":"{a}"}}"#),
        ] {
            let keys = Keys::parse(&changing).unwrap();
            assert_eq!(keys.mac("x", &[b"y"]), alone("b").mac("x", &[b"y"]));
            assert_eq!(keys.first().mac("x", &[b"y"]), alone("a").mac("x", &[b"y"]));
            let ids: Vec<_> = keys.each().map(Key::id).collect();
            assert_eq!(ids, [alone("b").current().id(), alone("c").current().id()]);
            let of_before = keys.led_by(alone("c").current());
            assert_eq!(of_before.derive("x"), alone("c").derive("x"));
            assert_eq!(of_before.first().id(), keys.first().id());
            assert_eq!(of_before.each().map(Key::id).collect::<Vec<_>>(), [ids[1], ids[0]]);
        }
        assert_eq!(alone("a").first().id(), alone("a").current().id());
    }

    #[test]
    fn an_id_belongs_to_one_secret() {
        let id = |letter: &str| Keys::parse(&letter.repeat(32)).unwrap().current().id();
        // Python: base64.b64encode(hmac.digest(hmac.digest(bytes(32), b"a" * 32, "sha256"), b"key id\x01", "sha256")[:6])
        assert_eq!(id("a").to_string(), "e8+M7Ihj");
        assert_ne!(id("a"), id("b"));
    }

    #[test]
    fn debug_prints_no_key() {
        let keys = Keys::parse(&"a".repeat(32)).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(…)");
        assert_eq!(format!("{:?}", keys.current()), "Key(e8+M7Ihj)");
    }
}
