//! The password proof: SRP-6a over the 3072-bit group of RFC 3526, in Cognito's variant.

mod generator;

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::modular::{ConstMontyForm, ConstMontyParams};
use crypto_bigint::{U256, U3072, const_monty_params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use record::VerifierRecord;

const_monty_params!(
    Group,
    U3072,
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
     EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
     83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
     E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
     15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
     ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
     BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
);

type Element = ConstMontyForm<Group, { U3072::LIMBS }>;

const N: U3072 = *Group::PARAMS.modulus().as_ref();
const G: Element = Element::new(&U3072::from_u8(2));

/// SHA-256 of the group, with Cognito's padding: a sign byte before N, none before g.
static K: LazyLock<Element> = LazyLock::new(|| {
    let hash = Sha256::new()
        .chain_update(signed(&N.to_be_bytes()))
        .chain_update([2])
        .finalize();
    Element::new(&U256::from_be_slice(&hash).resize())
});

/// The longest salt that a client may choose, in bytes.
const LONGEST_SALT: usize = 32;

/// The longest number of the group with its sign byte, in hexadecimal digits.
const LONGEST: usize = 770;

/// The reason why a client's public number is invalid.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SrpError {
    /// It is not a hexadecimal number.
    #[error("`SRP_A` must be a hexadecimal number")]
    NotHex,
    /// It is zero, or not below N. Such a number would reveal the shared secret without the password.
    #[error("`SRP_A` must be above zero and below N")]
    OutOfRange,
}

/// The stored form of a password: a salt, and g to the power of the salted password.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "VerifierRecord", into = "VerifierRecord")]
pub struct Verifier {
    salt: Vec<u8>,
    v: Element,
}

impl Verifier {
    /// Creates the verifier of `password` for a user of a pool.
    pub fn new(identity: Identity<'_>, password: &str, salt: [u8; 16]) -> Self {
        Self {
            v: raise(identity, password, &salt),
            salt: salt.to_vec(),
        }
    }

    /// Creates a verifier from a client's salt and verifier, both in base64.
    pub fn from_client(salt: &str, verifier: &str) -> Option<Self> {
        let salt = STANDARD
            .decode(salt)
            .ok()
            .filter(|salt| salt.len() <= LONGEST_SALT && salt.iter().any(|byte| *byte != 0))?;
        let bytes = STANDARD.decode(verifier).ok()?;
        let first = bytes.iter().position(|byte| *byte != 0)?;
        let minimal = bytes.get(first..)?;
        let mut padded = [0; U3072::BYTES];
        padded
            .get_mut(U3072::BYTES.checked_sub(minimal.len())?..)?
            .copy_from_slice(minimal);
        let v = U3072::from_be_slice(&padded);
        // 1 is the power of no secret, and N - 1 of no realistic one. Both would accept every client.
        let usable = v > U3072::ONE && v < N.wrapping_sub(&U3072::ONE);
        usable.then(|| Self {
            salt,
            v: Element::new(&v),
        })
    }

    /// Returns the salt and the verifier in base64, as [`Self::from_client`] reads them.
    pub(crate) fn base64(&self) -> (String, String) {
        let number = self.v.retrieve().to_be_bytes();
        (STANDARD.encode(&self.salt), STANDARD.encode(number.as_slice()))
    }

    /// Creates a verifier without a password. `seed` is expanded to a square of the group, like real verifiers.
    pub fn decoy(seed: &[u8; 32]) -> Self {
        let expand = |index: u8| hmac(seed, &[&[index]]);
        let mut bytes = [0; U3072::BYTES];
        for (index, block) in (0..).zip(bytes.chunks_mut(32)) {
            block.copy_from_slice(&expand(index));
        }
        let mut salt = [0; 16];
        salt.copy_from_slice(expand(u8::MAX).first_chunk::<16>().unwrap_or(&[0; 16]));
        Self {
            salt: salt.to_vec(),
            v: Element::new(&U3072::from_be_slice(&bytes)).square(),
        }
    }

    /// Whether this is the verifier of `password`. The time does not depend on the result.
    pub fn matches(&self, identity: Identity<'_>, password: &str) -> bool {
        let other = raise(identity, password, &self.salt);
        let (expected, given) = (self.v.retrieve().to_be_bytes(), other.retrieve().to_be_bytes());
        expected.as_slice().ct_eq(given.as_slice()).into()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

/// Returns g to the power of the salted password.
fn raise(identity: Identity<'_>, password: &str, salt: &[u8]) -> Element {
    let x = Sha256::new()
        .chain_update(signed(salt))
        .chain_update(identity.hash(password))
        .finalize();
    generator::power(&U256::from_be_slice(&x))
}

/// The owner of the password. For the secret of a device, these are the device group key and the device key.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The pool id.
    pub pool: &'a str,
    /// The user's username in the pool, never an alias.
    pub user: &'a str,
}

impl Identity<'_> {
    /// Returns the part of the pool id after the region.
    fn pool_name(&self) -> &str {
        self.pool.split_once('_').map_or(self.pool, |(_, name)| name)
    }

