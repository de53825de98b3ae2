//! How an answer to a security question is normalised, hashed and compared.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, AssociatedData, Block, Params, ParamsBuilder, Version};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use crate::keys::{Key, KeyId, Keys};
use crate::verify::{MAX_ANSWER_CHARS, Verdict, Why};

/// Memory in KiB, passes and lanes: OWASP's Password Storage Cheat Sheet, Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The largest costs that a stored hash may have. All costs that OWASP's cheat sheet recommends are within them.
///
/// Verify gives a check two seconds, but cannot interrupt Argon2. With the memory that `template.yaml` gives verify,
/// 512 MB, these costs take about one second (`docs/performance.md`: 0.14 s for 46 MiB and one pass).
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 5;
const MAX_LANES: u32 = 4;

/// Rules by which spellings of an answer are one. A hash keeps their version, as Argon2's associated data (`data=` in
/// the PHC string), and is compared by them for ever: what was released never changes, other rules are another version.
#[derive(Clone, Copy)]
struct Normalisation {
    version: u8,
    apply: fn(&str) -> String,
}

const VERSION_1: Normalisation = Normalisation {
    version: 1,
    apply: version_1,
};

/// Every version that enrolments may have.
const KNOWN: &[Normalisation] = &[VERSION_1];

/// The one of new hashes.
const NEWEST: Normalisation = VERSION_1;

/// What [`AnswerHash::verify`] works in, kept for the next time. Asked for anew each time, 19 MiB come without their
/// pages, and go back to an allocator that does not always find them again.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// The Argon2id hash of an answer, keyed with a secret of the deployment, whose id it has (`keyid=` in the PHC string).
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerHash(PasswordHash);

impl AnswerHash {
    /// Hashes `answer` under the current key, after normalising it.
    ///
    /// # Errors
    ///
    /// An answer of nothing but blanks, and one of more than [`MAX_ANSWER_CHARS`] characters before normalising, which
    /// verify does not read.
    pub fn new(answer: &str, keys: &Keys, salt: [u8; 16]) -> Result<Self, HashError> {
        Self::normalised(NEWEST, answer, keys, salt)
    }

    fn normalised(by: Normalisation, answer: &str, keys: &Keys, salt: [u8; 16]) -> Result<Self, HashError> {
        if answer.chars().nth(MAX_ANSWER_CHARS).is_some() {
            return Err(HashError::TooLong);
        }
        let answer = (by.apply)(answer);
        if answer.is_empty() {
            return Err(HashError::Blank);
        }
        let key = keys.current();
        let pepper = pepper(key);
        let argon2 = argon2(&pepper, parameters(by, key.id())?)?;
        Ok(Self(
            argon2
                .hash_password_with_salt(answer.as_bytes(), &salt)
                .map_err(|_| HashError::Argon2)?,
        ))
    }

