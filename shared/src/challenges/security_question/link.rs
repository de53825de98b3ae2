//! Links with which users without an enrollment set their first answers.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::keys::{Key, KeyId, Keys};

/// The purpose of the MAC of a token. The MAC covers the pool and the content.
const PURPOSE: &str = "enrolment: link";

/// The maximum length of a token, in bytes. A username has at most 128 characters.
const MAX_TOKEN: usize = 1024;

/// A link to enroll answers, for one user of one pool and for a limited time. The link holds no secret, but its token
/// is one. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    #[serde(rename = "u")]
    username: String,
    #[serde(rename = "s")]
    sub: String,
    /// The time of issue, in milliseconds since 1970.
    #[serde(rename = "i")]
    issued: u64,
    /// The expiry, in seconds since 1970.
    #[serde(rename = "e")]
    expires: u64,
}

impl Link {
    /// The parameter with the token in the fragment of the page's address.
    pub const PARAMETER: &str = "enrol";

    /// The maximum validity of a link.
    pub const LONGEST: Duration = Duration::from_hours(7 * 24);

    /// Creates a link for the user `username` with the attribute `sub`. It is valid for the time `valid` after `now`,
    /// but at most for [`Link::LONGEST`].
    pub fn new(username: impl Into<String>, sub: impl Into<String>, now: SystemTime, valid: Duration) -> Self {
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            username: username.into(),
            sub: sub.into(),
            issued: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
            expires: (since_1970 + valid.min(Self::LONGEST)).as_secs(),
        }
    }

    /// Returns the username in the pool.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the attribute `sub`. A later user with the same name has another one.
    pub fn sub(&self) -> &str {
        &self.sub
    }

    /// Returns the time of issue, in milliseconds since 1970.
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// Returns the token for the fragment of an address, made with the current key. It has only ASCII characters that
    /// need no escaping.
    pub fn token(&self, keys: &Keys, pool: &str) -> String {
        // INVARIANT: serializing strings and numbers to JSON cannot fail.
        let content = serde_json::to_vec(self).unwrap_or_default();
        let key = keys.current();
        let proof = [key.id().as_bytes(), &mac(key, pool, &content)].concat();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(content), URL_SAFE_NO_PAD.encode(proof))
    }

    /// Parses a token that [`Link::token`] made with any of `keys` for `pool`.
    ///
    /// # Errors
    ///
    /// Returns an error if the token is for another pool or key, was altered, or has expired at `now`.
    pub fn parse(token: &str, keys: &Keys, pool: &str, now: SystemTime) -> Result<Self, LinkError> {
        let content = Self::verified(token, keys, pool).ok_or(LinkError::NotALink)?;
        let link: Self = serde_json::from_slice(&content).map_err(|_| LinkError::NotALink)?;
        if link.expires <= now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() {
            return Err(LinkError::Expired);
        }
        Ok(link)
    }

    fn verified(token: &str, keys: &Keys, pool: &str) -> Option<Vec<u8>> {
        let (content, proof) = token.split_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
        let content = URL_SAFE_NO_PAD.decode(content).ok()?;
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        let (id, proof) = proof.split_first_chunk()?;
        let key = keys.each().find(|key| key.id() == KeyId::new(*id))?;
        let same: bool = mac(key, pool, &content).as_slice().ct_eq(proof).into();
        same.then_some(content)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

fn mac(key: &Key, pool: &str, content: &[u8]) -> [u8; 32] {
    key.mac(PURPOSE, &[pool.as_bytes(), content])
}

/// The reason why a token is not a valid link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The link has expired.
    #[error("the link has expired")]
    Expired,
    /// The token was not made by this deployment for this pool, or it was altered.
    #[error("this is not a link to enrol answers")]
    NotALink,
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "us-east-1_A";

    fn keys(letter: &str) -> Keys {
        Keys::parse(&letter.repeat(32)).unwrap()
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
    }

    fn link() -> Link {
        Link::new("ada", "8a1f2b3c", at(0), Duration::from_mins(1))
    }

    #[test]
    fn a_token_is_valid_until_it_expires() {
        let token = link().token(&keys("k"), POOL);
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        );
        for seconds in [0, 59] {
            assert_eq!(Link::parse(&token, &keys("k"), POOL, at(seconds)), Ok(link()));
        }
        for seconds in [60, 61, 1_000_000] {
            let read = Link::parse(&token, &keys("k"), POOL, at(seconds));
            assert_eq!(read, Err(LinkError::Expired), "{seconds}");
        }
    }

    #[test]
    fn no_link_is_valid_for_more_than_a_week() {
        let for_ever = Link::new("ada", "s", at(0), Duration::MAX).token(&keys("k"), POOL);
        let week = Link::LONGEST.as_secs();
        assert!(Link::parse(&for_ever, &keys("k"), POOL, at(week - 1)).is_ok());
        assert!(Link::parse(&for_ever, &keys("k"), POOL, at(week)).is_err());
    }

    #[test]
    fn a_token_of_another_pool_or_secret_or_with_an_altered_bit_is_not_a_link() {
        let token = link().token(&keys("k"), POOL);
        let refused =
            |token: &str, keys: &Keys, pool: &str| Link::parse(token, keys, pool, at(0)) == Err(LinkError::NotALink);
        assert!(refused(&token, &keys("k"), "us-east-1_B"));
        assert!(refused(&token, &keys("x"), POOL));
        for index in 0..token.len() {
            for bit in 0..7 {
                let mut altered = token.clone().into_bytes();
                altered[index] ^= 1 << bit;
                let altered = String::from_utf8(altered).unwrap();
                assert!(refused(&altered, &keys("k"), POOL), "{index} {bit}");
            }
        }
        for text in [
            "",
            ".",
            "..",
            "a.b",
            &token[1..],
            &format!("{token}="),
            &format!("{token}."),
            &"a.".repeat(4096),
        ] {
            assert!(refused(text, &keys("k"), POOL), "{text}");
        }
        let (content, proof) = token.split_once('.').unwrap();
        let other = Link::new("bob", "8a1f2b3c", at(0), Duration::from_mins(1)).token(&keys("k"), POOL);
        let (other_content, _) = other.split_once('.').unwrap();
        assert!(refused(&format!("{other_content}.{proof}"), &keys("k"), POOL));
        assert!(refused(&format!("{content}.{}", &proof[..8]), &keys("k"), POOL));
        assert!(refused(content, &keys("k"), POOL));
    }

    #[test]
    fn a_link_is_valid_during_a_rotation_while_its_secret_is_configured() {
        let [a, b] = ["a", "b"].map(|letter| letter.repeat(32));
        let during = Keys::parse(&format!(r#"{{"current":"{b}","previous":"{a}","first":"{a}"}}"#)).unwrap();
        let after = Keys::parse(&format!(r#"{{"current":"{b}","first":"{a}"}}"#)).unwrap();
        let token = link().token(&keys("a"), POOL);
        assert_eq!(Link::parse(&token, &during, POOL, at(0)), Ok(link()));
        assert_eq!(Link::parse(&token, &after, POOL, at(0)), Err(LinkError::NotALink));
    }

    #[test]
    fn debug_shows_no_name() {
        assert_eq!(format!("{:?}", link()), "Link(…)");
    }
}
