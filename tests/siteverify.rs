//! Tests `CAP`, `HCAPTCHA`, `RECAPTCHA` and `TURNSTILE` through create and verify, with a provider on this machine that
//! fails on demand.
//!
//! Not tested against the providers; tests/clients/cap.mjs runs Cap itself.

use benches::services::Services;
use cognito_challenge_runtime::log::record;
use cognito_challenge_runtime::{ConfigError, Environment};
use cognito_challenge_testkit::Functions;
use cognito_challenge_testkit::fixtures::{play, walk};
use cognito_challenge_testkit::functions::event;
use cognito_challenge_testkit::rules::{Subject, assert_holds};
use cognito_challenge_testkit::script::People;
use create_auth_challenge::Issuers;
use loop_tests::functions::{DEFAULT_FLOW, PICTURES, SECRET, fixtures as folder, people};
use loop_tests::provider::{self, Provider, token};
use loop_tests::script::right_answer;
use serde_json::{Value, json};
use verify_auth_challenge::Verifiers;

const TYPES: [&str; 4] = ["CAP", "HCAPTCHA", "RECAPTCHA", "TURNSTILE"];

/// Returns create and verify with `flow`, the variables of the provider, and `more`.
fn functions(provider: &Provider, flow: &str, more: &[(&str, &str)]) -> Result<Functions, ConfigError> {
    let own = [
        ("AUTH_FLOW", flow),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
        ("PROOF_OF_WORK_TRIES", "2"),
    ];
    let own = own
        .iter()
        .chain(&PICTURES)
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let more = more.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let variables = own.chain(provider.variables()).chain(more);
    let environment = Environment::new::<String>(variables);
    Functions::new(&environment, &Issuers::standard(), &Verifiers::standard())
}

/// Returns the response of create to `client_metadata`.
fn asked(functions: &Functions, user_not_found: bool, client_metadata: &Value) -> Value {
    let mut create = event("CreateAuthChallenge", &json!({}), user_not_found);
    create["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
    create["request"]["clientMetadata"] = client_metadata.clone();
    functions.create(create).unwrap()["response"].take()
}

/// Returns whether verify accepts the answer, and its log line.
fn answered(functions: &Functions, asked: &Value, answer: &str) -> (bool, Value) {
    let mut verify = event("VerifyAuthChallengeResponse", &json!({}), false);
    verify["request"]["privateChallengeParameters"] = asked["privateChallengeParameters"].clone();
    verify["request"]["challengeAnswer"] = answer.into();
    let (verified, lines) = record(&functions.telemetry(), || functions.verify(verify));
    assert_eq!(lines.len(), 1, "{lines:?}");
    for secret in [provider::SECRET, answer] {
        assert!(answer.is_empty() || !lines[0].contains(secret), "{}", lines[0]);
    }
    let right = verified.unwrap()["response"]["answerCorrect"] == true;
    (right, serde_json::from_str(&lines[0]).unwrap())
}

#[test]
fn the_types_keep_every_rule() {
    let provider = Provider::start();
    let variables = provider.variables();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    for challenge in TYPES {
        assert_holds(&Subject {
            challenge,
            variables: &variables,
            issuers: Issuers::standard(),
            verifiers: Verifiers::standard(),
            people: People {
                enrolled: json!({"sub": "s", "email": "ada@example.com"}),
                not_enrolled: json!({"sub": "s"}),
            },
            right: &|public, _| token("right", public),
            secrets: &["ada@example.com", provider::SECRET],
            varying: &[],
        });
    }
    // Answers to other challenges never reached a provider.
    for request in provider.requests() {
        let token = request.fields["response"].as_str().unwrap();
        assert!(
            !token.contains("marker") && token.is_ascii() && token.len() <= 4096,
            "{token}"
        );
    }
}

#[test]
fn the_functions_match_their_fixtures() {
    let provider = Provider::start();
    let flow = "TURNSTILE|CAP|HCAPTCHA|RECAPTCHA:3";
    let shown = functions(
        &provider,
        flow,
        &[("CAP_ENDPOINT", "https://cap.example.com/d9256640cb53")],
    )
    .unwrap();
    walk(&folder("siteverify/create"), &|event| shown.create(event));
    let judging = functions(&provider, flow, &[]).unwrap();
    walk(&folder("siteverify/verify"), &|event| judging.verify(event));
    let right = |public: &Value, private: &Value| match public["challenge"].as_str() {
        Some(challenge) if TYPES.contains(&challenge) => token("right", public),
        _ => right_answer(public, private),
    };
    let configure = |flow: &str| functions(&provider, flow, &[]).unwrap();
    play(&folder("siteverify/sign-in"), &configure, &people(), &right);
}

#[test]
fn a_request_has_the_providers_format_and_contains_the_token_but_no_user_data() {
    let provider = Provider::start();
    for (challenge, line, media_type, fields) in [
        (
            "CAP",
            "POST /siteverify",
            "application/json",
            vec!["response", "secret"],
        ),
        (
            "HCAPTCHA",
            "POST /siteverify",
            "application/x-www-form-urlencoded",
            vec!["response", "secret", "sitekey"],
        ),
        (
            "RECAPTCHA",
            "POST /siteverify",
            "application/x-www-form-urlencoded",
            vec!["response", "secret"],
        ),
        (
            "TURNSTILE",
            "POST /siteverify",
            "application/x-www-form-urlencoded",
            vec!["response", "secret"],
        ),
    ] {
        let functions = functions(&provider, &format!("{challenge}:3"), &[]).unwrap();
        let asked = asked(&functions, false, &json!({}));
        let token = token("right", &asked["publicChallengeParameters"]);
        assert!(answered(&functions, &asked, &format!(" {token}\n")).0, "{challenge}");
        let request = provider.requests().pop().unwrap();
        assert_eq!((request.line.as_str(), request.media_type.as_str()), (line, media_type));
        let mut names: Vec<_> = request.fields.as_object().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, fields);
        assert_eq!(
            (&request.fields["response"], &request.fields["secret"]),
            (&json!(token), &json!(provider::SECRET))
        );
    }
}

