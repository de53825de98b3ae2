//! Asks for the letters in a picture, or for the digits in a sound.

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

/// The letters and digits that a picture can contain. People do not confuse them with one another.
pub const ALPHABET: &str = "ACDEHKLMPTUWY25";

/// The number of letters in a picture.
pub const LENGTH: usize = 5;

/// The number of digits in a sound.
pub const DIGITS: usize = 6;

/// Creates the issuer from `CAPTCHA_BUCKET`, `AUTH_SESSION_MINUTES` and the variables of the AWS SDK.
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
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
            // Uploads both concurrently, so that they take no longer than one upload may.
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

/// Creates a challenge with the picture at `url`.
fn with_picture(request: &Request<'_>, url: String) -> Result<Issued, IssueError> {
    // The text alternative, which states the purpose of the picture: WCAG technique G143.
    let alternative = request.text("CAPTCHA.alt")?.words;
    Ok(Issued::new()
        .public("captchaAlt", alternative)
        .public("captchaUrl", url))
}

/// Adds the sound at `url` and its language to `issued`. Recordings exist in fewer languages than texts.
fn with_sound(issued: Issued, request: &Request<'_>, url: String) -> Issued {
    issued
        .public("captchaAudioLocale", sound::language(request))
        .public("captchaAudioUrl", url)
}

/// Returns random letters and a picture of them.
fn drawn(request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<(String, Medium), IssueError> {
    let (letters, bytes) = picture(request.wrong > 0, rng).ok_or(IssueError::new("could not draw the picture"))?;
    let medium = Medium {
        extension: "png",
        kind: "image/png",
        bytes,
    };
    Ok((letters, medium))
}

/// Returns random digits and a sound of them.
fn spoken(request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<(String, Medium), IssueError> {
    let digits = draw(DECIMALS, DIGITS, rng);
    let bytes =
        sound::speak(&digits, sound::language(request), rng).ok_or(IssueError::new("could not create the sound"))?;
    let medium = Medium {
        extension: "wav",
        kind: "audio/wav",
        bytes,
    };
    Ok((digits, medium))
}

/// Returns random letters and a PNG that shows them. After a wrong answer (`retry`), the picture is harder to read.
///
/// Returns `None` only if the embedded fonts lack a letter of [`ALPHABET`].
pub fn picture(retry: bool, rng: &mut (dyn CryptoRng + Send)) -> Option<(String, Vec<u8>)> {
    let letters = draw(ALPHABET, LENGTH, rng);
    let png = render::render(&letters, retry, rng)?;
    Some((letters, png))
}

const DECIMALS: &str = "0123456789";

/// Returns `length` random characters of `alphabet`, each with equal probability.
fn draw(alphabet: &str, length: usize, mut rng: &mut (dyn CryptoRng + Send)) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..length).filter_map(|_| alphabet.choose(&mut rng)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::time::UNIX_EPOCH;

    use cognito_challenge::challenges::captcha::compare;
    use cognito_challenge::keys::Keys;
    use cognito_challenge::texts::Texts;
    use cognito_challenge::user::{Existence, User};
    use cognito_challenge::verify::Verdict;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn no_letter_is_compared_as_another_one() {
        assert!((15..=20).contains(&ALPHABET.len()));
        for shown in ALPHABET.chars() {
            for typed in ALPHABET.chars() {
                let verdict = compare(&shown.to_string(), &typed.to_string());
                assert_eq!(verdict == Verdict::Right, shown == typed, "{shown} {typed}");
            }
        }
    }

    #[test]
    fn letters_come_from_the_alphabet_and_differ_between_pictures() {
        let mut rng = StdRng::seed_from_u64(1);
        let drawn: HashSet<_> = (0..1000).map(|_| draw(ALPHABET, LENGTH, &mut rng)).collect();
        assert!(drawn.len() > 990);
        assert!(
            drawn
                .iter()
                .all(|l| l.len() == LENGTH && l.chars().all(|c| ALPHABET.contains(c)))
        );
    }

    #[test]
    fn the_picture_is_harder_to_read_after_a_wrong_answer() {
        let (keys, texts) = (Keys::parse(&"secret".repeat(6)).unwrap(), Texts::default());
        let attributes = HashMap::new();
        let user = User::new("pool", "ada", Existence::Existing, &attributes);
        let mut request = Request::new(user, &keys, &texts, UNIX_EPOCH);
        let rng = || StdRng::seed_from_u64(1);
        for (wrong, retry) in [(0, false), (1, true), (2, true)] {
            request.wrong = wrong;
            let (letters, medium) = drawn(&request, &mut rng()).unwrap();
            assert_eq!(Some((letters, medium.bytes)), picture(retry, &mut rng()), "{wrong}");
        }
        assert_ne!(picture(false, &mut rng()), picture(true, &mut rng()));
    }
}
