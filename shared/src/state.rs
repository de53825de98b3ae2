//! The state that a challenge leaves for the next attempt of its step.
//!
//! From create's response, Cognito keeps only `challengeMetadata` in the session. It contains the challenge's name. If
//! the type leaves a state, it has the form `NAME.` and the base64url of MAC and state.
//!
//! The MAC binds the state to user pool, user, challenge and step, so that another step or user cannot use it. The state
//! itself is readable in the session, so it must not contain a secret. A code is derived from a nonce in the state, see
//! [`crate::code`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::event::Entry;
use crate::keys::{Key, Keys};
use crate::name::Name;
use crate::user::User;

/// The maximum length of a state, in bytes.
pub const MAX_BYTES: usize = 48;

/// The maximum length of `challengeMetadata` with a state, in characters. Cognito documents no limit; this value is
/// below 128.
pub const MAX_METADATA_CHARS: usize = 119;

/// The length of the MAC, in bytes.
const MAC_BYTES: usize = 16;

/// The separator between the name and the sealed state. Names do not contain it.
const SEPARATOR: char = '.';

/// The values that a state is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The user who signs in.
    pub user: User<'a>,
    /// The challenge that leaves the state.
    pub challenge: &'a Name,
    /// The position of the step in the flow, from 1.
    pub step: usize,
}

impl Binding<'_> {
    /// Returns the `challengeMetadata` with `state`: the challenge's name, the separator, and the state sealed with the
    /// current key.
    ///
    /// # Errors
    ///
    /// Returns an error if the state is longer than [`MAX_BYTES`].
    pub fn seal(&self, keys: &Keys, state: &[u8]) -> Result<String, StateError> {
        if state.len() > MAX_BYTES {
            return Err(StateError::TooLong { bytes: state.len() });
        }
        let sealed = [self.mac(keys.current(), state).as_slice(), state].concat();
        let sealed = URL_SAFE_NO_PAD.encode(sealed);
        Ok(format!("{}{SEPARATOR}{sealed}", self.challenge))
    }

    /// Returns the state of the latest attempt with this challenge, or `None` if no attempt left one.
    ///
    /// `answered` has the entries of this step. If `required`, each entry of this challenge must have a state.
    ///
    /// # Errors
    ///
    /// Returns an error if a state was sealed for another binding, or if a required state is missing. Also returns an
    /// error if there is a state although the challenge has none.
    pub fn latest<'k>(
        &self,
        keys: &'k Keys,
        answered: &[Entry<'_>],
        required: bool,
    ) -> Result<Option<Opened<'k>>, StateError> {
        let mut latest = None;
        for entry in answered {
            match entry.metadata.and_then(split) {
                Some((name, sealed)) if name == self.challenge.as_str() => {
                    latest = match (sealed, required) {
                        (Some(sealed), true) => Some(self.open(keys, sealed)?),
                        (None, false) => None,
                        (None, true) => return Err(StateError::Missing),
                        (Some(_), false) => return Err(StateError::Unexpected),
                    };
                }
                _ => {}
            }
        }
        Ok(latest)
    }

    fn open<'k>(&self, keys: &'k Keys, sealed: &str) -> Result<Opened<'k>, StateError> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| StateError::NotAuthentic)?;
        let (mac, state) = bytes.split_first_chunk::<MAC_BYTES>().ok_or(StateError::NotAuthentic)?;
        let key = keys.each().find(|key| self.mac(key, state).ct_eq(mac).into());
        let key = key.ok_or(StateError::NotAuthentic)?;
        Ok(Opened {
            state: state.to_vec(),
            key,
        })
    }

    fn mac(&self, key: &Key, state: &[u8]) -> [u8; MAC_BYTES] {
        let identity = self.user.identity();
        let parts = [
            self.user.pool.as_bytes(),
            &[u8::from(self.user.exists())],
            identity.as_bytes(),
            self.challenge.as_str().as_bytes(),
            &(self.step as u64).to_be_bytes(),
            state,
        ];
        let mut cut = [0; MAC_BYTES];
        let mac = key.mac("challenge state", &parts);
        cut.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        cut
    }
}

/// A state with a valid MAC.
#[derive(Clone, Debug)]
pub struct Opened<'k> {
    /// The state.
    pub state: Vec<u8>,
    /// The key that sealed the state. Values that depend on the state are derived from this key.
    pub key: &'k Key,
}