#[test]
fn each_kind_of_wrong_token_has_its_own_reason() {
    let provider = Provider::start();
    for challenge in TYPES {
        for open in ["closed", "open"] {
            let functions = functions(&provider, &format!("{challenge}:3"), &[("CANNOT_JUDGE", open)]).unwrap();
            let asked = asked(&functions, false, &json!({}));
            let public = &asked["publicChallengeParameters"];
            let once = token("right", public);
            assert!(answered(&functions, &asked, &once).0);
            let mut wrong = vec![
                (once, "TokenSpent"),
                (token("forged", public), "TokenRejected"),
                (token("stale", public), "OlderThanChallenge"),
                (String::new(), "Empty"),
                ("   ".into(), "Empty"),
                ("acdeh".into(), "NoToken"),
                ("Ms Ada of Seattle, I think".into(), "NoToken"),
                (format!("right~{}", "x".repeat(8192)), "TooLong"),
            ];
            if challenge != "CAP" {
                wrong.push((token("other-host", public), "OtherHost"));
            }
            if ["RECAPTCHA", "TURNSTILE"].contains(&challenge) {
                wrong.push((token("other-action", public), "OtherAction"));
            }
            if challenge == "TURNSTILE" {
                wrong.push((token("other-sign-in", public), "OtherSignIn"));
            }
            if challenge == "RECAPTCHA" {
                wrong.push((token("low-score", public), "LowScore"));
            }
            for (answer, reason) in wrong {
                let (right, line) = answered(&functions, &asked, &answer);
                assert!(!right && line["reason"] == reason, "{challenge} {reason}: {line}");
                assert_eq!(line["challenge"], challenge);
            }
        }
    }
}

