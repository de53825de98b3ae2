//! The answering half of `CAP`, `HCAPTCHA`, `RECAPTCHA` and `TURNSTILE`: sends the token to the provider.

use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use cognito_challenge::challenges::siteverify::reply::{Expected, MAX_REPLY_BYTES, judge, why};
use cognito_challenge::challenges::siteverify::{
    ACTION, Provider, RECAPTCHA, RecaptchaKind, TURNSTILE, binding, is_token, parse_key, request,
};
use cognito_challenge::private::ISSUED_AT;
use cognito_challenge::verify::{Answer, CannotJudge, Verdict, Verifier, Why};
use cognito_challenge_aws::CONNECTING;
use cognito_challenge_aws::web::{Client, Url};
use cognito_challenge_runtime::{ConfigError, Environment};

/// The time limit for a provider's reply, including a new connection. It is below the limit for a check, so that the
/// log names the provider.
const BUDGET: Duration = Duration::from_millis(1700);

/// The variable with the hosts on which tokens may be made.
const HOSTNAMES: &str = "CAPTCHA_HOSTNAMES";

/// The lowest score if `CAPTCHA_MIN_SCORE` is not set. Google suggests this value to start with.
const DEFAULT_MIN_SCORE: f64 = 0.5;

/// Creates the verifier of `provider`.
///
/// It reads the provider's variables (site key, secret, address), `CAPTCHA_HOSTNAMES`, and for reCAPTCHA
/// `RECAPTCHA_KIND` and `CAPTCHA_MIN_SCORE`.
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
pub(crate) fn configure(
    provider: &'static Provider,
    environment: &Environment,
) -> Result<Box<dyn Verifier>, ConfigError> {
    let site_key = match provider.site_key.filter(|_| provider.sends_site_key) {
        Some(variable) => Some(environment.required(variable, parse_key)?),
        None => None,
    };
    let given = environment.optional(provider.endpoint, Url::parse)?;
    let url = match (given, provider.standard_endpoint) {
        (Some(url), Some(_)) => url,
        (Some(url), None) => url.join("siteverify"),
        (None, Some(url)) => Url::parse(url).map_err(|error| ConfigError::Types(error.to_owned()))?,
        (None, None) => {
            return Err(ConfigError::Missing {
                name: provider.endpoint,
            });
        }
    };
    let hostnames = if provider.has_hostname {
        environment.required(HOSTNAMES, hostnames)?
    } else {
        Vec::new()
    };
    Ok(Box::new(SiteverifyVerifier {
        provider,
        secret: environment.required(provider.secret, parse_key)?,
        site_key,
        hostnames,
        min_score: min_score(provider, environment)?,
        client: Client::new(environment, url)?,
    }))
}

/// Returns the lowest accepted score, if the provider's tokens have a score.
fn min_score(provider: &Provider, environment: &Environment) -> Result<Option<f64>, ConfigError> {
    if provider != &RECAPTCHA {
        return Ok(None);
    }
    let kind = environment.optional(RecaptchaKind::VARIABLE, str::parse)?;
    let least = environment.optional("CAPTCHA_MIN_SCORE", score)?;
    Ok(match kind.unwrap_or(RecaptchaKind::Score) {
        RecaptchaKind::Checkbox => None,
        RecaptchaKind::Score => Some(least.unwrap_or(DEFAULT_MIN_SCORE)),
    })
}

fn score(text: &str) -> Result<f64, &'static str> {
    match text.parse() {
        Ok(score) if (0.0..=1.0).contains(&score) => Ok(score),
        _ => Err("write a score from 0 to 1, such as `0.5`"),
    }
}

/// Parses host names that are separated by commas.
fn hostnames(text: &str) -> Result<Vec<String>, String> {
    let is_host = |host: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        (1..=253).contains(&host.len()) && host.chars().all(fits) && !host.starts_with('.') && !host.ends_with('.')
    };
    let hosts: Vec<_> = text.split(',').map(str::trim).map(str::to_ascii_lowercase).collect();
    match hosts.iter().find(|host| !is_host(host)) {
        None => Ok(hosts),
        Some(host) => Err(format!(
            "`{}` is not a host name: write host names without scheme and port, such as `app.example.com,localhost`",
            host.escape_debug()
        )),
    }
}

struct SiteverifyVerifier {
    provider: &'static Provider,
    secret: String,
    site_key: Option<String>,
    hostnames: Vec<String>,
    /// Only set for tokens with a score and an action.
    min_score: Option<f64>,
    client: Client,
}

