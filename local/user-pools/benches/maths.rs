//! The cost of the arithmetic of sign-ins: the server's half of SRP, a password, a token, and a code of an
//! authenticator app.
//!
//! `cargo bench -p user-pools --bench maths`.

#![expect(clippy::unwrap_used, reason = "a benchmark that finds something wrong stops")]

use std::hint::black_box;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

use user_pools::srp::{Exchange, Identity, Proof, PublicNumber, Verifier};
use user_pools::totp::Secret;
use user_pools::{Keys, Random};

/// An exchange whose numbers are the same in four client libraries.
const VECTORS: &str = include_str!("../src/srp-vectors.json");

criterion_group!(benches, passwords, exchange, tokens, codes);
criterion_main!(benches);

fn vector() -> Value {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    vectors.pointer("/vectors/0").unwrap().clone()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector.get(key).and_then(Value::as_str).unwrap()
}

fn number<const LEN: usize>(vector: &Value, key: &str) -> [u8; LEN] {
    let digits = format!("{:0>width$}", text(vector, key), width = LEN * 2);
    let bytes = (0..LEN).map(|index| u8::from_str_radix(digits.get(index * 2..index * 2 + 2).unwrap(), 16).unwrap());
    bytes.collect::<Vec<_>>().try_into().unwrap()
}

fn identity(vector: &Value) -> Identity<'_> {
    Identity {
        pool: text(vector, "pool"),
        user: text(vector, "USER_ID_FOR_SRP"),
    }
}

fn verifier(vector: &Value) -> Verifier {
    Verifier::new(identity(vector), text(vector, "password"), number(vector, "SALT"))
}

fn passwords(criterion: &mut Criterion) {
    let vector = vector();
    let (identity, password, kept) = (identity(&vector), text(&vector, "password"), verifier(&vector));
    assert!(kept.matches(identity, password));
    criterion.bench_function("a password is set: its verifier", |bencher| {
        bencher.iter(|| Verifier::new(identity, black_box(password), [7; 16]));
    });
    criterion.bench_function("a password is compared with its verifier", |bencher| {
        bencher.iter(|| kept.matches(identity, black_box(password)));
    });
}

fn exchange(criterion: &mut Criterion) {
    let vector = vector();
    let (identity, kept) = (identity(&vector), verifier(&vector));
    let answer = || {
        let client = PublicNumber::parse(black_box(text(&vector, "SRP_A"))).unwrap();
        Exchange::new(&client, kept.clone(), number(&vector, "b"))
    };
    let exchange = answer();
    assert_eq!(exchange.srp_b(), text(&vector, "SRP_B"));
    let secret_block = STANDARD.decode(text(&vector, "SECRET_BLOCK")).unwrap();
    let proof = Proof {
        secret_block: &secret_block,
        timestamp: text(&vector, "TIMESTAMP"),
        signature: text(&vector, "PASSWORD_CLAIM_SIGNATURE"),
    };
    assert!(exchange.accepts(identity, proof));
    criterion.bench_function("SRP: `SRP_A` is read and `SRP_B` written", |bencher| {
        bencher.iter(|| answer().srp_b());
    });
    criterion.bench_function("SRP: the shared key, and the client's proof with it", |bencher| {
        bencher.iter(|| exchange.accepts(identity, black_box(proof)));
    });
}

fn tokens(criterion: &mut Criterion) {
    let keys = Keys::generate().unwrap();
    let claims = json!({
        "sub": "8a1f2b3c-0000-4000-8000-00000000abcd",
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_aBcDeFgHi",
        "client_id": "localclient000000000000000",
        "origin_jti": "8a1f2b3c-0000-4000-8000-00000000abcd",
        "event_id": "8a1f2b3c-0000-4000-8000-00000000abcd",
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
        "auth_time": 1_700_000_000,
        "exp": 1_700_003_600,
        "iat": 1_700_000_000,
        "jti": "8a1f2b3c-0000-4000-8000-00000000abcd",
        "username": "demo",
    });
    let token = keys.access.sign(&claims).unwrap();
    assert_eq!(keys.access.verify(&token), Some(claims.clone()));
    criterion.bench_function("a token is signed: RSA of 2048 bits", |bencher| {
        bencher.iter(|| keys.access.sign(black_box(&claims)).unwrap());
    });
    criterion.bench_function("a token's signature is checked", |bencher| {
        bencher.iter(|| keys.access.verify::<Value>(black_box(&token)).unwrap());
    });
}

fn codes(criterion: &mut Criterion) {
    let (secret, now) = (
        Secret::generate(&Random::system()).unwrap(),
        Duration::from_secs(1_700_000_000),
    );
    criterion.bench_function("a wrong code of an authenticator app", |bencher| {
        bencher.iter(|| secret.step(black_box("wrong"), now));
    });
}