    fn hash(&self, password: &str) -> [u8; 32] {
        let parts = [self.pool_name(), self.user, ":", password];
        parts.iter().fold(Sha256::new(), Digest::chain_update).finalize().into()
    }
}

/// A client's `SRP_A`: above zero and below N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicNumber(U3072);

impl PublicNumber {
    /// Parses `SRP_A`. Its length is limited before any arithmetic.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not a hexadecimal number of this size, or not in the range.
    pub fn parse(hex: &str) -> Result<Self, SrpError> {
        if hex.len() > LONGEST {
            return Err(SrpError::OutOfRange);
        }
        if hex.is_empty() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SrpError::NotHex);
        }
        let number = U3072::from_str_radix_vartime(hex, 16).map_err(|_| SrpError::OutOfRange)?;
        if number == U3072::ZERO || number >= N {
            return Err(SrpError::OutOfRange);
        }
        Ok(Self(number))
    }
}

/// The server's half of one exchange, which waits for the client's proof.
#[derive(Clone)]
pub struct Exchange {
    verifier: Verifier,
    a: U3072,
    b: U256,
    big_b: U3072,
}

/// The client's proof that it knows the password.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The opaque block that the client received, decoded.
    pub secret_block: &'a [u8],
    /// The client's timestamp.
    pub timestamp: &'a str,
    /// The signature in base64.
    pub signature: &'a str,
}

impl Exchange {
    /// Answers the client's public number with the secret exponent `b`.
    pub fn new(client: &PublicNumber, verifier: Verifier, b: [u8; 32]) -> Self {
        let b = U256::from_be_slice(&b);
        let big_b = (*K * verifier.v + generator::power(&b)).retrieve();
        Self {
            verifier,
            a: client.0,
            b,
            big_b,
        }
    }

    /// Returns `SALT` for the client: hexadecimal, without a sign byte, possibly of odd length.
    pub fn salt(&self) -> String {
        hex(&self.verifier.salt)
    }

    /// Returns `SRP_B` for the client.
    pub fn srp_b(&self) -> String {
        hex(&self.big_b.to_be_bytes())
    }

    /// Whether the client knows the password. The comparison takes constant time.
    pub fn accepts(&self, identity: Identity<'_>, proof: Proof<'_>) -> bool {
        let (Some(mac), Ok(signature)) = (self.signature(identity, proof), STANDARD.decode(proof.signature)) else {
            return false;
        };
        mac.ct_eq(&signature).into()
    }

    fn signature(&self, identity: Identity<'_>, proof: Proof<'_>) -> Option<[u8; 32]> {
        let key = self.key()?;
        let parts = [
            identity.pool_name().as_bytes(),
            identity.user.as_bytes(),
            proof.secret_block,
            proof.timestamp.as_bytes(),
        ];
        Some(hmac(&key, &parts))
    }

    /// Returns the 16-byte key that only both sides know, or `None` if the hash of the public numbers is zero.
    fn key(&self) -> Option<[u8; 16]> {
        let (a, b) = (signed(&self.a.to_be_bytes()), signed(&self.big_b.to_be_bytes()));
        let u_bytes = Sha256::new().chain_update(a).chain_update(b).finalize();
        let u = U256::from_be_slice(&u_bytes);
        if u == U256::ZERO || self.big_b == U3072::ZERO {
            return None;
        }
        // u is public, so its power need not be constant time.
        let s = (Element::new(&self.a) * self.verifier.v.pow_vartime(&u))
            .pow(&self.b)
            .retrieve();
        let prk = hmac(&signed(&u_bytes), &[&signed(&s.to_be_bytes())]);
        hmac(&prk, &[b"Caldera Derived Key", &[1]]).first_chunk().copied()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(..)")
    }
}

/// Returns minimal big-endian bytes, with a leading zero if the first bit is set: Java's `BigInteger.toByteArray`.
fn signed(big_endian: &(impl AsRef<[u8]> + ?Sized)) -> Vec<u8> {
    let bytes = big_endian.as_ref();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let minimal = bytes.get(first..).unwrap_or_default();
    let mut signed = Vec::with_capacity(minimal.len() + 1);
    if minimal.first().is_none_or(|byte| byte & 0x80 != 0) {
        signed.push(0);
    }
    signed.extend_from_slice(minimal);
    signed
}

/// Formats a number like the clients: lower case, no leading zero.
fn hex(big_endian: &(impl AsRef<[u8]> + ?Sized)) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = big_endian.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .skip_while(|nibble| *nibble == 0)
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)).copied().map(char::from))
        .collect()
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

mod record;

#[cfg(test)]
pub(crate) mod client;
#[cfg(test)]
mod tests;
