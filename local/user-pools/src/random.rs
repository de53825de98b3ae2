//! Unpredictable bytes, and identifiers of such bytes.

use aws_lc_rs::rand;
use uuid::{Builder, Uuid};

use super::error::Error;

/// Returns `N` bytes of the operating system's generator.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error::internal("the random number generator failed"))?;
    Ok(bytes)
}

/// Returns a random UUID.
pub(crate) fn uuid() -> Result<Uuid, Error> {
    Ok(Builder::from_random_bytes(bytes()?).into_uuid())
}

/// Returns `N` characters of `0-9a-z`, as in Cognito's client ids.
pub(crate) fn alphanumeric<const N: usize>() -> Result<String, Error> {
    const ALPHABET: [char; 36] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l',
        'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    ];
    Ok(bytes::<N>()?
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .collect())
}
