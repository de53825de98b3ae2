//! Reads the reply of a provider's `siteverify` and derives the verdict.

use std::time::SystemTime;

use serde_json::Value;

use super::{Provider, carries, is_from_before};
use crate::verify::{CannotJudge, Verdict, Why};

/// The maximum number of bytes that are read of a reply. Typical replies have a few hundred.
pub const MAX_REPLY_BYTES: usize = 64 * 1024;

/// Reasons for wrong tokens, for the log.
pub mod why {
    use super::Why;

    /// The answer cannot be a token of any provider. Verify did not send it to one.
    pub const NO_TOKEN: Why = Why::Own("NoToken");
    /// The token was made for an action other than signing in.
    pub const OTHER_ACTION: Why = Why::Own("OtherAction");
    /// The token was made on a host that is not in `CAPTCHA_HOSTNAMES`.
    pub const OTHER_HOST: Why = Why::Own("OtherHost");
    /// The token was made for another sign-in.
    pub const OTHER_SIGN_IN: Why = Why::Own("OtherSignIn");
    /// The token belongs to another site key. If all tokens do, the configured site key and secret do not match.
    pub const OTHER_SITE_KEY: Why = Why::Own("OtherSiteKey");
    /// The provider rejected the token.
    pub const REJECTED: Why = Why::Own("TokenRejected");
    /// The score is lower than `CAPTCHA_MIN_SCORE`.
    pub const LOW_SCORE: Why = Why::Own("LowScore");
    /// The token is older than the challenge.
    pub const OLDER_THAN_CHALLENGE: Why = Why::Own("OlderThanChallenge");
    /// The token was used before, or it has expired.
    pub const SPENT: Why = Why::Own("TokenSpent");
}

/// The properties that a token must have besides the provider's approval.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The hosts on which the token may be made. Empty only for a provider whose replies have no host.
    pub hostnames: &'a [String],
    /// The action, if the provider's tokens have one.
    pub action: Option<&'a str>,
    /// The binding of this sign-in under each key, if the provider's tokens have one. Create used one of the keys.
    pub bindings: &'a [String],
    /// The lowest score, if the provider's tokens have one.
    pub min_score: Option<f64>,
    /// The time at which the challenge was issued.
    pub asked: SystemTime,
}

/// Error codes for a wrong secret of the operator. No token can cause them.
const SECRET: [&str; 2] = ["invalid-input-secret", "missing-input-secret"];

/// Error codes for a token and a secret of different sites.
///
/// They reject the token, although a wrong setting causes them too, because a client can cause them with a token of
/// another site.
const OTHER_SITE_KEY: [&str; 4] = [
    "invalid-keys",
    "not-using-dummy-passcode",
    "not-using-dummy-secret",
    "sitekey-secret-mismatch",
];

/// Error codes for a token that was valid before.
const SPENT: [&str; 4] = [
    "already-seen-response",
    "expired-input-response",
    "invalid-or-already-seen-response",
    "timeout-or-duplicate",
];

/// Evaluates a reply of the provider with the HTTP status `status`.
///
/// An undocumented error code rejects the token: a client must not be able to cause an error.
///
/// # Errors
///
/// Returns an error if the reply does not evaluate the token: the provider fails, is too busy, breaks the contract, or
/// rejects the operator's secret.
pub fn judge(provider: &Provider, status: u16, body: &[u8], expected: &Expected<'_>) -> Result<Verdict, CannotJudge> {
    let name = provider.name;
    if status >= 500 || status == 429 {
        return Err(CannotJudge::new(format!(
            "{name}: the provider replied with status {status}"
        )));
    }
    let reply: Option<Value> = serde_json::from_slice(body).ok();
    let success = reply.as_ref().and_then(|reply| reply.get("success")?.as_bool());
    let (Some(reply), Some(success)) = (reply, success) else {
        return Err(CannotJudge::new(format!(
            "{name}: the reply with status {status} is not the JSON of siteverify: check `{}`",
            provider.endpoint
        )));
    };
    match (success, status) {
        (true, 200..300) => approved(provider, &reply, expected),
        (true, _) => Err(CannotJudge::new(format!(
            "{name}: the reply reports success with status {status}"
        ))),
        (false, _) => rejected(provider, status, &reply),
    }
}

