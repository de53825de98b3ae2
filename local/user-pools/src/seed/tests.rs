use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::srp::Identity;
use crate::storage::{Memory, Records};
use crate::totp::Secret;
use crate::{Call, Clock, Failure, Journal, Lambda, Mail, Message, Random, Settings, UserPools, users};

const POOL: &str = "us-east-1_LocalPool";
const SALT: &str = "c2FsdHNhbHRzYWx0c2FsdA==";

/// Functions, messages and a terminal that do nothing.
struct Nothing;

#[async_trait::async_trait]
impl Lambda for Nothing {
    async fn invoke(&self, _: &str, _: bytes::Bytes) -> Result<bytes::Bytes, Failure> {
        Err(Failure::Unknown)
    }
}

impl Mail for Nothing {
    fn send(&self, _: Message, _: Duration) {}
}

impl Journal for Nothing {
    fn call(&self, _: &Call<'_>) {}

    fn warn(&self, _: &str) {}
}

fn pools(memory: &Arc<Memory>, properties: &Value) -> UserPools {
    let pools = UserPools::new(Settings {
        region: "us-east-1".into(),
        issuer: "http://127.0.0.1:9229".into(),
        debug_answers: false,
        clock: Clock::system(),
        random: Random::system(),
        records: Records::new(Arc::clone(memory) as _),
        lambda: Arc::new(Nothing),
        mail: Arc::new(Nothing),
        journal: Arc::new(Nothing),
    });
    let pools = pools.unwrap();
    let properties = properties.as_object().unwrap();
    pools.add_pool(POOL, "UserPool", &BTreeMap::new(), properties).unwrap();
    pools
}

fn seed(value: Value) -> Seed {
    serde_json::from_value(value).unwrap()
}

fn ana() -> Value {
    json!({
        "groups": [{"name": "staff", "precedence": 1}],
        "users": [{
            "username": "ana", "password": "Passw0rd!", "groups": ["staff"],
            "attributes": {"email": "ana@example.com", "email_verified": true},
        }],
    })
}

fn user(pools: &UserPools, login: &str) -> Arc<users::User> {
    let pool = pools.0.directory.pool(POOL).unwrap();
    pools.0.directory.user(&pool, login).unwrap()
}

fn exported(pools: &UserPools) -> Value {
    let records = pools.0.settings.records.clone();
    serde_json::to_value(Seed::of(records, POOL).unwrap()).unwrap()
}

fn signs_in(pools: &UserPools, login: &str, password: &str) -> bool {
    let user = user(pools, login);
    let identity = Identity {
        pool: POOL,
        user: &user.name,
    };
    user.password
        .as_ref()
        .is_some_and(|known| known.matches(identity, password))
}

#[test]
fn a_seed_makes_users_once_and_changes_nothing_the_second_time() {
    let memory = Arc::new(Memory::default());
    let pools = pools(&memory, &json!({}));
    pools.seed(POOL, &seed(ana())).unwrap();
    assert!(signs_in(&pools, "ana", "Passw0rd!"));
    let (before, user_before) = (exported(&pools), serde_json::to_vec(&*user(&pools, "ana")).unwrap());
    assert_eq!(before["users"][0]["attributes"]["email_verified"], "true");
    assert_eq!(before["users"][0]["groups"], json!(["staff"]));
    pools.seed(POOL, &seed(ana())).unwrap();
    assert_eq!(exported(&pools), before);
    assert_eq!(serde_json::to_vec(&*user(&pools, "ana")).unwrap(), user_before);
}

#[test]
fn a_user_who_exists_becomes_like_the_seed_and_keeps_the_rest() {
    let pools = pools(&Arc::default(), &json!({}));
    pools.seed(POOL, &seed(ana())).unwrap();
    let sub = user(&pools, "ana").sub.clone();
    let other = json!({"users": [{
        "username": "ana", "password": "An0ther!pw", "enabled": false, "status": "FORCE_CHANGE_PASSWORD",
        "attributes": {"email": "new@example.com", "email_verified": true},
    }]});
    for _ in 0..2 {
        pools.seed(POOL, &seed(other.clone())).unwrap();
        let ana = user(&pools, "ana");
        assert!(ana.sub == sub && ana.disabled && ana.status == Status::ForceChangePassword);
        assert_eq!(ana.attributes["email"], "new@example.com");
        assert_eq!(ana.attributes["email_verified"], "true");
        assert!(signs_in(&pools, "ana", "An0ther!pw") && !signs_in(&pools, "ana", "Passw0rd!"));
        assert_eq!(exported(&pools)["users"][0]["groups"], json!(["staff"]));
    }
}

#[test]
fn what_is_exported_makes_the_same_users_in_another_folder() {
    for (properties, login) in [
        (json!({}), "ana"),
        (json!({"UsernameAttributes": ["email"]}), "ana@example.com"),
    ] {
        let first = pools(&Arc::default(), &properties);
        let mut given = ana();
        given["users"][0]["username"] = json!(login);
        given["users"][0]["mfa"] = json!({
            "enabled": ["SOFTWARE_TOKEN_MFA"], "preferred": "SOFTWARE_TOKEN_MFA",
            "softwareToken": Secret::generate(&Random::system()).unwrap().base32(),
        });
        let verifier = json!({"salt": SALT, "verifier": SALT});
        given["users"][0]["devices"] = json!([{"key": "k", "name": "phone", "passwordVerifier": verifier}]);
        first.seed(POOL, &seed(given)).unwrap();
        let written = exported(&first);
        let ana = &written["users"][0];
        assert_eq!(
            (&ana["devices"][0]["name"], &ana["mfa"]["preferred"], &ana["groups"]),
            (&json!("phone"), &json!("SOFTWARE_TOKEN_MFA"), &json!(["staff"]))
        );
        let second = pools(&Arc::default(), &properties);
        for _ in 0..2 {
            second.seed(POOL, &seed(written.clone())).unwrap();
            assert_eq!(exported(&second), written);
        }
        assert!(signs_in(&second, login, "Passw0rd!") && !signs_in(&second, login, "passw0rd!"));
        assert_eq!(user(&second, login).sub, user(&first, login).sub);
        assert_eq!(written["users"][0]["username"], login);
        assert!(!written.to_string().contains("Passw0rd!"));
    }
}

/// Changes one value in the seed of `ana`. Returns the place of the error and the problem.
fn rejected(properties: &Value, place: &str, value: Value) -> (String, String) {
    let pools = pools(&Arc::default(), properties);
    let mut given = ana();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match given.pointer_mut(parent).unwrap() {
        Value::Array(items) => items.push(value),
        parent => parent[key] = value,
    }
    let error = pools.seed(POOL, &seed(given)).unwrap_err();
    assert_eq!(exported(&pools), json!({"groups": [], "users": []}), "{place}");
    let steps = error.place.iter().map(|step| match step {
        Step::Item(index) => index.to_string(),
        Step::Key(key) => key.clone(),
    });
    (steps.collect::<Vec<_>>().join("/"), error.problem)
}

#[test]
fn a_value_that_cannot_be_used_is_named_and_nothing_is_made() {
    let verifier = || json!({"salt": SALT, "verifier": SALT});
    for (at, value, place, problem) in [
        (
            "/users/0/password",
            json!("short"),
            "users/0/password",
            "not long enough",
        ),
        ("/users/0/username", json!("a b"), "users/0/username", "without spaces"),
        (
            "/users/0/groups/",
            json!("stafff"),
            "users/0/groups/1",
            "unknown group `stafff` (known: staff)",
        ),
        (
            "/users/0/attributes",
            json!({"custom:x": "1"}),
            "users/0/attributes/custom:x",
            "could not be determined",
        ),
        (
            "/users/",
            json!({"username": "ana"}),
            "users/1/username",
            "user `ana` exists already, in users[0]",
        ),
        (
            "/groups/",
            json!({"name": "staff"}),
            "groups/1/name",
            "group `staff` exists already, in groups[0]",
        ),
        (
            "/groups/0/precedence",
            json!(3_000_000_000_u32),
            "groups/0/precedence",
            "at most 2147483647",
        ),
        (
            "/users/0/passwordVerifier",
            verifier(),
            "users/0/passwordVerifier",
            "cannot be beside `password`",
        ),
        (
            "/users/0/mfa",
            json!({"enabled": ["SMS"]}),
            "users/0/mfa/enabled/0",
            "unknown factor `SMS` (known: EMAIL_OTP",
        ),
        (
            "/users/0/mfa",
            json!({"preferred": "SMS_MFA"}),
            "users/0/mfa/preferred",
            "is not among `enabled`",
        ),
        (
            "/users/0/mfa",
            json!({"softwareToken": "A"}),
            "users/0/mfa/softwareToken",
            "32 bytes in base32",
        ),
        (
            "/users/0/devices",
            json!([{"key": "k", "passwordVerifier": {"salt": "", "verifier": ""}}]),
            "users/0/devices/0/passwordVerifier",
            "in base64",
        ),
    ] {
        let (found, text) = rejected(&json!({}), at, value);
        assert_eq!(found, place, "{text}");
        assert!(text.contains(problem), "{text}");
    }
    let required = json!({"Schema": [{"Name": "given_name", "Required": true}]});
    let (place, text) = rejected(&required, "/users/0/enabled", json!(true));
    assert_eq!(
        (place.as_str(), text.contains("given_name: The attribute is required")),
        ("users/0", true)
    );
}

#[test]
fn keys_and_types_that_do_not_exist_are_not_read() {
    for (wrong, message) in [
        (json!({"user": []}), "unknown field `user`"),
        (
            json!({"users": [{"username": "ana", "pasword": "x"}]}),
            "unknown field `pasword`",
        ),
        (
            json!({"users": [{"username": "ana", "status": "CONFRMED"}]}),
            "unknown variant `CONFRMED`",
        ),
        (
            json!({"users": [{"username": "ana", "attributes": {"phone_number": 3}}]}),
            "put numbers in quotes",
        ),
        (json!({"users": [{}]}), "missing field `username`"),
    ] {
        let error = serde_json::from_value::<Seed>(wrong).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_pool_that_is_not_there_is_named_with_those_that_are() {
    let pools = pools(&Arc::default(), &json!({}));
    let error = Seed::of(pools.0.settings.records.clone(), "us-east-1_other").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("no user pool has the id `us-east-1_other` (known: {POOL})")
    );
}
