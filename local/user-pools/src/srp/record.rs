//! Verifiers as they are stored.

use crypto_bigint::U3072;
use serde::{Deserialize, Serialize};

use super::{Element, N, Verifier};

/// A verifier in bytes. The number is big-endian.
#[derive(Deserialize, Serialize)]
pub(super) struct VerifierRecord {
    salt: Vec<u8>,
    v: Vec<u8>,
}

impl From<Verifier> for VerifierRecord {
    fn from(verifier: Verifier) -> Self {
        Self {
            salt: verifier.salt,
            v: verifier.v.retrieve().to_be_bytes().as_slice().to_vec(),
        }
    }
}

impl TryFrom<VerifierRecord> for Verifier {
    type Error = &'static str;

    fn try_from(written: VerifierRecord) -> Result<Self, Self::Error> {
        let number = Some(written.v).filter(|v| v.len() == U3072::BYTES);
        let number = number.map(|v| U3072::from_be_slice(&v)).filter(|v| *v < N);
        let v = Element::new(&number.ok_or("a verifier must be below N")?);
        Ok(Self { salt: written.salt, v })
    }
}