#[test]
fn a_turnstile_token_of_another_sign_in_or_user_is_wrong() {
    let provider = Provider::start();
    let functions = functions(&provider, "TURNSTILE:3", &[]).unwrap();
    let create = |seed| {
        let mut create = event("CreateAuthChallenge", &json!({}), false);
        create["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
        functions.create_with(create, seed).unwrap()["response"].take()
    };
    let (one, other) = (create(1), create(2));
    let token = token("right", &one["publicChallengeParameters"]);
    let (right, line) = answered(&functions, &other, &token);
    assert!(!right && line["reason"] == "OtherSignIn", "{line}");
    let mut verify = event("VerifyAuthChallengeResponse", &json!({}), false);
    verify["userName"] = "another user".into();
    verify["request"]["privateChallengeParameters"] = one["privateChallengeParameters"].clone();
    verify["request"]["challengeAnswer"] = provider::token("right", &one["publicChallengeParameters"]).into();
    assert_eq!(functions.verify(verify).unwrap()["response"]["answerCorrect"], false);
}

#[test]
fn a_token_is_right_while_create_and_verify_have_different_secrets_of_a_rotation() {
    let provider = Provider::start();
    let secret = |value: &str| functions(&provider, "TURNSTILE:3", &[("CHALLENGE_SECRET", value)]).unwrap();
    let (one, other) = ("1".repeat(32), "2".repeat(32));
    let before = secret(&json!({"current": one, "next": other, "first": one}).to_string());
    let after = secret(&json!({"current": other, "previous": one, "first": one}).to_string());
    let unrelated = secret(&"3".repeat(32));
    for (create, verify, expected) in [
        (&before, &after, true),
        (&after, &before, true),
        (&after, &after, true),
        (&unrelated, &after, false),
    ] {
        let asked = asked(create, false, &json!({}));
        let token = token("right", &asked["publicChallengeParameters"]);
        assert_eq!(answered(verify, &asked, &token).0, expected);
    }
}

#[test]
fn tokens_up_to_the_documented_length_are_checked() {
    let provider = Provider::start();
    for (challenge, most) in [
        ("CAP", 1024),
        ("HCAPTCHA", 4096),
        ("RECAPTCHA", 4096),
        ("TURNSTILE", 2048),
    ] {
        let functions = functions(&provider, &format!("{challenge}:3"), &[]).unwrap();
        let asked = asked(&functions, false, &json!({}));
        let cdata = asked["publicChallengeParameters"]["turnstileCdata"]
            .as_str()
            .unwrap_or_default();
        for (length, expected) in [(most, true), (most + 1, false)] {
            let filler = "x".repeat(length - "right~~".len() - challenge.len() - cdata.len());
            let (right, line) = answered(&functions, &asked, &format!("right~{challenge}{filler}~{cdata}"));
            assert_eq!(right, expected, "{challenge} {length} {line}");
        }
    }
}

#[test]
fn a_failing_provider_is_counted_and_fails_closed_unless_configured_open() {
    let provider = Provider::start();
    for (says, message) in [
        ("html", "is not the JSON of siteverify"),
        ("garbage", "is not the JSON of siteverify"),
        ("huge", "sent a reply that is too long"),
        ("redirect", "is not the JSON of siteverify"),
        ("reset", "cannot be reached"),
        ("busy", "status 429"),
        ("down", "status 503"),
        ("internal", "an internal error"),
        ("secret", "rejects the secret"),
        ("hang", "did not reply in time"),
    ] {
        for challenge in TYPES {
            // Each hang takes as long as the time limit for a provider.
            if says == "hang" && challenge != "TURNSTILE" {
                continue;
            }
            for (setting, expected) in [("closed", false), ("open", true)] {
                let functions = functions(&provider, &format!("{challenge}:3"), &[("CANNOT_JUDGE", setting)]).unwrap();
                let asked = asked(&functions, false, &json!({}));
                let started = std::time::Instant::now();
                let token = token(says, &asked["publicChallengeParameters"]);
                let (right, line) = answered(&functions, &asked, &token);
                assert!(started.elapsed().as_secs_f64() < 2.0, "{challenge} {says}");
                assert_eq!(right, expected, "{challenge} {says}: {line}");
                assert_eq!(line["CannotJudge"], 1, "{line}");
                assert!(
                    line["message"].to_string().contains(message),
                    "{challenge} {says}: {line}"
                );
            }
        }
    }
    for more in [("CAP_ENDPOINT", "http://127.0.0.1:1/"), ("CAP_SECRET", "another")] {
        let functions = functions(&provider, "CAP:3", &[more]).unwrap();
        let asked = asked(&functions, false, &json!({}));
        let (right, line) = answered(&functions, &asked, &token("right", &Value::Null));
        assert!(!right && line["reason"] == "CannotJudge", "{line}");
    }
}

#[test]
fn a_provider_is_reached_over_tls_only_if_its_certificate_is_trusted() {
    let provider = Provider::start();
    let services = Services::start();
    let endpoint = format!("{}/siteverify", services.endpoint);
    let authority = services.authority().to_str().unwrap();
    let amazon = concat!(env!("CARGO_MANIFEST_DIR"), "/../aws/roots/amazon.pem");
    // The server's response is not JSON. With an empty variable, the operating system's certificates are used.
    for (trusted, message) in [
        (authority, "is not the JSON of siteverify"),
        (amazon, "cannot be reached"),
        ("", "cannot be reached"),
    ] {
        let settings = [("TURNSTILE_ENDPOINT", endpoint.as_str()), ("AWS_CA_BUNDLE", trusted)];
        let functions = functions(&provider, "TURNSTILE:3", &settings).unwrap();
        let asked = asked(&functions, false, &json!({}));
        let token = token("right", &asked["publicChallengeParameters"]);
        let (right, line) = answered(&functions, &asked, &token);
        assert!(
            !right && line["message"].to_string().contains(message),
            "{trusted}: {line}"
        );
    }
    let methods: Vec<_> = services.requests.try_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["POST"]);
}

