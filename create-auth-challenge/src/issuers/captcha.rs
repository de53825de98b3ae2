//! Asks for the letters in a picture.

mod render;
mod store;

use std::collections::BTreeMap;

use async_trait::async_trait;
use rand::CryptoRng;
use rand::seq::IndexedRandom;
use shared::challenges::captcha::ANSWER;
pub use shared::challenges::captcha::NAME;
use shared::lambda::{ConfigError, Environment};

use super::{IssueError, Issuer, Question, Request};
use store::Store;

/// The letters and digits that people do not take for one another.
pub const ALPHABET: &str = "ACEHKLMPTUWY235";

/// How many letters a picture has.
pub const LENGTH: usize = 5;

/// Makes the issuer from what says where pictures go: `CAPTCHA_BUCKET`, `AUTH_SESSION_MINUTES` and what the AWS SDK
/// needs.
///
/// # Errors
///
/// A variable that is missing or cannot be.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    Ok(Box::new(Captcha {
        store: Store::configure(environment)?,
    }))
}

struct Captcha {
    store: Store,
}

#[async_trait]
impl Issuer for Captcha {
    async fn issue(&self, _: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Question, IssueError> {
        let answer = letters(rng);
        let picture = render::render(&answer, rng).ok_or(IssueError::Picture)?;
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let url = self.store.publish(u128::from_be_bytes(id), picture).await;
        Ok(Question {
            public: BTreeMap::from([("captchaUrl", url)]),
            private: BTreeMap::from([(ANSWER, answer)]),
        })
    }
}

/// Random letters, each as likely as any other.
fn letters(mut rng: &mut (dyn CryptoRng + Send)) -> String {
    let alphabet: Vec<char> = ALPHABET.chars().collect();
    (0..LENGTH).filter_map(|_| alphabet.choose(&mut rng)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn letters_are_of_the_alphabet_and_do_not_repeat_themselves() {
        let mut rng = StdRng::seed_from_u64(1);
        let drawn: HashSet<_> = (0..1000).map(|_| letters(&mut rng)).collect();
        assert!(drawn.len() > 990);
        assert!(
            drawn
                .iter()
                .all(|l| l.len() == LENGTH && l.chars().all(|c| ALPHABET.contains(c)))
        );
    }
}
