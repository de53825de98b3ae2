//! Asks for the letters in a picture, or for digits that are spoken.

mod render;
mod sound;
mod store;

use std::collections::BTreeMap;

use async_trait::async_trait;
use rand::seq::IndexedRandom;
use rand::{CryptoRng, RngExt};
use shared::challenges::captcha::ANSWER;
pub use shared::challenges::captcha::NAME;
use shared::lambda::{ConfigError, Environment};

use super::{IssueError, Issuer, Question, Request};
use store::{Medium, Store};

/// The letters and digits that people do not take for one another.
pub const ALPHABET: &str = "ACEHKLMPTUWY235";

/// How many letters a picture has.
pub const LENGTH: usize = 5;

/// How many digits are spoken.
pub const DIGITS: usize = 6;

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
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Question, IssueError> {
        let (name, answer, medium) = if request.sound {
            let answer = draw(DECIMALS, DIGITS, rng);
            let sound = sound::speak(&answer, request.locale, rng).ok_or(IssueError::Sound)?;
            (
                "captchaAudioUrl",
                answer,
                Medium {
                    extension: "wav",
                    kind: "audio/wav",
                    bytes: sound,
                },
            )
        } else {
            let answer = draw(ALPHABET, LENGTH, rng);
            let picture = render::render(&answer, rng).ok_or(IssueError::Picture)?;
            (
                "captchaUrl",
                answer,
                Medium {
                    extension: "png",
                    kind: "image/png",
                    bytes: picture,
                },
            )
        };
        let url = self.store.publish(rng.random(), medium).await;
        Ok(Question {
            public: BTreeMap::from([(name, url)]),
            private: BTreeMap::from([(ANSWER, answer)]),
        })
    }
}

const DECIMALS: &str = "0123456789";

/// `length` characters of `alphabet`, each as likely as any other.
fn draw(alphabet: &str, length: usize, mut rng: &mut (dyn CryptoRng + Send)) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..length).filter_map(|_| alphabet.choose(&mut rng)).collect()
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
        let drawn: HashSet<_> = (0..1000).map(|_| draw(ALPHABET, LENGTH, &mut rng)).collect();
        assert!(drawn.len() > 990);
        assert!(
            drawn
                .iter()
                .all(|l| l.len() == LENGTH && l.chars().all(|c| ALPHABET.contains(c)))
        );
    }
}
