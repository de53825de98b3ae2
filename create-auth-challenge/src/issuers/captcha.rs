//! Asks for the letters in a picture, or for digits that are spoken.

mod render;
mod sound;
mod store;

use async_trait::async_trait;
pub use cognito_challenge::challenges::captcha::NAME;
use cognito_challenge::challenges::captcha::{ANSWER, SPOKEN_ANSWER};
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
        match request.client_metadata.get("captcha").map(String::as_str) {
            Some("audio") => {
                let (digits, sound) = spoken(request, rng)?;
                let url = self.store.publish(rng.random(), sound).await;
                Ok(with_sound(Issued::new(), request, url).private(ANSWER, digits))
            }
            // Both go out at the same time: together they take no longer than one may.
            Some("all") => {
                let (letters, picture) = drawn(request, rng)?;
                let (digits, sound) = spoken(request, rng)?;
                let (picture, sound) = tokio::join!(
                    self.store.publish(rng.random(), picture),
                    self.store.publish(rng.random(), sound)
                );
                let issued = with_sound(with_picture(request, picture)?, request, sound);
                Ok(issued.private(ANSWER, letters).private(SPOKEN_ANSWER, digits))
            }
            _ => {
                let (letters, picture) = drawn(request, rng)?;
                let url = self.store.publish(rng.random(), picture).await;
                Ok(with_picture(request, url)?.private(ANSWER, letters))
            }
        }
    }
}

/// A challenge with the picture at `url`.
fn with_picture(request: &Request<'_>, url: String) -> Result<Issued, IssueError> {
    // What the picture is for, to be read aloud: WCAG technique G143.
    let alternative = request.text("CAPTCHA.alt")?.words;
    Ok(Issued::new()
        .public("captchaAlt", alternative)
        .public("captchaUrl", url))
}

/// `issued` with the sound at `url`, and the language that it is in: there are recordings in fewer languages than texts.
fn with_sound(issued: Issued, request: &Request<'_>, url: String) -> Issued {
    issued
        .public("captchaAudioLocale", sound::language(request))
        .public("captchaAudioUrl", url)
}

/// Letters, and a picture of them.
fn drawn(request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<(String, Medium), IssueError> {
    let (letters, bytes) = picture(request.wrong > 0, rng).ok_or(IssueError::new("could not draw the picture"))?;
    let medium = Medium {
        extension: "png",
        kind: "image/png",
        bytes,
    };
    Ok((letters, medium))
}

/// Digits, and a recording of them.
fn spoken(request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<(String, Medium), IssueError> {
    let digits = draw(DECIMALS, DIGITS, rng);
    let bytes =
        sound::speak(&digits, sound::language(request), rng).ok_or(IssueError::new("could not make the sound"))?;
    let medium = Medium {
        extension: "wav",
        kind: "audio/wav",
        bytes,
    };
    Ok((digits, medium))
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
