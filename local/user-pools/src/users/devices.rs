//! Devices that users sign in with.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::random::Random;
use crate::srp::Verifier;

/// How many devices a user may have.
pub(crate) const MOST: usize = 500;

/// A device that its client has confirmed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Device {
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    /// Of the secret that the client keeps.
    pub(crate) verifier: Verifier,
    /// Whether it may stand for a second factor.
    pub(crate) remembered: bool,
    pub(crate) created: Duration,
    pub(crate) modified: Duration,
    /// When it was last signed in with.
    pub(crate) authenticated: Duration,
}

/// A key for a new device.
pub(crate) fn new_key(random: &Random, region: &str) -> Result<String, Error> {
    Ok(format!("{region}_{}", random.uuid()?))
}

/// The key of the group that all devices of a pool are in. No secret: clients salt the device's with it.
pub(crate) fn group_key(pool: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyzACDEFGHK";
    let hash = Sha256::new()
        .chain_update("device group\0")
        .chain_update(pool)
        .finalize();
    let letters = hash
        .iter()
        .take(8)
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).copied().map(char::from));
    std::iter::once('-').chain(letters).collect()
}

/// What a client is told of a device that is not the user's, or not confirmed.
pub(crate) fn unknown() -> Error {
    Error::resource_not_found("Device does not exist.")
}