#[async_trait]
impl Verifier for SiteverifyVerifier {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        let Some(nonce) = answer.private.get(self.provider.nonce) else {
            return Ok(Verdict::Wrong(Why::NoSecret));
        };
        let token = answer.text.trim();
        if !is_token(token) {
            return Ok(Verdict::Wrong(why::NO_TOKEN));
        }
        let (media_type, body) = request(self.provider, &self.secret, token, self.site_key.as_deref());
        let replied = self.client.post(media_type, body, MAX_REPLY_BYTES, BUDGET).await;
        let reply =
            replied.map_err(|error| CannotJudge::new(format!("{}: the provider {error}", self.provider.name)))?;
        let turnstile = self.provider == &TURNSTILE;
        let key = |key| binding(key, &answer.user, nonce);
        let bindings: Vec<_> = answer.keys.each().filter(|_| turnstile).map(key).collect();
        let asked = answer.private.get(ISSUED_AT).and_then(|seconds| seconds.parse().ok());
        let expected = Expected {
            hostnames: &self.hostnames,
            action: (turnstile || self.min_score.is_some()).then_some(ACTION),
            bindings: &bindings,
            min_score: self.min_score,
            asked: UNIX_EPOCH + Duration::from_secs(asked.unwrap_or_default()),
        };
        judge(self.provider, reply.status, &reply.body, &expected)
    }

    fn max_answer_chars(&self) -> usize {
        self.provider.max_token_chars
    }

    fn personal(&self) -> bool {
        false
    }

    /// Opens the connection to the provider before the first token.
    async fn prepare(&self) {
        self.client.connect(CONNECTING).await;
    }
}

#[cfg(test)]
mod tests {
    use cognito_challenge::challenges::siteverify::{CAP, HCAPTCHA};

    use super::*;

    const SETTINGS: [(&str, &str); 11] = [
        (
            "AWS_CA_BUNDLE",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../aws/roots/amazon.pem"),
        ),
        ("CAPTCHA_HOSTNAMES", "app.example.com, localhost"),
        ("CAPTCHA_MIN_SCORE", "0.7"),
        ("CAP_ENDPOINT", "http://127.0.0.1:1/key/"),
        ("CAP_SECRET", "marked-secret"),
        ("HCAPTCHA_SECRET", "marked-secret"),
        ("HCAPTCHA_SITE_KEY", "10000000-ffff-ffff-ffff-000000000001"),
        ("RECAPTCHA_KIND", "score"),
        ("RECAPTCHA_SECRET", "marked-secret"),
        ("TURNSTILE_ENDPOINT", ""),
        ("TURNSTILE_SECRET", "marked-secret"),
    ];

    /// Returns the error that `provider` reports if the setting `name` has the value `value`.
    fn error(provider: &'static Provider, name: &str, value: &str) -> Option<String> {
        let others = SETTINGS.into_iter().filter(|(other, _)| *other != name);
        let environment = Environment::new(others.chain([(name, value)]));
        configure(provider, &environment).err().map(|error| error.to_string())
    }

    #[test]
    fn every_provider_starts_with_its_settings_and_reports_missing_ones() {
        for provider in [&CAP, &HCAPTCHA, &RECAPTCHA, &TURNSTILE] {
            assert_eq!(error(provider, "X", "x"), None, "{}", provider.name);
            let missing = error(provider, provider.secret, "").unwrap();
            assert_eq!(
                missing,
                format!("variable `{}` is missing: template.yaml sets it", provider.secret)
            );
        }
        for provider in [&HCAPTCHA, &RECAPTCHA, &TURNSTILE] {
            assert!(
                error(provider, HOSTNAMES, "")
                    .unwrap()
                    .contains("`CAPTCHA_HOSTNAMES` is missing")
            );
        }
        assert_eq!(error(&CAP, HOSTNAMES, ""), None);
        assert!(
            error(&CAP, "CAP_ENDPOINT", "")
                .unwrap()
                .contains("`CAP_ENDPOINT` is missing")
        );
        assert!(
            error(&HCAPTCHA, "HCAPTCHA_SITE_KEY", "")
                .unwrap()
                .contains("`HCAPTCHA_SITE_KEY` is missing")
        );
    }

    #[test]
    fn invalid_settings_are_rejected_and_no_secret_is_shown() {
        for (provider, name, value, message) in [
            (&CAP, "CAP_ENDPOINT", "http://cap.example.com/key/", "write `https://`"),
            (&CAP, "CAP_ENDPOINT", "cap.example.com", "write an address such as"),
            (
                &TURNSTILE,
                "TURNSTILE_ENDPOINT",
                "http://192.168.0.1/",
                "write `https://`",
            ),
            (
                &TURNSTILE,
                HOSTNAMES,
                "https://app.example.com",
                "`https://app.example.com` is not a host name",
            ),
            (&TURNSTILE, HOSTNAMES, "app.example.com:443", "is not a host name"),
            (&TURNSTILE, HOSTNAMES, "a,,b", "`` is not a host name"),
            (&TURNSTILE, HOSTNAMES, "*.example.com", "is not a host name"),
            (&RECAPTCHA, "CAPTCHA_MIN_SCORE", "1.1", "write a score from 0 to 1"),
            (&RECAPTCHA, "CAPTCHA_MIN_SCORE", "NaN", "write a score from 0 to 1"),
            (&RECAPTCHA, "RECAPTCHA_KIND", "v3", "write `checkbox`"),
            (&HCAPTCHA, "HCAPTCHA_SITE_KEY", "a b", "write at most 256"),
            (&HCAPTCHA, "AWS_CA_BUNDLE", "/nowhere", "write the path of a file"),
        ] {
            let error = error(provider, name, value).unwrap();
            assert!(
                error.starts_with(&format!("variable `{name}`: ")) && error.contains(message),
                "{error}"
            );
        }
        let error = error(&CAP, "CAP_SECRET", "marked secret").unwrap();
        assert!(!error.contains("marked"), "{error}");
    }
}
