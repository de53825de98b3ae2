//! These replies follow the providers' documentation. Those of hCaptcha, reCAPTCHA and Turnstile were not tested
//! against the provider.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::super::{CAP, HCAPTCHA, RECAPTCHA, TURNSTILE};
use super::*;

/// 2026-01-01T00:00:00Z.
const ASKED: u64 = 1_767_225_600;

fn judged(provider: &Provider, status: u16, reply: &Value, action: bool) -> Result<Verdict, String> {
    let hostnames = ["app.example.com".to_owned(), "localhost".to_owned()];
    let bindings = ["0011".to_owned(), "2233".to_owned(), String::new()];
    let turnstile = provider == &TURNSTILE;
    let expected = Expected {
        hostnames: if provider == &CAP { &[] } else { &hostnames },
        action: (action || turnstile).then_some("sign_in"),
        bindings: if turnstile { &bindings } else { &[] },
        min_score: action.then_some(0.5),
        asked: UNIX_EPOCH + Duration::from_secs(ASKED),
    };
    judge(provider, status, reply.to_string().as_bytes(), &expected).map_err(|error| error.to_string())
}

fn with(reply: &Value, name: &str, value: Value) -> Value {
    let mut reply = reply.clone();
    reply[name] = value;
    reply
}

/// Not tested against the provider.
fn turnstile() -> Value {
    json!({"success": true, "challenge_ts": "2026-01-01T00:00:41.123Z", "hostname": "app.example.com",
        "error-codes": [], "action": "sign_in", "cdata": "0011", "metadata": {"ephemeral_id": "x:9f78e0ed210960d7693b167e"}})
}

/// Not tested against the provider.
fn hcaptcha() -> Value {
    json!({"success": true, "challenge_ts": "2026-01-01T00:00:41.000000Z", "hostname": "app.example.com", "credit": false})
}

/// Not tested against the provider.
fn recaptcha_score() -> Value {
    json!({"success": true, "challenge_ts": "2026-01-01T00:00:41Z", "hostname": "app.example.com", "score": 0.9,
        "action": "sign_in"})
}

/// Not tested against the provider.
fn recaptcha_checkbox() -> Value {
    json!({"success": true, "challenge_ts": "2026-01-01T00:00:41Z", "hostname": "localhost"})
}

#[test]
fn an_approved_token_for_this_sign_in_is_right() {
    for (provider, reply, action) in [
        (&TURNSTILE, turnstile(), false),
        (&HCAPTCHA, hcaptcha(), false),
        (&RECAPTCHA, recaptcha_score(), true),
        (&RECAPTCHA, recaptcha_checkbox(), false),
        (&CAP, json!({"success": true}), false),
    ] {
        assert_eq!(
            judged(provider, 200, &reply, action),
            Ok(Verdict::Right),
            "{}",
            provider.name
        );
    }
}

#[test]
fn a_token_for_another_host_action_sign_in_or_time_is_wrong() {
    for host in [
        json!("evil.example"),
        json!("app.example.com.evil.example"),
        json!("not-provided"),
        json!(null),
    ] {
        for (provider, reply, action) in [
            (&TURNSTILE, turnstile(), false),
            (&HCAPTCHA, hcaptcha(), false),
            (&RECAPTCHA, recaptcha_score(), true),
        ] {
            let judged = judged(provider, 200, &with(&reply, "hostname", host.clone()), action);
            assert_eq!(judged, Ok(Verdict::Wrong(why::OTHER_HOST)), "{host}");
        }
    }
    for action in [json!("sign_up"), json!(""), json!("sign_in "), json!(null), json!(7)] {
        for (provider, reply) in [(&TURNSTILE, turnstile()), (&RECAPTCHA, recaptcha_score())] {
            let judged = judged(
                provider,
                200,
                &with(&reply, "action", action.clone()),
                provider == &RECAPTCHA,
            );
            assert_eq!(judged, Ok(Verdict::Wrong(why::OTHER_ACTION)), "{action}");
        }
    }
    let reply = with(&turnstile(), "cdata", "2233".into());
    assert_eq!(judged(&TURNSTILE, 200, &reply, false), Ok(Verdict::Right));
    for cdata in [json!("0012"), json!(""), json!(null)] {
        let judged = judged(&TURNSTILE, 200, &with(&turnstile(), "cdata", cdata.clone()), false);
        assert_eq!(judged, Ok(Verdict::Wrong(why::OTHER_SIGN_IN)), "{cdata}");
    }
    for (time, verdict) in [
        ("2025-12-31T23:58:59Z", Verdict::Wrong(why::OLDER_THAN_CHALLENGE)),
        ("2025-12-31T23:59:00Z", Verdict::Right),
        ("some day", Verdict::Right),
    ] {
        for (provider, reply) in [(&TURNSTILE, turnstile()), (&HCAPTCHA, hcaptcha())] {
            let judged = judged(provider, 200, &with(&reply, "challenge_ts", time.into()), false);
            assert_eq!(judged, Ok(verdict), "{time}");
        }
    }
}