    /// What looks like a hash, costs the same to check, and matches no answer: for users who have enrolled
    /// nothing, or do not exist. `key` is the id of the current key, as new hashes have it; `output` must be random.
    ///
    /// # Errors
    ///
    /// None that the parameters of this module can cause.
    pub fn decoy(key: KeyId, salt: [u8; 16], output: [u8; 32]) -> Result<Self, HashError> {
        Ok(Self(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&parameters(NEWEST, key)?).map_err(|_| HashError::Argon2)?,
            salt: Some(Salt::new(&salt).map_err(|_| HashError::Argon2)?),
            hash: Some(Output::new(&output).map_err(|_| HashError::Argon2)?),
        }))
    }

    /// Reads an Argon2id hash in the PHC string format with a salt, an output, a normalisation known here, and costs
    /// that verify has the time and the memory for.
    pub fn parse(phc: &str) -> Option<Self> {
        let hash = PasswordHash::new(phc).ok()?;
        let complete = hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && hash.salt.is_some()
            && hash.hash.is_some();
        let parameters = Params::try_from(&hash).ok()?;
        let affordable = parameters.m_cost() <= MAX_MEMORY_KIB
            && parameters.t_cost() <= MAX_PASSES
            && parameters.p_cost() <= MAX_LANES;
        let hash = Self(hash);
        (complete && affordable && hash.normalisation(KNOWN).is_some()).then_some(hash)
    }

    /// The one of `known` that the answer was hashed with.
    fn normalisation(&self, known: &[Normalisation]) -> Option<Normalisation> {
        let parameters = Params::try_from(&self.0).ok()?;
        known.iter().copied().find(|by| parameters.data() == [by.version])
    }

    /// The id of the key that the answer was hashed under; nothing if no key can have it.
    ///
    /// A hash without a key id is of the time before the first change of the secret: its key is the deployment's first one.
    pub fn key_id(&self, keys: &Keys) -> Option<KeyId> {
        let parameters = Params::try_from(&self.0).ok()?;
        match parameters.keyid() {
            [] => Some(keys.first().id()),
            id => Some(KeyId::new(id.try_into().ok()?)),
        }
    }

    /// The key of `keys` that the answer was hashed under; nothing if it is gone.
    pub fn key<'k>(&self, keys: &'k Keys) -> Option<&'k Key> {
        let id = self.key_id(keys)?;
        keys.each().find(|key| key.id() == id)
    }

    /// Compares `answer` with the one that was hashed, in constant time.
    ///
    /// If the key is gone, the current one does the same work, and no answer is right.
    pub fn verify(&self, answer: &str, keys: &Keys) -> Verdict {
        self.verify_among(KNOWN, answer, keys)
    }

    fn verify_among(&self, known: &[Normalisation], answer: &str, keys: &Keys) -> Verdict {
        let key = self.key(keys);
        let pepper = pepper(key.unwrap_or(keys.current()));
        let normalise = self.normalisation(known).map(|by| by.apply);
        let same = normalise.and_then(|normalise| self.compare(&normalise(answer), &pepper));
        match key {
            Some(_) => Verdict::of(same.unwrap_or(false)),
            None => Verdict::Wrong(Why::KeyGone),
        }
    }

    fn compare(&self, answer: &str, pepper: &[u8]) -> Option<bool> {
        let (salt, expected) = (self.0.salt?, self.0.hash?);
        // The cost comes from the stored hash, so that old enrolments outlive a change of cost.
        let parameters = Params::try_from(&self.0).ok()?;
        let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
        memory.resize(parameters.block_count(), Block::new());
        let mut output = vec![0; expected.len()];
        argon2(pepper, parameters)
            .ok()?
            .hash_password_into_with_memory(answer.as_bytes(), &salt, &mut output, memory.as_mut_slice())
            .ok()?;
        Some(output.ct_eq(expected.as_bytes()).into())
    }
}

impl fmt::Display for AnswerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for AnswerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerHash(…)")
    }
}

/// Why an answer could not be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Argon2 refused its parameters.
    #[error("the answer could not be hashed")]
    Argon2,
    /// The answer is nothing but blanks.
    #[error("the answer is empty")]
    Blank,
    /// The answer has more than [`MAX_ANSWER_CHARS`] characters.
    #[error("the answer is too long: give at most {MAX_ANSWER_CHARS} characters")]
    TooLong,
}

/// `answer` as a new hash would have it.
pub(super) fn normalise(answer: &str) -> String {
    (NEWEST.apply)(answer)
}

