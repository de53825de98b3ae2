//! Codes of authenticator apps: TOTP of RFC 6238 with SHA-1, six digits and steps of 30 seconds.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::error::Error;
use super::random::Random;

/// The length of a step, in seconds.
const STEP: u64 = 30;

/// A secret that an authenticator app and the user pool share.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Generates a secret.
    ///
    /// # Errors
    ///
    /// Returns an error if the random number generator fails.
    pub fn generate(random: &Random) -> Result<Self, Error> {
        random.bytes().map(Self)
    }

    /// Returns the secret as users type it into an app: base32 of RFC 4648, without padding.
    pub fn base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// Parses `text` as an app does.
    pub(crate) fn from_base32(text: &str) -> Option<Self> {
        BASE32_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// Returns the step of `code`: the current one, or one of its two neighbours, because clocks differ.
    pub fn step(&self, code: &str, now: Duration) -> Option<u64> {
        let present = now.as_secs() / STEP;
        let steps = [present.checked_sub(1), Some(present), present.checked_add(1)];
        let shows = |step: &u64| code_at(&self.0, *step).as_bytes().ct_eq(code.as_bytes()).into();
        steps.into_iter().flatten().find(shows)
    }

    /// Returns the code at a time.
    #[cfg(test)]
    pub fn code(&self, now: Duration) -> String {
        code_at(&self.0, now.as_secs() / STEP)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// HOTP of RFC 4226, cut to six digits.
fn code_at(secret: &[u8], step: u64) -> String {
    format!("{:06}", truncated(secret, step) % 1_000_000)
}

fn truncated(secret: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = tag.as_ref().last().map_or(0, |last| usize::from(last & 15));
    let word = tag.as_ref().get(offset..).and_then(<[u8]>::first_chunk::<4>);
    word.map_or(0, |word| u32::from_be_bytes(*word) & 0x7fff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (time, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let found = truncated(b"12345678901234567890", time / STEP) % 100_000_000;
            assert_eq!(found, code, "{time}");
        }
    }

    #[test]
    fn the_written_secret_is_base32() {
        let secret = Secret(*b"12345678901234567890123456789012");
        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA");
        assert_eq!(Secret::from_base32(&secret.base32()), Some(secret));
        assert_eq!(Secret::generate(&Random::system()).unwrap().base32().len(), 52);
    }

    #[test]
    fn a_code_is_good_for_its_step_and_the_two_beside_it() {
        let secret = Secret([7; 32]);
        let at = Duration::from_secs;
        let code = secret.code(at(3000));
        for (time, step) in [
            (2939, None),
            (2969, None),
            (2970, Some(100)),
            (3000, Some(100)),
            (3059, Some(100)),
            (3060, None),
            (0, None),
        ] {
            assert_eq!(secret.step(&code, at(time)), step, "{time}");
        }
        for wrong in [
            "",
            "0",
            &format!("{code}0"),
            &code[1..],
            "abcdef",
            "\u{664}\u{664}\u{664}",
        ] {
            assert_eq!(secret.step(wrong, at(3000)), None);
        }
    }
}