#[test]
fn a_host_is_compared_without_regard_to_case() {
    let reply = with(&hcaptcha(), "hostname", "App.Example.COM".into());
    assert_eq!(judged(&HCAPTCHA, 200, &reply, false), Ok(Verdict::Right));
}

#[test]
fn a_low_score_is_wrong_and_a_missing_score_is_an_error_for_the_operator() {
    for (score, verdict) in [
        (0.1, Verdict::Wrong(why::LOW_SCORE)),
        (0.5, Verdict::Right),
        (1.0, Verdict::Right),
    ] {
        let reply = with(&recaptcha_score(), "score", score.into());
        assert_eq!(judged(&RECAPTCHA, 200, &reply, true), Ok(verdict), "{score}");
    }
    for score in [json!(null), json!("0.9")] {
        let error = judged(&RECAPTCHA, 200, &with(&recaptcha_score(), "score", score), true).unwrap_err();
        assert!(error.contains("`RECAPTCHA_KIND`"), "{error}");
    }
}

#[test]
fn an_approval_beyond_the_quota_does_not_count() {
    let reply = with(&recaptcha_score(), "error-codes", json!(["Over free quota."]));
    let error = judged(&RECAPTCHA, 200, &reply, true).unwrap_err();
    assert_eq!(
        error,
        "RECAPTCHA: the provider's quota is exhausted: raise it or wait for the next month"
    );
}

#[test]
fn hcaptchas_score_is_a_risk_and_is_ignored() {
    let reply = with(&hcaptcha(), "score", 0.0.into());
    assert_eq!(judged(&HCAPTCHA, 200, &reply, false), Ok(Verdict::Right));
}

#[test]
fn a_rejected_token_is_wrong_and_a_used_token_has_its_own_reason() {
    for (provider, code, why) in [
        (&TURNSTILE, "timeout-or-duplicate", why::SPENT),
        (&RECAPTCHA, "timeout-or-duplicate", why::SPENT),
        (&HCAPTCHA, "invalid-or-already-seen-response", why::SPENT),
        (&HCAPTCHA, "already-seen-response", why::SPENT),
        (&HCAPTCHA, "expired-input-response", why::SPENT),
        (&TURNSTILE, "invalid-input-response", why::REJECTED),
        (&TURNSTILE, "missing-input-response", why::REJECTED),
        (&HCAPTCHA, "sitekey-secret-mismatch", why::OTHER_SITE_KEY),
        (&RECAPTCHA, "invalid-keys", why::OTHER_SITE_KEY),
        (&RECAPTCHA, "bad-request", why::REJECTED),
        (&RECAPTCHA, "a-code-of-next-year", why::REJECTED),
    ] {
        let reply = json!({"success": false, "error-codes": [code]});
        assert_eq!(judged(provider, 200, &reply, false), Ok(Verdict::Wrong(why)), "{code}");
    }
    for reply in [
        json!({"success": false}),
        json!({"success": false, "error-codes": "timeout-or-duplicate"}),
        json!({"success": false, "hostname": "app.example.com", "action": "sign_in", "cdata": "0011"}),
    ] {
        assert_eq!(
            judged(&TURNSTILE, 200, &reply, false),
            Ok(Verdict::Wrong(why::REJECTED))
        );
    }
}

