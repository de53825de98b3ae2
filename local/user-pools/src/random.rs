//! Unpredictable bytes, and identifiers from them.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand;
use uuid::{Builder, Uuid};

use super::error::Error;

/// Fills a buffer. Returns false if it fails.
type Fill = dyn Fn(&mut [u8]) -> bool + Send + Sync;

/// A source of random bytes: the operating system's generator, or one that a test chooses. The keys that sign tokens always
/// come from the system.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

impl Random {
    /// Returns the operating system's generator.
    pub fn system() -> Self {
        Self(Arc::new(|bytes| rand::fill(bytes).is_ok()))
    }

    /// Returns a generator that fills each buffer with what `fill` writes. Sessions, tokens and codes are as predictable as these bytes.
    pub fn from_fn(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |bytes| {
            fill(bytes);
            true
        }))
    }

    /// Returns `N` bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        if (self.0)(&mut bytes) {
            return Ok(bytes);
        }
        Err(Error::internal("the random number generator failed"))
    }

    /// Returns a random UUID.
    pub(crate) fn uuid(&self) -> Result<Uuid, Error> {
        Ok(Builder::from_random_bytes(self.bytes()?).into_uuid())
    }

    /// Returns a code of six digits.
    pub(crate) fn code(&self) -> Result<String, Error> {
        Ok(format!("{:06}", u64::from_be_bytes(self.bytes()?) % 1_000_000))
    }

    /// Returns `N` characters of `0-9a-z`, as Cognito's client ids have them.
    pub(crate) fn alphanumeric<const N: usize>(&self) -> Result<String, Error> {
        const ALPHABET: [char; 36] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k',
            'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
        ];
        Ok(self
            .bytes::<N>()?
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
            .collect())
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits() {
        for byte in 0..=u8::MAX {
            let code = Random::from_fn(move |bytes| bytes.fill(byte)).code().unwrap();
            assert!(
                code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
                "{code}"
            );
        }
    }

    #[test]
    fn a_generator_that_fails_gives_no_bytes() {
        let broken = Random(Arc::new(|_| false));
        assert!(broken.bytes::<4>().is_err() && broken.uuid().is_err() && broken.code().is_err());
    }
}
