//! Normalizes, hashes and compares the answers to security questions.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, AssociatedData, Block, Params, ParamsBuilder, Version};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use crate::keys::{Key, KeyId, Keys};
use crate::verify::{MAX_ANSWER_CHARS, Verdict, Why};

/// Memory in KiB, passes and lanes. Source: OWASP's Password Storage Cheat Sheet, Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The highest cost that a stored hash may have. It covers every cost that OWASP's cheat sheet recommends.
///
/// Verify allows two seconds for a check, but cannot interrupt Argon2. With the 512 MB that `template.yaml` gives
/// verify, this cost takes about one second (`docs/performance.md`: 0.14 s for 46 MiB and one pass).
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 5;
const MAX_LANES: u32 = 4;

/// Rules that map the variants of an answer to one text.
///
/// A hash stores the version of its rules as Argon2's associated data (`data=` in the PHC string). The answer is always
/// compared by that version. Never change a released version; add a new one.
#[derive(Clone, Copy)]
struct Normalisation {
    version: u8,
    apply: fn(&str) -> String,
}

const VERSION_1: Normalisation = Normalisation {
    version: 1,
    apply: version_1,
};

/// Every version that an enrollment can have.
const KNOWN: &[Normalisation] = &[VERSION_1];

/// The version for new hashes.
const NEWEST: Normalisation = VERSION_1;

/// The working memory of [`AnswerHash::verify`], kept between calls.
///
/// A new allocation of 19 MiB in each call would cause page faults, and the allocator does not always reuse the freed
/// memory.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// The Argon2id hash of an answer, keyed with a secret of the deployment. The PHC string has the secret's id
/// (`keyid=`).
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerHash(PasswordHash);

impl AnswerHash {
    /// Normalizes `answer` and hashes it with the current key.
    ///
    /// # Errors
    ///
    /// Returns an error if the answer is empty or only whitespace, or has more than [`MAX_ANSWER_CHARS`] characters
    /// before normalizing: verify rejects longer answers.
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

    /// Returns a decoy: a hash that costs the same to check as a real one, and that no answer matches.
    ///
    /// It is for nonexistent users and for users without an enrollment. `key` is the id of the current key, as in new
    /// hashes. `output` must be random.
    ///
    /// # Errors
    ///
    /// Returns an error only if Argon2 rejects the fixed parameters of this module.
    pub fn decoy(key: KeyId, salt: [u8; 16], output: [u8; 32]) -> Result<Self, HashError> {
        Ok(Self(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&parameters(NEWEST, key)?).map_err(|_| HashError::Argon2)?,
            salt: Some(Salt::new(&salt).map_err(|_| HashError::Argon2)?),
            hash: Some(Output::new(&output).map_err(|_| HashError::Argon2)?),
        }))
    }

    /// Reads an Argon2id hash in the PHC string format.
    ///
    /// Returns `None` unless the hash has a salt, an output, a known normalization, and a cost within verify's time and
    /// memory.
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

    /// Returns the rules in `known` that the answer was normalized by.
    fn normalisation(&self, known: &[Normalisation]) -> Option<Normalisation> {
        let parameters = Params::try_from(&self.0).ok()?;
        known.iter().copied().find(|by| parameters.data() == [by.version])
    }

    /// Returns the id of the key that the answer was hashed with, or `None` if the id is malformed.
    ///
    /// A hash without a key id was made before the first rotation of the secret: its key is the deployment's first key.
    pub fn key_id(&self, keys: &Keys) -> Option<KeyId> {
        let parameters = Params::try_from(&self.0).ok()?;
        match parameters.keyid() {
            [] => Some(keys.first().id()),
            id => Some(KeyId::new(id.try_into().ok()?)),
        }
    }

    /// Returns the key in `keys` that the answer was hashed with, or `None` if it was removed.
    pub fn key<'k>(&self, keys: &'k Keys) -> Option<&'k Key> {
        let id = self.key_id(keys)?;
        keys.each().find(|key| key.id() == id)
    }

    /// Compares `answer` with the hashed answer, in constant time.
    ///
    /// If the hash's key was removed, the function does the same work with the current key and returns `Wrong`.
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
        // The stored hash determines the cost, so that old enrollments stay valid if the cost for new hashes changes.
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

/// The reason why an answer cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Argon2 rejected its parameters.
    #[error("the answer could not be hashed")]
    Argon2,
    /// The answer is empty or only whitespace.
    #[error("the answer is empty")]
    Blank,
    /// The answer has more than [`MAX_ANSWER_CHARS`] characters.
    #[error("the answer is too long: give at most {MAX_ANSWER_CHARS} characters")]
    TooLong,
}

