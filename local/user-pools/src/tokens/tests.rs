use std::sync::LazyLock;

use super::*;
use crate::pools::{Pool, Triggers};
use crate::sign_in::act::authentication_result;
use crate::sign_in::decide::{Device, after_refresh};
use crate::users::Status;

/// The keys of all tests. Generating keys is slow.
pub(crate) static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate().unwrap()));

const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_p";
const NOW: Duration = Duration::from_secs(1_700_000_000);

fn client() -> Client {
    let properties = json!({"ReadAttributes": ["email", "email_verified", "address", "custom:level"]});
    let schema = json!({"Schema": [{"Name": "level", "AttributeDataType": "Number"}, {"Name": "security_questions"}]});
    let schema = schema.as_object().unwrap().clone();
    let pool = Pool::new("us-east-1_p".into(), "p".into(), Triggers::default(), schema, NOW).unwrap();
    Client::new(
        "client".into(),
        &pool,
        None,
        properties.as_object().unwrap().clone(),
        NOW,
    )
    .unwrap()
}

fn user() -> User {
    let attributes = [
        ("address", "Elm Street"),
        ("custom:level", "3"),
        ("custom:security_questions", "hashes"),
        ("email", "a@example.com"),
        ("email_verified", "true"),
        ("name", "Ana"),
    ];
    User {
        name: "ana".into(),
        sub: "the sub".into(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        password: None,
        password_set: Duration::ZERO,
        status: Status::Confirmed,
        disabled: false,
        codes: crate::users::codes::Codes::default(),
        mfa: crate::users::mfa::UserMfa::default(),
        devices: Vec::new(),
        created: NOW,
        modified: NOW,
    }
}

fn result() -> Value {
    let (client, user, random) = (client(), user(), Random::system());
    let holder = Holder::new(&client, &user, ISSUER, NOW, &random).unwrap();
    let granted = after_refresh("the sub", Some(&user), Device::default()).unwrap();
    authentication_result(granted, &holder, &KEYS, Some("opaque".into()), NOW).unwrap()
}

fn read(token: &str, now: Duration) -> Result<AccessClaims, Error> {
    AccessClaims::read(token, &KEYS, |_| Some(ISSUER.into()), now)
}

#[test]
fn claims_are_cognitos() {
    let result = result();
    assert_eq!(
        (&result["ExpiresIn"], &result["TokenType"], &result["RefreshToken"]),
        (&json!(3600), &json!("Bearer"), &json!("opaque"))
    );
    let id: Map<String, Value> = KEYS.id.verify(result["IdToken"].as_str().unwrap()).unwrap();
    let access: Map<String, Value> = KEYS.access.verify(result["AccessToken"].as_str().unwrap()).unwrap();
    let expected = json!({
        "sub": "the sub", "iss": ISSUER, "cognito:username": "ana", "aud": "client", "token_use": "id",
        "auth_time": 1_700_000_000, "iat": 1_700_000_000, "exp": 1_700_003_600,
        "address": {"formatted": "Elm Street"}, "custom:level": "3", "email": "a@example.com", "email_verified": true,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&id[key], value, "{key}");
    }
    let ids = ["origin_jti", "event_id", "jti"];
    assert!(
        id.keys()
            .all(|key| expected.get(key).is_some() || ids.contains(&key.as_str())),
        "{id:?}"
    );
    let expected = json!({
        "sub": "the sub", "iss": ISSUER, "client_id": "client", "username": "ana", "token_use": "access",
        "scope": "aws.cognito.signin.user.admin", "auth_time": 1_700_000_000, "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&access[key], value, "{key}");
    }
    assert!(
        access
            .keys()
            .all(|key| expected.get(key).is_some() || ids.contains(&key.as_str())),
        "{access:?}"
    );
    assert_eq!(
        (&id["origin_jti"], &id["event_id"]),
        (&access["origin_jti"], &access["event_id"])
    );
    assert_ne!(id["jti"], access["jti"]);
}

#[test]
fn an_access_token_counts_until_it_expires() {
    let result = result();
    let token = result["AccessToken"].as_str().unwrap();
    assert_eq!(read(token, NOW).unwrap().username, "ana");
    let error = read(token, NOW + Duration::from_hours(1)).unwrap_err();
    assert_eq!(error.message, "Access Token has expired");
}

#[test]
fn nothing_else_passes_for_an_access_token() {
    let result = result();
    let token = result["AccessToken"].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let forged = KEYS.id.sign(&client_claims("access", "client")).unwrap();
    let wrong_use = KEYS.access.sign(&client_claims("id", "client")).unwrap();
    for bad in [
        "",
        "a.b.c",
        &format!("{}..{}", parts[0], parts[2]),
        &format!("{}.{}.", parts[0], parts[1]),
        &format!("eyJhbGciOiJub25lIn0.{}.", parts[1]),
        &token[..token.len() - 2],
        result["IdToken"].as_str().unwrap(),
        &forged,
        &wrong_use,
    ] {
        assert_eq!(read(bad, NOW).unwrap_err().message, "Invalid Access Token", "{bad}");
    }
    let other = AccessClaims::read(token, &KEYS, |_| Some("https://elsewhere".into()), NOW);
    assert!(other.is_err());
    assert!(AccessClaims::read(token, &KEYS, |_| None, NOW).is_err());
}

fn client_claims(token_use: &str, client: &str) -> Value {
    let id = Uuid::nil();
    json!({
        "sub": "the sub", "iss": ISSUER, "client_id": client, "username": "ana", "token_use": token_use, "scope": SCOPE,
        "auth_time": 1, "iat": 1, "exp": 9_999_999_999_u64, "origin_jti": id, "event_id": id, "jti": id,
    })
}

#[test]
fn the_published_keys_are_two_and_have_names() {
    let jwks = KEYS.jwks();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0]["kid"], keys[1]["kid"]);
    assert!(
        keys.iter()
            .all(|key| key["kty"] == "RSA" && key["e"] == "AQAB" && key["n"].as_str().unwrap().len() > 300)
    );
}
