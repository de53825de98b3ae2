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
use shared::locale::Locale;

use super::{IssueError, Issuer, Question, Request};
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
    Ok(Box::new(Captcha {
        store: Store::configure(environment)?,
    }))
}

struct Captcha {
    store: Store,
}

#[async_trait]
impl Issuer for Captcha {
    async fn prepare(&self) {
        self.store.connect().await;
    }

    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Question, IssueError> {
        let mut public = BTreeMap::new();
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
            let (answer, picture) = picture(request.wrong > 0, rng).ok_or(IssueError::Picture)?;
            public.insert("captchaAlt", alternative(request.locale).to_owned());
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
        public.insert(name, url);
        Ok(Question {
            public,
            private: BTreeMap::from([(ANSWER, answer)]),
        })
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

/// What the picture is for, to be read where it is not seen: WCAG technique G143.
fn alternative(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "Picture with five letters and digits to type in, which shows that a person is signing in",
        Locale::Es => "Imagen con cinco letras y cifras para escribir, que muestra que inicia sesión una persona",
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
    use std::collections::{HashMap, HashSet};

    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use shared::challenges::captcha::Captcha as Checker;
    use shared::challenges::{Challenge, Verdict};
    use shared::secret::{Keys, Secret};

    use super::*;

    #[test]
    fn no_letter_is_taken_for_another_one() {
        let keys = Keys::parse(&"k".repeat(32)).unwrap();
        assert!((15..=20).contains(&ALPHABET.len()));
        for shown in ALPHABET.chars() {
            let secret = HashMap::from([(ANSWER.to_owned(), shown.to_string())]);
            for typed in ALPHABET.chars() {
                let verdict = Checker.check(Secret::new(&secret), &typed.to_string(), &keys);
                assert_eq!(verdict == Verdict::Right, shown == typed, "{shown} {typed}");
            }
        }
    }

    #[test]
    fn the_text_for_who_does_not_see_the_picture_is_in_their_language() {
        let texts: HashSet<_> = Locale::ALL.into_iter().map(alternative).collect();
        assert_eq!(texts.len(), Locale::ALL.len());
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