#[test]
fn a_checkbox_recaptcha_has_neither_action_nor_score() {
    let provider = Provider::start();
    let functions = functions(&provider, "RECAPTCHA:3", &[("RECAPTCHA_KIND", "checkbox")]).unwrap();
    let asked = asked(&functions, false, &json!({}));
    let public = &asked["publicChallengeParameters"];
    assert_eq!(
        (&public["recaptchaKind"], &public["recaptchaAction"]),
        (&json!("checkbox"), &Value::Null)
    );
    for says in ["right", "low-score", "other-action"] {
        assert!(answered(&functions, &asked, &token(says, public)).0, "{says}");
    }
}

#[test]
fn all_alternatives_can_be_asked_at_once_and_any_can_be_answered() {
    let provider = Provider::start();
    let flow = "TURNSTILE|CAPTCHA|PROOF_OF_WORK|HCAPTCHA|RECAPTCHA|CAP:3";
    let functions = functions(&provider, flow, &[]).unwrap();
    let all = || asked(&functions, false, &json!({"challenge": "all", "captcha": "all"}));
    let public = &all()["publicChallengeParameters"];
    assert_eq!(
        public["together"],
        "TURNSTILE,CAPTCHA,PROOF_OF_WORK,HCAPTCHA,RECAPTCHA,CAP"
    );
    assert!(answered(&functions, &all(), &token("right", public)).0);
    assert!(!answered(&functions, &all(), &token("forged", public)).0);
    let before = provider.requests().len();
    let letters = all()["privateChallengeParameters"]["answer"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(answered(&functions, &all(), &letters).0);
    assert!(!answered(&functions, &all(), "not it").0);
    assert_eq!(
        provider.requests().len(),
        before,
        "an answer to the CAPTCHA was sent to a provider"
    );
    let mut public = public.clone();
    public["challenge"] = "PROOF_OF_WORK".into();
    assert!(answered(&functions, &all(), &right_answer(&public, &Value::Null)).0);
}

#[test]
fn a_client_gets_the_alternative_that_it_requests() {
    let provider = Provider::start();
    let functions = functions(&provider, "TURNSTILE|CAPTCHA|PROOF_OF_WORK:3", &[]).unwrap();
    for (wanted, parameter) in [
        ("TURNSTILE", "turnstileSiteKey"),
        ("CAPTCHA", "captchaUrl"),
        ("X", "turnstileSiteKey"),
    ] {
        let asked = asked(&functions, true, &json!({ "challenge": wanted }));
        assert!(asked["publicChallengeParameters"][parameter].is_string(), "{wanted}");
    }
}

#[test]
fn a_flow_without_a_provider_creates_no_client_and_needs_no_setting() {
    // These settings stop a function that creates a client.
    let broken = [
        ("AWS_CA_BUNDLE", "/nowhere"),
        ("CAP_ENDPOINT", "http://cap.example.com/"),
        ("TURNSTILE_ENDPOINT", "x"),
        ("RECAPTCHA_KIND", "x"),
    ];
    let verify = |flow: &str| {
        let own = [
            ("AUTH_FLOW", flow),
            ("AUTH_SESSION_MINUTES", "3"),
            ("CHALLENGE_SECRET", SECRET),
        ];
        let environment = Environment::new(own.into_iter().chain(broken));
        verify_auth_challenge::Function::configure(&environment, &Verifiers::standard()).map(|_| ())
    };
    assert_eq!(verify(DEFAULT_FLOW), Ok(()));
    for challenge in TYPES {
        assert!(verify(&format!("CAPTCHA|{challenge}:3")).is_err(), "{challenge}");
    }
}
