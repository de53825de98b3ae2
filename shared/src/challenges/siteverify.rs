//! `CAP`, `HCAPTCHA`, `RECAPTCHA` and `TURNSTILE`: the client solves a provider's CAPTCHA, and the provider's
//! `siteverify` checks the token.
//!
//! The four providers share one contract: a POST of a secret and a token, and a JSON reply. A [`Provider`] holds the
//! differences. This module does no I/O: verify sends the request, and [`judge`](reply::judge) evaluates the reply.

pub mod reply;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::hex;
use crate::keys::Key;
use crate::private::same;
use crate::user::User;

/// The action that a token is for, if the provider's tokens have one. Google requires that it is not user-specific.
pub const ACTION: &str = "sign_in";

/// The maximum time that a provider's clock may be behind create's clock, in seconds.
const CLOCK_SKEW: u64 = 60;

/// The minimum length of a token. Shorter text is the answer to another challenge of the step, and verify must not send
/// it to the provider.
const MIN_TOKEN_CHARS: usize = 16;

/// The length of the value that binds a token, in hexadecimal digits: 128 bits.
const BINDING_CHARS: usize = 32;

/// A provider: its names, its limits, and the way to call its `siteverify`.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// The name of the challenge.
    pub name: &'static str,
    /// The variable with the secret for `siteverify`.
    pub secret: &'static str,
    /// The variable with the public site key. `None` if the provider's address contains the site key.
    pub site_key: Option<&'static str>,
    /// The variable with the address of `siteverify`. For [`CAP`], it is the base address.
    pub endpoint: &'static str,
    /// The address of `siteverify` if the variable is not set. `None` for a provider that operators run themselves.
    pub standard_endpoint: Option<&'static str>,
    /// The format of the request.
    pub encoding: Encoding,
    /// Whether the request has the site key, so that the provider rejects tokens of another site key.
    pub sends_site_key: bool,
    /// Whether the reply names the host on which the token was made.
    pub has_hostname: bool,
    /// The maximum length of a token.
    pub max_token_chars: usize,
    /// The public parameter with the site key or, for [`CAP`], the address.
    pub public_key: &'static str,
    /// The private parameter with the nonce of the challenge.
    pub nonce: &'static str,
}

/// The format of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
}

/// Cap, which operators run themselves: <https://github.com/tiagozip/cap>.
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

/// hCaptcha. Not tested against the provider.
pub static HCAPTCHA: Provider = Provider {
    name: "HCAPTCHA",
    secret: "HCAPTCHA_SECRET",
    site_key: Some("HCAPTCHA_SITE_KEY"),
    endpoint: "HCAPTCHA_ENDPOINT",
    standard_endpoint: Some("https://api.hcaptcha.com/siteverify"),
    encoding: Encoding::Form,
    sends_site_key: true,
    has_hostname: true,
    // hCaptcha documents no maximum length.
    max_token_chars: 4096,
    public_key: "hcaptchaSiteKey",
    nonce: "hcaptchaNonce",
};

/// Google reCAPTCHA, with a checkbox (version 2) or a score (version 3). Not tested against the provider.
pub static RECAPTCHA: Provider = Provider {
    name: "RECAPTCHA",
    secret: "RECAPTCHA_SECRET",
    site_key: Some("RECAPTCHA_SITE_KEY"),
    endpoint: "RECAPTCHA_ENDPOINT",
    standard_endpoint: Some("https://www.google.com/recaptcha/api/siteverify"),
    encoding: Encoding::Form,
    sends_site_key: false,
    has_hostname: true,
    // Google documents no maximum length.
    max_token_chars: 4096,
    public_key: "recaptchaSiteKey",
    nonce: "recaptchaNonce",
};

/// Cloudflare Turnstile. Not tested against the provider.
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

/// The kind of reCAPTCHA that a site key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecaptchaKind {
    /// Version 2: a checkbox. Tokens have neither an action nor a score.
    Checkbox,
    /// Version 3: no interaction. Tokens have an action and a score.
    Score,
}

impl RecaptchaKind {
    /// The variable that selects the kind. The default is [`Score`](Self::Score).
    pub const VARIABLE: &'static str = "RECAPTCHA_KIND";

    /// Returns the name in the variable and in the public parameter `recaptchaKind`.
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

/// Returns the value that binds a Turnstile token to one challenge of one user: 32 hexadecimal digits.
///
/// It is a MAC of user and `nonce` under a key of the deployment. The client sees this value and never the nonce.
pub fn binding(key: &Key, user: &User<'_>, nonce: &str) -> String {
    let identity = user.identity();
    let parts = [user.pool, &identity, nonce].map(str::as_bytes);
    let digits = hex::encode(&key.mac("siteverify: token and challenge", &parts));
    digits.chars().take(BINDING_CHARS).collect()
}

/// Returns whether `text` can be a token: long enough, and without characters that tokens never have, such as
/// whitespace and markup.
pub fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '%' | '\'' | '<' | '>' | '\\' | '`');
    text.len() >= MIN_TOKEN_CHARS && text.chars().all(fits)
}

/// Returns `text` if it has the form of a provider's site key or secret.
///
/// # Errors
///
/// Returns a message that describes the correct form, without `text`.
pub fn parse_key(text: &str) -> Result<String, &'static str> {
    if text.len() <= 256 && text.chars().all(|c| c.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("write at most 256 visible ASCII characters, without spaces")
    }
}

/// Returns the media type and the body of a request to `siteverify`.
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

/// Encodes `text` as a value of an HTML form.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Returns whether a token solved at `solved`, in seconds since 1970, is older than the challenge, which was issued at
/// `asked`.
fn is_from_before(solved: u64, asked: SystemTime) -> bool {
    let asked = asked.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    solved.saturating_add(CLOCK_SKEW) < asked
}

/// Returns whether a token has the expected value. An empty `expected` matches nothing.
fn carries(found: Option<&str>, expected: &str) -> bool {
    !expected.is_empty() && found.is_some_and(|found| same(found, expected))
}

#[cfg(test)]
mod tests;