/// Checks whether a token that the provider approved is for this sign-in.
fn approved(provider: &Provider, reply: &Value, expected: &Expected<'_>) -> Result<Verdict, CannotJudge> {
    let text = |name: &str| reply.get(name).and_then(Value::as_str);
    // Beyond its monthly quota, reCAPTCHA approves every token and adds an error code.
    if codes(reply).any(|code| code.to_ascii_lowercase().contains("quota")) {
        return Err(CannotJudge::new(format!(
            "{}: the provider's quota is exhausted: raise it or wait for the next month",
            provider.name
        )));
    }
    let host = text("hostname");
    let listed = |host: &str| expected.hostnames.iter().any(|known| known.eq_ignore_ascii_case(host));
    // Without a list, any host is accepted. `configure` requires a list for a provider whose replies have a host.
    if !expected.hostnames.is_empty() && !host.map_or(!provider.has_hostname, listed) {
        return Ok(Verdict::Wrong(why::OTHER_HOST));
    }
    if expected.action.is_some_and(|action| !carries(text("action"), action)) {
        return Ok(Verdict::Wrong(why::OTHER_ACTION));
    }
    let mut bindings = expected.bindings.iter();
    if !expected.bindings.is_empty() && !bindings.any(|binding| carries(text("cdata"), binding)) {
        return Ok(Verdict::Wrong(why::OTHER_SIGN_IN));
    }
    if let Some(least) = expected.min_score {
        // The operator chooses the kind of site key, so a missing score is not the client's fault.
        let Some(score) = reply.get("score").and_then(Value::as_f64) else {
            return Err(CannotJudge::new(format!(
                "{}: the reply has no score: set `RECAPTCHA_KIND` to the kind of the site key",
                provider.name
            )));
        };
        if score < least {
            return Ok(Verdict::Wrong(why::LOW_SCORE));
        }
    }
    let solved = text("challenge_ts").and_then(seconds);
    if solved.is_some_and(|solved| is_from_before(solved, expected.asked)) {
        return Ok(Verdict::Wrong(why::OLDER_THAN_CHALLENGE));
    }
    Ok(Verdict::Right)
}

/// Returns the verdict for a token that the provider did not approve.
fn rejected(provider: &Provider, status: u16, reply: &Value) -> Result<Verdict, CannotJudge> {
    let has = |known: &[&str]| codes(reply).any(|code| known.contains(&code));
    // Cap has no error codes. With status 404, the same text can mean a token of another site key.
    let cap = status == 403 && reply.get("error").and_then(Value::as_str) == Some("Invalid site key or secret");
    if cap || has(&SECRET) {
        return Err(CannotJudge::new(format!(
            "{}: the provider rejects the secret: set `{}` to the secret of the site key",
            provider.name, provider.secret
        )));
    }
    if has(&["internal-error"]) {
        return Err(CannotJudge::new(format!(
            "{}: the provider reported an internal error",
            provider.name
        )));
    }
    Ok(Verdict::Wrong(if has(&SPENT) {
        why::SPENT
    } else if has(&OTHER_SITE_KEY) {
        why::OTHER_SITE_KEY
    } else {
        why::REJECTED
    }))
}

/// Returns the error codes of a reply.
fn codes(reply: &Value) -> impl Iterator<Item = &str> {
    let codes = reply.get("error-codes").and_then(Value::as_array);
    codes.into_iter().flatten().filter_map(Value::as_str)
}

/// Converts an ISO 8601 time to seconds since 1970, such as `2026-01-01T00:00:00.123Z` or `2026-01-01T01:00:00+01:00`.
///
/// Returns `None` for another format.
fn seconds(time: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = time.get(range)?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !marks.into_iter().all(|(at, mark)| time.get(at..at + 1) == Some(mark)) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let ranges = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !ranges {
        return None;
    }
    let zone = time
        .get(19..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), digits @ ..] => {
            let digits: Vec<i64> = digits
                .iter()
                .filter(|byte| byte.is_ascii_digit())
                .map(|byte| i64::from(byte - b'0'))
                .collect();
            let [tens, hours, ten_minutes, minutes] = digits.as_slice() else {
                return None;
            };
            let offset = (tens * 10 + hours) * 3600 + (ten_minutes * 10 + minutes) * 60;
            if *sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    // Days since 1970-01-01 in the Gregorian calendar, with years that start in March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    u64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second - offset).ok()
}

#[cfg(test)]
mod tests;