/// NFKC, case folded, without leading and trailing blanks, inner blanks collapsed to one space.
///
/// Folding goes to lower case, up and down again, each letter by itself: that joins `ẞ`, `ß` and `ss`, `ς` and `σ`.
fn version_1(answer: &str) -> String {
    let lower = answer.nfkc().flat_map(char::to_lowercase);
    let folded: String = lower
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkc()
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parameters(by: Normalisation, key: KeyId) -> Result<Params, HashError> {
    let normalisation = AssociatedData::new(&[by.version]).map_err(|_| HashError::Argon2)?;
    let key_id = argon2::KeyId::new(key.as_bytes()).map_err(|_| HashError::Argon2)?;
    ParamsBuilder::new()
        .m_cost(MEMORY_KIB)
        .t_cost(PASSES)
        .p_cost(LANES)
        .keyid(key_id)
        .data(normalisation)
        .build()
        .map_err(|_| HashError::Argon2)
}

fn pepper(key: &Key) -> [u8; 32] {
    key.derive("security question: answer hash")
}

fn argon2(pepper: &[u8], parameters: Params) -> Result<Argon2<'_>, HashError> {
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, parameters).map_err(|_| HashError::Argon2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(letter: &str) -> Keys {
        Keys::parse(&letter.repeat(32)).unwrap()
    }

    fn is_right(verdict: Verdict) -> bool {
        verdict == Verdict::Right
    }

    #[test]
    fn spellings_of_one_answer_are_one() {
        for (left, right) in [
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁn", "FIN"),
            ("e\u{301}", "É"),
            (" a \u{a0}\t b ", "A B"),
            ("İ", "i̇"),
        ] {
            assert_eq!(normalise(left), normalise(right), "{left} {right}");
        }
        assert_ne!(normalise("résumé"), normalise("resume"));
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for answer in ["Straße", "ΣΊΣΥΦΟΣ", "ﬁn", "ǰ", "ŉ", "\u{345}α", "ẞ", " x  y "] {
            let once = normalise(answer);
            assert_eq!(normalise(&once), once, "{answer}");
        }
    }

    #[test]
    fn the_hash_says_its_cost_its_key_and_its_normalisation() {
        let hash = AnswerHash::new("peccy", &keys("k"), [7; 16]).unwrap().to_string();
        let start = format!(
            "$argon2id$v=19$m=19456,t=2,p=1,keyid={},data=AQ$",
            keys("k").current().id()
        );
        assert!(hash.starts_with(&start), "{hash}");
        assert!(AnswerHash::parse(&hash.replace("data=AQ", "data=Ag")).is_none());
        assert!(AnswerHash::parse(&hash.replace("argon2id", "argon2i")).is_none());
    }

    /// "ms ada lovelace", hashed by the reference implementation in C, which has no part in this.
    const OF_VERSION_1: &str = "$argon2id$v=19$m=19456,t=2,p=1,data=AQ$\
        BwcHBwcHBwcHBwcHBwcHBw$zSxkCNFthLYKdcOS2coIKrzJK0+4WBYC5vBUv1sMI8Q";

    #[test]
    fn what_version_1_has_hashed_is_right_for_ever() {
        let hash = AnswerHash::parse(OF_VERSION_1).unwrap();
        for answer in ["Ms Ada Lovelace", " ms\tADA lovelace", "ＭＳ Ada Lovelace"] {
            assert!(is_right(hash.verify(answer, &keys("k"))), "{answer}");
        }
        assert!(!is_right(hash.verify("MsAdaLovelace", &keys("k"))));
    }

    #[test]
    fn an_answer_is_compared_by_the_rules_that_it_was_enrolled_by() {
        const VERSION_2: Normalisation = Normalisation {
            version: 2,
            apply: |answer| version_1(answer).replace(' ', ""),
        };
        let later = [VERSION_1, VERSION_2];
        let old = AnswerHash::parse(OF_VERSION_1).unwrap();
        assert!(is_right(old.verify_among(&later, "Ms Ada Lovelace", &keys("k"))));
        assert!(!is_right(old.verify_among(&later, "MsAdaLovelace", &keys("k"))));
        let new = AnswerHash::normalised(VERSION_2, "Ms Ada Lovelace", &keys("k"), [7; 16]).unwrap();
        assert!(is_right(new.verify_among(&later, "MsAdaLovelace", &keys("k"))));
        assert!(
            !is_right(new.verify("MsAdaLovelace", &keys("k"))),
            "a version that is not known"
        );
    }

    /// `CHALLENGE_SECRET` with the secrets of these letters.
    fn changing(current: &str, other: Option<(&str, &str)>, first: &str) -> Keys {
        let mut members = vec![("current", current), ("first", first)];
        members.extend(other);
        let members = members
            .iter()
            .map(|(name, letter)| format!("\"{name}\":\"{}\"", letter.repeat(32)));
        Keys::parse(&format!("{{{}}}", members.collect::<Vec<_>>().join(","))).unwrap()
    }

    #[test]
    fn a_hash_verifies_while_its_secret_is_there_and_at_no_other_time() {
        let right = Verdict::Right;
        let gone = Verdict::Wrong(Why::KeyGone);
        let of = |keys: &Keys| AnswerHash::new("peccy", keys, [7; 16]).unwrap();
        let hash = of(&keys("k"));
        for (keys, verdict) in [
            (keys("k"), right),
            (changing("k", Some(("next", "n")), "k"), right),
            (changing("n", Some(("previous", "k")), "k"), right),
            (changing("n", None, "k"), gone),
            (changing("m", Some(("previous", "n")), "k"), gone),
            (keys("x"), gone),
        ] {
            assert_eq!(hash.verify("peccy", &keys), verdict);
            let wrong = hash.verify("pecc", &keys);
            assert_eq!(wrong == gone, verdict == gone);
            assert!(!is_right(wrong));
        }
        for keys in [
            changing("n", Some(("previous", "k")), "k"),
            changing("n", Some(("next", "m")), "k"),
        ] {
            let new = of(&keys);
            assert_eq!(new.key(&keys).unwrap().id(), keys.current().id());
            assert!(is_right(new.verify("peccy", &changing("n", None, "k"))));
        }
    }

    #[test]
    fn a_hash_without_a_key_id_is_of_the_first_secret() {
        let hash = AnswerHash::parse(OF_VERSION_1).unwrap();
        for keys in [
            keys("k"),
            changing("k", Some(("next", "n")), "k"),
            changing("n", Some(("previous", "k")), "k"),
        ] {
            assert!(is_right(hash.verify("Ms Ada Lovelace", &keys)));
        }
        for keys in [changing("n", None, "k"), changing("m", Some(("previous", "n")), "k")] {
            let verdict = hash.verify("Ms Ada Lovelace", &keys);
            assert_eq!(verdict, Verdict::Wrong(Why::KeyGone));
        }
    }

    #[test]
    fn a_key_id_that_is_not_one_of_ours_is_of_no_key() {
        let hash = AnswerHash::new("peccy", &keys("k"), [7; 16]).unwrap().to_string();
        let id = keys("k").current().id().to_string();
        for other in ["AAAAAAAA", "AAAA", "AAAAAAAAAAA"] {
            let hash = AnswerHash::parse(&hash.replace(&id, other)).unwrap();
            assert_eq!(hash.verify("peccy", &keys("k")), Verdict::Wrong(Why::KeyGone));
        }
    }

    #[test]
    fn a_stored_hash_that_costs_too_much_is_unreadable() {
        for (stored, readable) in [
            ("m=65536,t=5,p=4", true),
            ("m=65537,t=2,p=1", false),
            ("m=19456,t=6,p=1", false),
            ("m=19456,t=2,p=5", false),
            ("m=4294967295,t=1,p=1", false),
            ("m=19456,t=4294967295,p=1", false),
            ("m=134217728,t=2,p=16777215", false),
        ] {
            let hash = OF_VERSION_1.replace("m=19456,t=2,p=1", stored);
            assert_eq!(AnswerHash::parse(&hash).is_some(), readable, "{stored}");
        }
    }

    #[test]
    fn every_cost_that_owasp_recommends_is_readable() {
        for stored in ["m=47104,t=1", "m=19456,t=2", "m=12288,t=3", "m=9216,t=4", "m=7168,t=5"] {
            let hash = OF_VERSION_1.replace("m=19456,t=2", stored);
            assert!(AnswerHash::parse(&hash).is_some(), "{stored}");
        }
    }

    #[test]
    fn no_answer_is_hashed_that_verify_would_not_read() {
        for letter in ["x", "ß", "ﷺ"] {
            let longest = letter.repeat(MAX_ANSWER_CHARS);
            let hash = AnswerHash::new(&longest, &keys("k"), [7; 16]).unwrap();
            assert!(is_right(hash.verify(&longest, &keys("k"))), "{letter}");
            // Blanks count too: verify measures an answer as it was typed.
            for longer in [longest.clone() + letter, longest + " "] {
                assert_eq!(
                    AnswerHash::new(&longer, &keys("k"), [7; 16]).unwrap_err(),
                    HashError::TooLong
                );
            }
        }
    }

    #[test]
    fn debug_prints_no_hash() {
        assert_eq!(
            format!("{:?}", AnswerHash::new("peccy", &keys("k"), [7; 16]).unwrap()),
            "AnswerHash(…)"
        );
    }
}
