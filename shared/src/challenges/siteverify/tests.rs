use std::collections::HashMap;

use super::*;
use crate::keys::Keys;
use crate::user::Existence;

#[test]
fn each_provider_has_unique_names() {
    let providers = [&CAP, &HCAPTCHA, &RECAPTCHA, &TURNSTILE];
    let mut names: Vec<&str> = providers
        .iter()
        .flat_map(|p| [p.name, p.secret, p.endpoint, p.public_key, p.nonce])
        .chain(providers.iter().filter_map(|p| p.site_key))
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_request_has_the_format_that_the_provider_documents() {
    let (media_type, body) = request(&HCAPTCHA, "se&cret", "P1_a.b+c/d=", Some("10000000-ffff"));
    assert_eq!(media_type, "application/x-www-form-urlencoded");
    assert_eq!(
        body,
        "secret=se%26cret&response=P1_a.b%2Bc%2Fd%3D&sitekey=10000000-ffff"
    );
    for provider in [&RECAPTCHA, &TURNSTILE] {
        let (media_type, body) = request(provider, "s", "t", Some("key"));
        assert_eq!(media_type, "application/x-www-form-urlencoded");
        assert_eq!(body, "secret=s&response=t");
    }
    let (media_type, body) = request(&CAP, "s\"", "key:id:token", None);
    assert_eq!(media_type, "application/json");
    assert_eq!(body, r#"{"secret":"s\"","response":"key:id:token"}"#);
}

#[test]
fn a_binding_depends_on_pool_user_and_challenge_and_hides_the_nonce() {
    let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
    let of = |pool, name, nonce| {
        let user = User::new(pool, name, Existence::Existing, &attributes);
        binding(keys.current(), &user, nonce)
    };
    let one = of("p", "ada", "nonce");
    assert_eq!(one, of("p", "ada", "nonce"));
    assert_eq!(one.len(), 32);
    for other in [of("q", "ada", "nonce"), of("p", "bea", "nonce"), of("p", "ada", "once")] {
        assert_ne!(one, other);
    }
    // Cloudflare accepts at most 255 letters, digits, `_` and `-`.
    assert!(one.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn an_answer_to_another_challenge_is_not_a_token() {
    for text in [
        "acdeh",
        "271828",
        "correct horse battery",
        "",
        "Ünïcödé-token-text",
        "x\"y<script>alert(1)",
    ] {
        assert!(!is_token(text), "{text}");
    }
    for token in [
        "XXXX.DUMMY.TOKEN.XXXX",
        "10000000-aaaa-bbbb-cccc-000000000001",
        "d9256640cb53:0123456789abcdef:00112233",
        "03AGdBq25_-abcdefghijklmnop",
        "0.AbC-dEf_gHi.jKl==",
    ] {
        assert!(is_token(token), "{token}");
    }
}

#[test]
fn keys_with_spaces_are_rejected_and_not_quoted() {
    assert_eq!(parse_key("0x4AAA-b_c").as_deref(), Ok("0x4AAA-b_c"));
    for key in ["a b", "a\n", "é", &"x".repeat(257)] {
        let error = parse_key(key).unwrap_err();
        assert!(!error.contains(key));
    }
}
