//! Devices that users sign in with.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::random::Random;
use crate::srp::Verifier;

/// The maximum number of devices of a user.
pub(crate) const MOST: usize = 500;

/// A device that its client has confirmed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Device {
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    /// The verifier of the secret that the client keeps.
    pub(crate) verifier: Verifier,
    /// Whether it may replace a second factor.
    pub(crate) remembered: bool,
    pub(crate) created: Duration,
    pub(crate) modified: Duration,
    /// The time of the last sign-in with it.
    pub(crate) authenticated: Duration,
}

/// Generates a key for a new device.
pub(crate) fn new_key(random: &Random, region: &str) -> Result<String, Error> {
    Ok(format!("{region}_{}", random.uuid()?))
}

/// Returns the key of the group of all devices of a pool. It is not secret: clients use it in the salted secret of a
/// device.
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

/// The error for a device that the user does not have or has not confirmed.
pub(crate) fn unknown() -> Error {
    Error::resource_not_found("Device does not exist.")
}
