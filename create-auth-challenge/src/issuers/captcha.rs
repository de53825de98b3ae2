//! Asks for the letters in a picture, or for digits that are spoken.

mod render;
mod sound;
mod store;

use async_trait::async_trait;
use cognito_challenge::challenges::captcha::ANSWER;
pub use cognito_challenge::challenges::captcha::NAME;
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::seq::IndexedRandom;
use rand::{CryptoRng, RngExt};

use store::{Medium, Store};

/// The letters and digits that people do not take for one another.
pub const ALPHABET: &str = "ACDEHKLMPTUWY25";

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
    Ok(Box::new(CaptchaIssuer {
        store: Store::configure(environment)?,
    }))
}

struct CaptchaIssuer {
    store: Store,
}

#[async_trait]
impl Issuer for CaptchaIssuer {
    async fn prepare(&self) {
        self.store.connect().await;
    }

    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let wants_sound = request
            .client_metadata
            .get("captcha")
            .is_some_and(|medium| medium == "audio");
        let (issued, name, answer, medium) = if wants_sound {
            let answer = draw(DECIMALS, DIGITS, rng);
            let language = request.language(&sound::LANGUAGES).unwrap_or(sound::LANGUAGES[0]);
            let sound = sound::speak(&answer, language, rng).ok_or(IssueError::new("could not make the sound"))?;
            let medium = Medium {
                extension: "wav",
                kind: "audio/wav",
                bytes: sound,
            };
            (Issued::new(), "captchaAudioUrl", answer, medium)
        } else {
            let (answer, picture) =
                picture(request.wrong > 0, rng).ok_or(IssueError::new("could not draw the picture"))?;
            let medium = Medium {
                extension: "png",
                kind: "image/png",
                bytes: picture,
            };
            // What the picture is for, to be read aloud: WCAG technique G143.
            let alternative = request.text("CAPTCHA.alt")?.words;
            (
                Issued::new().public("captchaAlt", alternative),
                "captchaUrl",
                answer,
                medium,
            )
        };
        let url = self.store.publish(rng.random(), medium).await;
        Ok(issued.public(name, url).private(ANSWER, answer))
    }
}

/// Random letters and a PNG that shows them; after a wrong answer (`retry`) a harder one.
///
/// `None` only if the embedded fonts lack a letter of [`ALPHABET`].
pub fn picture(retry: bool, rng: &mut (dyn CryptoRng + Send)) -> Option<(String, Vec<u8>)> {
    let letters = draw(ALPHABET, LENGTH, rng);
    let png = render::render(&letters, retry, rng)?;
    Some((letters, png))
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

    use cognito_challenge::challenges::captcha::compare;
    use cognito_challenge::verify::Verdict;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn no_letter_is_taken_for_another_one() {
        assert!((15..=20).contains(&ALPHABET.len()));
        for shown in ALPHABET.chars() {
            for typed in ALPHABET.chars() {
                let verdict = compare(&shown.to_string(), &typed.to_string());
                assert_eq!(verdict == Verdict::Right, shown == typed, "{shown} {typed}");
            }
        }
    }

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