/// Splits `metadata` into the challenge's name and the sealed state, if it has one. Returns `None` if the form is not
/// the one that create writes.
///
/// It checks only the form, because define has no keys and does not know the names.
pub(crate) fn split(metadata: &str) -> Option<(&str, Option<&str>)> {
    let Some((name, sealed)) = metadata.split_once(SEPARATOR) else {
        return Some((metadata, None));
    };
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits = metadata.len() <= MAX_METADATA_CHARS && !sealed.is_empty() && sealed.bytes().all(base64url);
    fits.then_some((name, Some(sealed)))
}

/// The reason why a state cannot be used. The message contains no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// An earlier attempt of the step has no state, although the challenge always leaves one.
    #[error("an earlier attempt has no state: deploy the same challenge types in all versions of create")]
    Missing,
    /// The state was altered, or was sealed for another user, challenge or step, or under another secret.
    #[error("the state does not verify: it was altered, or its secret was removed from create's CHALLENGE_SECRET")]
    NotAuthentic,
    /// The challenge returned a state that is too long.
    #[error("the state has {bytes} bytes: return at most {MAX_BYTES}")]
    TooLong {
        /// The length in bytes.
        bytes: usize,
    },
    /// An earlier attempt of the step has a state, although the challenge has none.
    #[error(
        "an earlier attempt has a state, but this challenge has none: deploy the same types in all versions of create"
    )]
    Unexpected,
    /// The challenge returned no state although it must leave one, or returned one although it must not.
    #[error("the challenge must return a state if `leaves_state` is true, and none if it is false")]
    Undeclared,
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::user::Existence;

    fn keys(letter: &str) -> Keys {
        Keys::parse(&letter.repeat(32)).unwrap()
    }

    fn name(name: &str) -> Name {
        Name::parse(name).unwrap()
    }

    fn user(pool: &'static str, name: &'static str, existence: Existence) -> User<'static> {
        static NONE: std::sync::LazyLock<HashMap<String, String>> = std::sync::LazyLock::new(HashMap::new);
        User::new(pool, name, existence, &NONE)
    }

    fn entry(metadata: &str) -> Entry<'_> {
        Entry {
            challenge: "CUSTOM_CHALLENGE",
            metadata: Some(metadata),
            correct: false,
        }
    }

    /// Returns the state that `binding` reads from `metadata`.
    fn read(binding: Binding<'_>, metadata: &str) -> Result<Option<Vec<u8>>, StateError> {
        latest(binding, &keys("k"), &[entry(metadata)], true)
    }

    fn latest(
        binding: Binding<'_>,
        keys: &Keys,
        answered: &[Entry<'_>],
        required: bool,
    ) -> Result<Option<Vec<u8>>, StateError> {
        let opened = binding.latest(keys, answered, required)?;
        Ok(opened.map(|opened| opened.state))
    }

    #[test]
    fn the_state_of_the_latest_attempt_is_read() {
        let (code, other) = (name("CODE"), name("OTHER"));
        let ada = user("p", "ada", Existence::Existing);
        let binding = Binding {
            user: ada,
            challenge: &code,
            step: 2,
        };
        let [first, second] = [b"one", b"two"].map(|state| binding.seal(&keys("k"), state).unwrap());
        let of_other = Binding {
            challenge: &other,
            ..binding
        }
        .seal(&keys("k"), b"x")
        .unwrap();
        let answered = [entry(&first), entry(&second), entry(&of_other), entry("PLAIN")];
        assert_eq!(latest(binding, &keys("k"), &answered, true).unwrap().unwrap(), b"two");
        assert_eq!(latest(binding, &keys("k"), &answered[2..], true), Ok(None));
    }

    #[test]
    fn a_state_for_another_pool_user_challenge_step_or_secret_does_not_verify() {
        let (code, other) = (name("CODE"), name("OTHER"));
        let ada = user("p", "ada", Existence::Existing);
        let binding = Binding {
            user: ada,
            challenge: &code,
            step: 2,
        };
        let metadata = binding.seal(&keys("k"), b"state").unwrap();
        assert!(read(binding, &metadata).is_ok());
        let sealed = metadata.strip_prefix("CODE").unwrap();
        for (elsewhere, metadata) in [
            (
                Binding {
                    user: user("q", "ada", Existence::Existing),
                    ..binding
                },
                metadata.clone(),
            ),
            (
                Binding {
                    user: user("p", "bob", Existence::Existing),
                    ..binding
                },
                metadata.clone(),
            ),
            (
                Binding {
                    user: user("p", "ada", Existence::Nonexistent),
                    ..binding
                },
                metadata.clone(),
            ),
            (
                Binding {
                    challenge: &other,
                    ..binding
                },
                format!("OTHER{sealed}"),
            ),
            (Binding { step: 3, ..binding }, metadata.clone()),
        ] {
            assert_eq!(
                read(elsewhere, &metadata),
                Err(StateError::NotAuthentic),
                "{elsewhere:?}"
            );
        }
        let elsewhere = latest(binding, &keys("x"), &[entry(&metadata)], true);
        assert_eq!(elsewhere, Err(StateError::NotAuthentic));
    }

    #[test]
    fn a_state_under_either_secret_verifies_and_returns_its_key() {
        let code = name("CODE");
        let binding = Binding {
            user: user("p", "ada", Existence::Existing),
            challenge: &code,
            step: 1,
        };
        let [a, b, c] = ["a", "b", "c"].map(|letter| letter.repeat(32));
        let changing = Keys::parse(&format!(r#"{{"current":"{b}","previous":"{a}","first":"{c}"}}"#)).unwrap();
        for letter in ["a", "b"] {
            let metadata = binding.seal(&keys(letter), b"state").unwrap();
            let opened = binding.latest(&changing, &[entry(&metadata)], true).unwrap().unwrap();
            assert_eq!(
                (opened.state.as_slice(), opened.key.id()),
                (&b"state"[..], keys(letter).current().id())
            );
        }
        // A state is temporary, so it does not use the first secret.
        let metadata = binding.seal(&keys("c"), b"state").unwrap();
        assert_eq!(
            latest(binding, &changing, &[entry(&metadata)], true),
            Err(StateError::NotAuthentic)
        );
        let sealed = binding.seal(&changing, b"state").unwrap();
        assert_eq!(
            latest(binding, &keys("b"), &[entry(&sealed)], true).unwrap().unwrap(),
            b"state"
        );
    }

    #[test]
    fn a_state_with_any_bit_altered_does_not_verify() {
        let code = name("CODE");
        let binding = Binding {
            user: user("p", "ada", Existence::Existing),
            challenge: &code,
            step: 1,
        };
        let metadata = binding.seal(&keys("k"), b"state").unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(metadata.strip_prefix("CODE.").unwrap()).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let altered = format!("CODE.{}", URL_SAFE_NO_PAD.encode(altered));
            assert_eq!(read(binding, &altered), Err(StateError::NotAuthentic), "bit {bit}");
        }
        for metadata in ["CODE.AAAA", "CODE.AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(read(binding, metadata), Err(StateError::NotAuthentic), "{metadata}");
        }
    }

    #[test]
    fn a_state_is_required_exactly_if_the_challenge_leaves_one() {
        let code = name("CODE");
        let binding = Binding {
            user: user("p", "ada", Existence::Existing),
            challenge: &code,
            step: 1,
        };
        let left = binding.seal(&keys("k"), b"state").unwrap();
        let latest = |answered: &[Entry<'_>], required| latest(binding, &keys("k"), answered, required);
        assert_eq!(latest(&[entry(&left), entry("CODE")], true), Err(StateError::Missing));
        assert_eq!(latest(&[entry(&left)], false), Err(StateError::Unexpected));
        assert_eq!(latest(&[entry("CODE")], false), Ok(None));
        assert_eq!(latest(&[], true), Ok(None));
    }

    #[test]
    fn metadata_stays_below_128_characters_and_a_longer_state_is_rejected() {
        let longest = name(&"A".repeat(crate::name::MAX_CHARS));
        let binding = Binding {
            user: user("p", "ada", Existence::Existing),
            challenge: &longest,
            step: 1,
        };
        let metadata = binding.seal(&keys("k"), &[7; MAX_BYTES]).unwrap();
        assert_eq!(metadata.len(), MAX_METADATA_CHARS);
        assert_eq!(read(binding, &metadata).unwrap().unwrap(), [7; MAX_BYTES]);
        for bytes in [MAX_BYTES + 1, 10_240] {
            let refused = binding.seal(&keys("k"), &vec![7; bytes]);
            assert_eq!(refused, Err(StateError::TooLong { bytes }));
        }
    }

    #[test]
    fn metadata_is_a_name_alone_or_with_a_state_of_bounded_length() {
        assert_eq!(split("CAPTCHA"), Some(("CAPTCHA", None)));
        assert_eq!(split("CODE.a-_9"), Some(("CODE", Some("a-_9"))));
        let long = format!("CODE.{}", "a".repeat(10_240));
        for metadata in ["CODE.", "CODE.a b", "CODE.a.b", "CODE.a=", "CODE.é", &long] {
            assert_eq!(split(metadata), None, "{metadata}");
        }
    }
}
