//! Asks for a key that takes a computer about a second to find: a PBKDF2 puzzle in the format of ALTCHA, version 2.
//!
//! A browser computes PBKDF2 as fast as a program does (Web Cryptography API), so a bot gains little by native code;
//! graphics cards do gain. Each try derives a key from a nonce and a counter; the one whose key starts with the given
//! half is the answer. The key is drawn here and compared by verify, so that neither searches.

use std::num::ParseIntError;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use cognito_challenge::challenges::proof_of_work::DERIVED_KEY;
pub use cognito_challenge::challenges::proof_of_work::NAME;
use cognito_challenge::hex;
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::session::SessionMinutes;
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::{CryptoRng, RngExt};
use sha2::Sha256;

/// PBKDF2 iterations of one try.
const COST: u32 = 5_000;

/// Tries before the counter can be found, where `PROOF_OF_WORK_TRIES` does not say: about a second on a phone.
const DEFAULT_TRIES: Tries = Tries(200);

/// How often the work can double.
const MOST_DOUBLINGS: u8 = 4;

/// Makes the issuer from `PROOF_OF_WORK_TRIES` and `AUTH_SESSION_MINUTES`.
///
/// # Errors
///
/// A variable that is missing or cannot be.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    let tries = environment
        .optional("PROOF_OF_WORK_TRIES", Tries::parse)?
        .unwrap_or(DEFAULT_TRIES);
    Ok(Box::new(ProofOfWorkIssuer {
        tries,
        session: environment.required("AUTH_SESSION_MINUTES", str::parse)?,
    }))
}

struct ProofOfWorkIssuer {
    tries: Tries,
    session: SessionMinutes,
}

/// The least number of tries; the most is one less than twice as many.
#[derive(Clone, Copy)]
struct Tries(u32);

impl Tries {
    const MOST: u32 = 100_000;

    fn parse(tries: &str) -> Result<Self, String> {
        match tries.parse().map_err(|error: ParseIntError| error.to_string()) {
            Ok(tries @ 1..=Self::MOST) => Ok(Self(tries)),
            _ => Err(format!(
                "write a number of tries from 1 to {}, such as `{}`",
                Self::MOST,
                DEFAULT_TRIES.0
            )),
        }
    }

    /// Twice as many for each wrong answer.
    fn after(self, wrong: u8) -> u32 {
        self.0 << wrong.min(MOST_DOUBLINGS)
    }
}

#[async_trait]
impl Issuer for ProofOfWorkIssuer {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let least = self.tries.after(request.wrong);
        let (nonce, salt): ([u8; 16], [u8; 16]) = (rng.random(), rng.random());
        let counter = rng.random_range(least..2 * least);
        let key = hex::encode(&derive(nonce, counter, salt));
        let (prefix, _) = key.split_at(key.len() / 2);
        let expires = request.now.duration_since(UNIX_EPOCH).unwrap_or_default() + self.session.duration();
        let challenge = serde_json::json!({ "parameters": {
            "algorithm": "PBKDF2/SHA-256",
            "cost": COST,
            "expiresAt": expires.as_secs(),
            "keyLength": 32,
            "keyPrefix": prefix,
            "nonce": hex::encode(&nonce),
            "salt": hex::encode(&salt),
        }});
        Ok(Issued::new()
            .public("proofOfWork", challenge.to_string())
            .public("mostTries", (2 * least).to_string())
            .private(DERIVED_KEY, key))
    }
}

/// The key of one try.
fn derive(nonce: [u8; 16], counter: u32, salt: [u8; 16]) -> [u8; 32] {
    let mut password = [0; 20];
    let (front, back) = password.split_at_mut(nonce.len());
    front.copy_from_slice(&nonce);
    back.copy_from_slice(&counter.to_be_bytes());
    pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(&password, &salt, COST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_tries_that_cannot_be_stops_the_function() {
        for tries in ["0", "-1", "100001", "9223372036854775808", "", "many"] {
            assert!(Tries::parse(tries).is_err(), "{tries}");
        }
        assert!(Tries::parse("1").is_ok() && Tries::parse("100000").is_ok());
    }

    #[test]
    fn each_wrong_answer_doubles_the_work_up_to_a_limit() {
        let tries = Tries(100);
        assert_eq!(
            [0, 1, 2, 4, 5, 255].map(|wrong| tries.after(wrong)),
            [100, 200, 400, 1600, 1600, 1600]
        );
        assert!(Tries(Tries::MOST).after(255).checked_mul(2).is_some());
    }

    #[test]
    fn keys_are_those_of_pbkdf2() {
        // Python: hashlib.pbkdf2_hmac("sha256", bytes(range(16)) + (7).to_bytes(4, "big"), bytes(16), 5000).hex()
        let nonce = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        assert_eq!(
            hex::encode(&derive(nonce, 7, [0; 16])),
            "9d8ece1634cd7e4992deef3d47fb37dc1e47d0b47448ef652658784f87cd0de5"
        );
    }
}
