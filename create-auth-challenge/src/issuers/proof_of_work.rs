//! Asks for a key that a computer must search for: a PBKDF2 puzzle in the format of ALTCHA, version 2.
//!
//! Each try derives a key from a nonce and a counter. The answer is the key that starts with the given half. Create
//! derives the key from a random counter and verify compares it, so neither of them searches.
//!
//! A browser computes PBKDF2 as fast as a native program does (Web Cryptography API), so native code gives a bot little
//! advantage. Graphics cards do.

use std::num::ParseIntError;
use std::ops::Range;
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

/// The number of PBKDF2 iterations per try.
const COST: u32 = 5_000;

/// The average number of tries if `PROOF_OF_WORK_TRIES` is not set.
const DEFAULT_TRIES: Tries = Tries(200);

/// The maximum number of times that the work doubles.
const MOST_DOUBLINGS: u8 = 4;

/// Creates the issuer from `PROOF_OF_WORK_TRIES` and `AUTH_SESSION_MINUTES`.
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
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

/// The average number of tries to solve a puzzle. The maximum is twice the average.
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

    /// Doubles the number of tries for each wrong answer.
    fn after(self, wrong: u8) -> Self {
        Self(self.0 << wrong.min(MOST_DOUBLINGS))
    }

    /// Returns the range from which the counter of a puzzle is drawn.
    ///
    /// It starts at 0, as solvers do. Each counter has equal probability. So every order of trying needs `self` + 1/2
    /// tries on average, and requesting a new puzzle early does not reduce the work.
    fn counters(self) -> Range<u32> {
        0..2 * self.0
    }
}

#[async_trait]
impl Issuer for ProofOfWorkIssuer {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let counters = self.tries.after(request.wrong).counters();
        let most_tries = counters.end;
        let puzzle = Puzzle::draw(counters, rng);
        let key = hex::encode(&derive(puzzle.nonce, puzzle.counter, puzzle.salt));
        let (prefix, _) = key.split_at(key.len() / 2);
        let expires = request.now.duration_since(UNIX_EPOCH).unwrap_or_default() + self.session.duration();
        let challenge = serde_json::json!({ "parameters": {
            "algorithm": "PBKDF2/SHA-256",
            "cost": COST,
            "expiresAt": expires.as_secs(),
            "keyLength": 32,
            "keyPrefix": prefix,
            "nonce": hex::encode(&puzzle.nonce),
            "salt": hex::encode(&puzzle.salt),
        }});
        Ok(Issued::new()
            .public("proofOfWork", challenge.to_string())
            .public("mostTries", most_tries.to_string())
            .private(DERIVED_KEY, key))
    }
}

/// The random parts of a puzzle. The counter is the solution.
struct Puzzle {
    nonce: [u8; 16],
    salt: [u8; 16],
    counter: u32,
}

impl Puzzle {
    /// Draws a puzzle. Each counter in `counters` has equal probability.
    fn draw(counters: Range<u32>, rng: &mut (dyn CryptoRng + Send)) -> Self {
        Self {
            nonce: rng.random(),
            salt: rng.random(),
            counter: rng.random_range(counters),
        }
    }
}