/// The statuses and texts in Cap's `standalone/src/siteverify.js`.
#[test]
fn rejections_of_cap_are_read_from_status_and_text() {
    for (status, error) in [
        (400, "Missing required parameters"),
        (403, "Token expired"),
        (404, "Token not found"),
        // A client can cause this with a token of another site key.
        (404, "Invalid site key or secret"),
    ] {
        let reply = json!({"success": false, "error": error});
        assert_eq!(
            judged(&CAP, status, &reply, false),
            Ok(Verdict::Wrong(why::REJECTED)),
            "{error}"
        );
    }
    let error = judged(
        &CAP,
        403,
        &json!({"success": false, "error": "Invalid site key or secret"}),
        false,
    );
    assert!(error.unwrap_err().contains("set `CAP_SECRET`"));
}

#[test]
fn a_rejected_secret_is_an_error_whatever_other_codes_are_present() {
    for (provider, codes) in [
        (&TURNSTILE, json!(["invalid-input-secret"])),
        (&TURNSTILE, json!(["invalid-input-response", "missing-input-secret"])),
        (&HCAPTCHA, json!(["missing-input-secret"])),
        (&RECAPTCHA, json!(["invalid-input-secret", "timeout-or-duplicate"])),
    ] {
        let error = judged(provider, 200, &json!({"success": false, "error-codes": codes}), false).unwrap_err();
        assert_eq!(
            error,
            format!(
                "{}: the provider rejects the secret: set `{}` to the secret of the site key",
                provider.name, provider.secret
            )
        );
    }
    let error = judged(
        &TURNSTILE,
        200,
        &json!({"success": false, "error-codes": ["internal-error"]}),
        false,
    );
    assert!(error.is_err());
}

#[test]
fn a_reply_that_does_not_evaluate_the_token_is_an_error() {
    let expected = Expected {
        hostnames: &[],
        action: None,
        bindings: &[],
        min_score: None,
        asked: UNIX_EPOCH,
    };
    let good = br#"{"success": true}"#.as_slice();
    for (status, body) in [
        (200, b"<!doctype html><title>Sign in to the Wi-Fi</title>".as_slice()),
        (200, b""),
        (200, b"\xff\xfe"),
        (200, b"{\"success\": "),
        (200, b"[]"),
        (200, b"{}"),
        (200, b"true"),
        (200, br#"{"success": "true"}"#),
        (200, br#"{"success": 1}"#),
        (200, br#"{"success": null}"#),
        (301, good),
        (403, good),
        (429, good),
        (429, br#"{"success": false}"#),
        (500, good),
        (503, br#"{"success": false}"#),
        (404, b"not found"),
    ] {
        let judged = judge(&CAP, status, body, &expected);
        let error = judged.unwrap_err().to_string();
        assert!(error.starts_with("CAP: ") && !error.contains("Wi-Fi"), "{error}");
    }
}

#[test]
fn times_are_read_in_the_formats_of_the_providers() {
    for (time, expected) in [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("2026-01-01T00:00:00Z", Some(ASKED)),
        ("2026-01-01T00:00:00.123Z", Some(ASKED)),
        ("2026-01-01T00:00:00.123456Z", Some(ASKED)),
        ("2026-01-01T00:00:00", Some(ASKED)),
        ("2026-01-01T01:00:00+01:00", Some(ASKED)),
        ("2025-12-31T19:00:00-0500", Some(ASKED)),
        ("2024-02-29T12:34:56Z", Some(1_709_210_096)),
        ("2026-13-01T00:00:00Z", None),
        ("2026-01-01 00:00:00", None),
        ("2026-01-01T00:00:00 GMT", None),
        ("2026-01-01T00:00:00+1", None),
        ("-026-01-01T00:00:00Z", None),
        ("2026-01-01", None),
        ("", None),
        ("2026-01-01T00:00:0é", None),
    ] {
        assert_eq!(seconds(time), expected, "{time}");
    }
}
