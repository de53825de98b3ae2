//! `CAP`, `HCAPTCHA`, `RECAPTCHA` and `TURNSTILE`: a token of a CAPTCHA provider, which the provider's `siteverify` judges.
//!
//! The four providers share one contract: a POST of a secret and a token, answered with JSON. A [`Provider`] holds what
//! differs. Nothing here does I/O: verify sends the request, and [`judge`](reply::judge) reads what came back.

pub mod reply;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::hex;
use crate::keys::Key;
use crate::private::same;
use crate::user::User;

/// The action that a token is for, if the provider's tokens carry one. Google asks for one that is not user-specific.
pub const ACTION: &str = "sign_in";

/// How far the clock of a provider may be behind the clock of create, in seconds.
const CLOCK_SKEW: u64 = 60;

/// The shortest text that is sent to a provider as a token. A shorter text was typed for another challenge of the step, and
/// the provider must not learn it.
const MIN_TOKEN_CHARS: usize = 16;

/// How long the value is that binds a token: 128 bits.
const BINDING_CHARS: usize = 32;

/// One provider: its names, its limits, and how its `siteverify` is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// The name of the challenge.
    pub name: &'static str,
    /// The variable with the secret that `siteverify` wants.
    pub secret: &'static str,
    /// The variable with the public site key; none if the address of the provider contains it.
    pub site_key: Option<&'static str>,
    /// The variable with the address of `siteverify`. For [`CAP`], with the address that `siteverify` is under.
    pub endpoint: &'static str,
    /// Where `siteverify` is unless the variable says otherwise. None for a provider that operators run themselves.
    pub standard_endpoint: Option<&'static str>,
    /// How the request is written.
    pub encoding: Encoding,
    /// Whether the request names the site key, so that the provider rejects the tokens of another one.
    pub sends_site_key: bool,
    /// Whether the reply names the host that the token was made on.
    pub has_hostname: bool,
    /// The most characters of a token.
    pub max_token_chars: usize,
    /// Public parameter: the site key, or for [`CAP`] the address.
    pub public_key: &'static str,
    /// Private parameter: a random value of this challenge.
    pub nonce: &'static str,
}

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
}

/// Cap, which an operator runs: <https://github.com/tiagozip/cap>.
pub static CAP: Provider = Provider {
    name: "CAP",
    secret: "CAP_SECRET",
    site_key: None,
    endpoint: "CAP_ENDPOINT",
    standard_endpoint: None,
    encoding: Encoding::Json,
    sends_site_key: false,
    has_hostname: false,
    max_token_chars: 1024,
    public_key: "capEndpoint",
    nonce: "capNonce",
};

/// hCaptcha. Not tried against the provider.
pub static HCAPTCHA: Provider = Provider {
    name: "HCAPTCHA",
    secret: "HCAPTCHA_SECRET",
    site_key: Some("HCAPTCHA_SITE_KEY"),
    endpoint: "HCAPTCHA_ENDPOINT",
    standard_endpoint: Some("https://api.hcaptcha.com/siteverify"),
    encoding: Encoding::Form,
    sends_site_key: true,
    has_hostname: true,
    // hCaptcha documents no length.
    max_token_chars: 4096,
    public_key: "hcaptchaSiteKey",
    nonce: "hcaptchaNonce",
};

/// Google reCAPTCHA, by a checkbox (version 2) or by a score (version 3). Not tried against the provider.
pub static RECAPTCHA: Provider = Provider {
    name: "RECAPTCHA",
    secret: "RECAPTCHA_SECRET",
    site_key: Some("RECAPTCHA_SITE_KEY"),
    endpoint: "RECAPTCHA_ENDPOINT",
    standard_endpoint: Some("https://www.google.com/recaptcha/api/siteverify"),
    encoding: Encoding::Form,
    sends_site_key: false,
    has_hostname: true,
    // Google documents no length.
    max_token_chars: 4096,
    public_key: "recaptchaSiteKey",
    nonce: "recaptchaNonce",
};

/// Cloudflare Turnstile. Not tried against the provider.
pub static TURNSTILE: Provider = Provider {
    name: "TURNSTILE",
    secret: "TURNSTILE_SECRET",
    site_key: Some("TURNSTILE_SITE_KEY"),
    endpoint: "TURNSTILE_ENDPOINT",
    standard_endpoint: Some("https://challenges.cloudflare.com/turnstile/v0/siteverify"),
    encoding: Encoding::Form,
    sends_site_key: false,
    has_hostname: true,
    max_token_chars: 2048,
    public_key: "turnstileSiteKey",
    nonce: "turnstileNonce",
};

/// Which reCAPTCHA a site key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecaptchaKind {
    /// Version 2: a checkbox. Tokens have neither an action nor a score.
    Checkbox,
    /// Version 3: no interaction. Tokens have an action and a score.
    Score,
}

impl RecaptchaKind {
    /// The variable that says which. Without it, [`Score`](Self::Score).
    pub const VARIABLE: &'static str = "RECAPTCHA_KIND";

    /// Its name in the variable and in the public parameter `recaptchaKind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkbox => "checkbox",
            Self::Score => "score",
        }
    }
}

impl std::str::FromStr for RecaptchaKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Checkbox, Self::Score]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or("write `checkbox` (version 2) or `score` (version 3)")
    }
}

/// The value that binds a Turnstile token to one challenge of one user: 32 hexadecimal digits that `nonce` gives under
/// a key of the deployment. The client sees this value and never the nonce.
pub fn binding(key: &Key, user: &User<'_>, nonce: &str) -> String {
    let identity = user.identity();
    let parts = [user.pool, &identity, nonce].map(str::as_bytes);
    let digits = hex::encode(&key.mac("siteverify: token and challenge", &parts));
    digits.chars().take(BINDING_CHARS).collect()
}

/// Whether `text` can be a token: neither too short nor made of what no token has, such as blanks and markup.
pub fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '%' | '\'' | '<' | '>' | '\\' | '`');
    text.len() >= MIN_TOKEN_CHARS && text.chars().all(fits)
}

/// Whether `text` is a site key or a secret as the providers give them out.
///
/// # Errors
///
/// What would have been right, without the text.
pub fn parse_key(text: &str) -> Result<String, &'static str> {
    if text.len() <= 256 && text.chars().all(|c| c.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("write at most 256 visible ASCII characters, without blanks")
    }
}

/// The body of a request for `siteverify`, and its media type.
pub fn request(provider: &Provider, secret: &str, token: &str, site_key: Option<&str>) -> (&'static str, String) {
    let site_key = site_key.filter(|_| provider.sends_site_key);
    let fields = [
        ("secret", Some(secret)),
        ("response", Some(token)),
        ("sitekey", site_key),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    match provider.encoding {
        Encoding::Form => {
            let pairs: Vec<_> = fields
                .map(|(name, value)| format!("{name}={}", escape(value)))
                .collect();
            ("application/x-www-form-urlencoded", pairs.join("&"))
        }
        Encoding::Json => {
            let object: serde_json::Value = fields.collect();
            ("application/json", object.to_string())
        }
    }
}

/// `text` as a value in a form.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Whether a token from `solved`, in seconds since 1970, is older than the challenge that was asked at `asked`.
fn is_from_before(solved: u64, asked: SystemTime) -> bool {
    let asked = asked.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    solved.saturating_add(CLOCK_SKEW) < asked
}

/// Whether a token carries the value that was expected. Nothing matches an empty one.
fn carries(found: Option<&str>, expected: &str) -> bool {
    !expected.is_empty() && found.is_some_and(|found| same(found, expected))
}

#[cfg(test)]
mod tests;