/// Returns the key of one try.
fn derive(nonce: [u8; 16], counter: u32, salt: [u8; 16]) -> [u8; 32] {
    let mut password = [0; 20];
    let (front, back) = password.split_at_mut(nonce.len());
    front.copy_from_slice(&nonce);
    back.copy_from_slice(&counter.to_be_bytes());
    pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(&password, &salt, COST)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::iter::once;

    use cognito_challenge::keys::Keys;
    use cognito_challenge::texts::Texts;
    use cognito_challenge::user::{Existence, User};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn an_invalid_number_of_tries_stops_the_function() {
        for tries in ["0", "-1", "100001", "9223372036854775808", "", "many"] {
            assert!(Tries::parse(tries).is_err(), "{tries}");
        }
        assert!(Tries::parse("1").is_ok() && Tries::parse("100000").is_ok());
    }

    #[test]
    fn each_wrong_answer_doubles_the_work_up_to_a_limit() {
        let tries = Tries(100);
        assert_eq!(
            [0, 1, 2, 4, 5, 255].map(|wrong| tries.after(wrong).0),
            [100, 200, 400, 1600, 1600, 1600]
        );
        assert!(Tries(Tries::MOST).after(255).0.checked_mul(2).is_some());
    }

    #[test]
    fn no_strategy_needs_less_work_than_trying_every_counter_from_0() {
        for tries in (1..=20).chain(once(DEFAULT_TRIES.0)) {
            let works = works(&Tries(tries).counters());
            let cheapest = works
                .into_iter()
                .min_by(|a, b| (a.tried * b.solved).cmp(&(b.tried * a.solved)));
            let Work {
                start,
                stop,
                tried,
                solved,
            } = cheapest.unwrap();
            assert_eq!(
                2 * tried,
                (2 * u64::from(tries) + 1) * solved,
                "expected {tries} + 1/2 tries on average, found {tried} / {solved} from {start} on, stopping after {stop}"
            );
        }
    }

    /// The cost of a strategy.
    ///
    /// The strategy tries the counters from `start` on, continues at 0 after the highest one, and requests a new puzzle
    /// after `stop` tries. Over all puzzles, one for each counter, it needs `tried` tries and solves `solved` puzzles.
    /// A solved puzzle costs `tried / solved` tries on average.
    struct Work {
        start: u32,
        stop: u64,
        tried: u64,
        solved: u64,
    }

    /// Returns the cost of each strategy that can solve a puzzle.
    fn works(counters: &Range<u32>) -> Vec<Work> {
        let mut works = Vec::new();
        for start in 0..counters.end {
            let (mut tried, mut solved) = (0, 0);
            for (counter, stop) in (start..counters.end).chain(0..start).zip(1..) {
                tried += counters.len() as u64 - solved;
                solved += u64::from(counters.contains(&counter));
                if solved > 0 {
                    works.push(Work {
                        start,
                        stop,
                        tried,
                        solved,
                    });
                }
            }
        }
        works
    }

    #[test]
    fn all_counters_are_drawn_equally_often() {
        const DRAWS: u32 = 10_000;
        for (tries, parts) in [(1, 2), (4, 8), (DEFAULT_TRIES.0, 16)] {
            let width = 2 * tries / parts;
            let mut drawn = vec![0_u32; parts as usize];
            for seed in 0..DRAWS {
                let puzzle = Puzzle::draw(Tries(tries).counters(), &mut StdRng::seed_from_u64(seed.into()));
                drawn[(puzzle.counter / width) as usize] += 1;
            }
            // Hoeffding: P(|drawn - DRAWS / parts| >= distance) <= 2 exp(-2 distance² / DRAWS). With this distance, the
            // probability for all parts together is below 1e-9.
            let distance = (f64::from(DRAWS) / 2.0 * (2e9 * f64::from(parts)).ln()).sqrt();
            let expected = f64::from(DRAWS) / f64::from(parts);
            assert!(distance < expected, "the test can detect a part that is never drawn");
            for count in &drawn {
                assert!(
                    (f64::from(*count) - expected).abs() < distance,
                    "{tries} tries: {drawn:?}, expected {expected} ± {distance}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_puzzle_is_solved_within_the_maximum_number_of_tries() {
        let (keys, texts) = (Keys::parse(&"secret".repeat(6)).unwrap(), Texts::default());
        let issuer = ProofOfWorkIssuer {
            tries: Tries(1),
            session: "3".parse().unwrap(),
        };
        let attributes = HashMap::new();
        let user = User::new("pool", "ada", Existence::Existing, &attributes);
        let mut request = Request::new(user, &keys, &texts, UNIX_EPOCH);
        for (wrong, most) in [(0, 2), (1, 4)] {
            request.wrong = wrong;
            let mut found = vec![0; most as usize];
            for seed in 0..24 {
                let asked = issuer.issue(&request, &mut StdRng::seed_from_u64(seed)).await.unwrap();
                assert_eq!(asked.public["mostTries"], most.to_string());
                let challenge: serde_json::Value = serde_json::from_str(&asked.public["proofOfWork"]).unwrap();
                let [nonce, salt] = ["nonce", "salt"].map(|name| {
                    let digits = challenge["parameters"][name].as_str().unwrap();
                    u128::from_str_radix(digits, 16).unwrap().to_be_bytes()
                });
                let key = &asked.private[DERIVED_KEY];
                // A shorter part of the key would accept wrong counters. The whole key would be the answer.
                assert_eq!(challenge["parameters"]["keyPrefix"], key[..32]);
                let solution = (0..most).find(|&counter| hex::encode(&derive(nonce, counter, salt)) == *key);
                found[solution.unwrap() as usize] += 1;
            }
            assert!(!found.contains(&0), "{found:?}");
        }
    }

    #[test]
    fn keys_are_derived_with_pbkdf2() {
        // Python: hashlib.pbkdf2_hmac("sha256", bytes(range(16)) + (7).to_bytes(4, "big"), bytes(16), 5000).hex()
        let nonce = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        assert_eq!(
            hex::encode(&derive(nonce, 7, [0; 16])),
            "9d8ece1634cd7e4992deef3d47fb37dc1e47d0b47448ef652658784f87cd0de5"
        );
    }
}