/// Returns `answer` normalized by the newest rules.
pub(super) fn normalise(answer: &str) -> String {
    (NEWEST.apply)(answer)
}

/// Applies NFKC and case folding, trims whitespace at both ends, and collapses inner whitespace to one space.
///
/// Case folding converts each letter to lower, upper and again to lower case. This maps `ẞ`, `ß` and `ss` to one text,
/// and `ς` and `σ`.
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
    fn variants_of_an_answer_are_normalized_to_one_text() {
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
    fn the_hash_contains_its_cost_key_id_and_normalization() {
        let hash = AnswerHash::new("peccy", &keys("k"), [7; 16]).unwrap().to_string();
        let start = format!(
            "$argon2id$v=19$m=19456,t=2,p=1,keyid={},data=AQ$",
            keys("k").current().id()
        );
        assert!(hash.starts_with(&start), "{hash}");
        assert!(AnswerHash::parse(&hash.replace("data=AQ", "data=Ag")).is_none());
        assert!(AnswerHash::parse(&hash.replace("argon2id", "argon2i")).is_none());
    }

    /// "ms ada lovelace", hashed by the reference implementation in C, which is independent of this code.
    const OF_VERSION_1: &str = "$argon2id$v=19$m=19456,t=2,p=1,data=AQ$\
        BwcHBwcHBwcHBwcHBwcHBw$zSxkCNFthLYKdcOS2coIKrzJK0+4WBYC5vBUv1sMI8Q";

    #[test]
    fn hashes_of_version_1_stay_valid() {
        let hash = AnswerHash::parse(OF_VERSION_1).unwrap();
        for answer in ["Ms Ada Lovelace", " ms\tADA lovelace", "ＭＳ Ada Lovelace"] {
            assert!(is_right(hash.verify(answer, &keys("k"))), "{answer}");
        }
        assert!(!is_right(hash.verify("MsAdaLovelace", &keys("k"))));
    }

    #[test]
    fn an_answer_is_compared_by_the_rules_of_its_enrollment() {
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
        assert!(!is_right(new.verify("MsAdaLovelace", &keys("k"))), "an unknown version");
    }

    /// Returns the keys for a JSON `CHALLENGE_SECRET` whose secrets repeat these letters.
    fn changing(current: &str, other: Option<(&str, &str)>, first: &str) -> Keys {
        let mut members = vec![("current", current), ("first", first)];
        members.extend(other);
        let members = members
            .iter()
            .map(|(name, letter)| format!("\"{name}\":\"{}\"", letter.repeat(32)));
        Keys::parse(&format!("{{{}}}", members.collect::<Vec<_>>().join(","))).unwrap()
    }

    #[test]
    fn a_hash_verifies_only_while_its_secret_is_configured() {
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
    fn a_hash_without_a_key_id_belongs_to_the_first_secret() {
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
    fn an_unknown_key_id_matches_no_key() {
        let hash = AnswerHash::new("peccy", &keys("k"), [7; 16]).unwrap().to_string();
        let id = keys("k").current().id().to_string();
        for other in ["AAAAAAAA", "AAAA", "AAAAAAAAAAA"] {
            let hash = AnswerHash::parse(&hash.replace(&id, other)).unwrap();
            assert_eq!(hash.verify("peccy", &keys("k")), Verdict::Wrong(Why::KeyGone));
        }
    }

    #[test]
    fn a_stored_hash_with_too_high_a_cost_is_rejected() {
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
    fn every_cost_that_owasp_recommends_is_accepted() {
        for stored in ["m=47104,t=1", "m=19456,t=2", "m=12288,t=3", "m=9216,t=4", "m=7168,t=5"] {
            let hash = OF_VERSION_1.replace("m=19456,t=2", stored);
            assert!(AnswerHash::parse(&hash).is_some(), "{stored}");
        }
    }

    #[test]
    fn an_answer_longer_than_verify_accepts_is_not_hashed() {
        for letter in ["x", "ß", "ﷺ"] {
            let longest = letter.repeat(MAX_ANSWER_CHARS);
            let hash = AnswerHash::new(&longest, &keys("k"), [7; 16]).unwrap();
            assert!(is_right(hash.verify(&longest, &keys("k"))), "{letter}");
            // Whitespace counts too: verify measures the answer that the client sent.
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
