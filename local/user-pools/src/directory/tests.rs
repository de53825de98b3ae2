//! Stored data is the same after it was read from the storage.

use std::collections::BTreeMap;

use super::*;
use crate::fields::Fields;
use crate::groups::Group;
use crate::mail::Medium;
use crate::pools::Triggers;
use crate::pools::mfa::Factor;
use crate::random::Random;
use crate::srp::{Identity, Verifier};
use crate::storage::Memory;
use crate::tokens::keys::KeyRing;
use crate::totp::Secret;
use crate::users::codes::{Codes, Purpose};
use crate::users::devices::Device;
use crate::users::mfa::{Token, UserMfa};
use crate::users::{Decoys, Status};
use crate::{Call, Journal};
use serde_json::{Value, json};

const NOW: Duration = Duration::new(1_700_000_000, 123_456_789);
const POOL: &str = "us-east-1_p";

/// The lines of the terminal.
#[derive(Default)]
struct Log(std::sync::Mutex<Vec<String>>);

impl Journal for Log {
    fn call(&self, _: &Call<'_>) {}

    fn warn(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// A storage that outlives its user pools.
struct Lasting(Arc<Memory>);

impl Lasting {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn records(&self) -> Records {
        Records::new(self.0.clone())
    }

    fn directory(&self) -> Directory {
        Directory::open(self.records(), &Log::default()).unwrap()
    }
}

fn pool(id: &str, properties: Value) -> Pool {
    let Value::Object(properties) = properties else {
        panic!("{properties} is no object")
    };
    let functions = [
        ("DefineAuthChallenge", "D"),
        ("CustomMessage", "M"),
        ("PreTokenGenerationConfig", "P"),
    ];
    let config = json!({"PreTokenGenerationConfig": {"LambdaVersion": "V2_0"}});
    let config = Fields::new("LambdaConfig", config.as_object().unwrap());
    let triggers = Triggers::new(functions, &config).unwrap();
    Pool::new(id.into(), "the pool".into(), triggers, properties, NOW).unwrap()
}

fn client(id: &str, pool: &Pool, properties: Value) -> Client {
    let Value::Object(properties) = properties else {
        panic!("{properties} is no object")
    };
    Client::new(id.into(), pool, Some("the client's secret".into()), properties, NOW).unwrap()
}

fn verifier(password: &str) -> Verifier {
    let identity = Identity {
        pool: POOL,
        user: "ana",
    };
    Verifier::new(identity, password, [7; 16])
}

/// A user with a value in every field.
fn ana() -> User {
    let mut codes = Codes::default();
    for purpose in [Purpose::Attribute(Medium::Sms), Purpose::Password, Purpose::SignUp] {
        codes.add(purpose, "482913".into(), (Medium::Email, "a@example.com".into()), NOW);
    }
    codes.spend(Purpose::SignUp, "wrong", NOW).unwrap_err();
    let device = Device {
        key: "us-east-1_device".into(),
        name: Some("laptop".into()),
        verifier: verifier("the device's"),
        remembered: true,
        created: NOW,
        modified: NOW * 2,
        authenticated: NOW * 3,
    };
    User {
        name: "ana/bea\0\u{e9}".into(),
        sub: "the sub".into(),
        attributes: BTreeMap::from([("email".to_owned(), "a@example.com".to_owned())]),
        password: Some(verifier("Passw0rd!")),
        password_set: NOW * 4,
        status: Status::ResetRequired,
        disabled: true,
        codes,
        mfa: UserMfa {
            token: Some(Token::new(
                Secret::generate(&Random::system()).unwrap(),
                Some("phone".into()),
                56_666_666,
            )),
            handed_out: Some(Secret::generate(&Random::system()).unwrap()),
            enabled: Factor::ALL.into(),
            preferred: Some(Factor::SoftwareToken),
        },
        devices: vec![device],
        created: NOW,
        modified: NOW * 2,
    }
}

fn refresh(client: &str, device: Option<&str>) -> Refresh {
    Refresh {
        rotated: None,
        revoked: false,
        client: client.into(),
        user: "ana".into(),
        sub: "the sub".into(),
        auth_time: NOW,
        origin: Uuid::new_v4(),
        device: device.map(Into::into),
        expires: NOW * 2,
    }
}

/// Returns the stored form of a record.
fn written(record: &impl serde::Serialize) -> Value {
    serde_json::to_value(record).unwrap()
}

#[test]
fn a_user_comes_back_with_every_field() {
    let (lasting, user) = (Lasting::new(), ana());
    let pool = pool(POOL, json!({}));
    let before = {
        let directory = lasting.directory();
        directory.add_pool(pool.clone()).unwrap();
        directory.add_user(&pool, user.clone()).unwrap();
        written(&*directory.user(&pool, &user.name).unwrap())
    };
    let directory = lasting.directory();
    let mut found = User::clone(&directory.user(&pool, &user.name).unwrap());
    assert_eq!(written(&found), before);
    assert!(
        before.as_object().unwrap().values().all(|field| !field.is_null()),
        "{before}"
    );
    // The stored form cannot show this, because both sides of the comparison would lack it.
    assert_eq!(found.password, user.password);
    assert_eq!(found.devices[0].verifier, user.devices[0].verifier);
    assert_eq!(found.mfa.handed_out, user.mfa.handed_out);
    assert!(found.codes.spend(Purpose::Password, "482913", NOW).is_ok());
    let wrong = |user: &mut User| user.codes.spend(Purpose::SignUp, "wrong", NOW).unwrap_err().name;
    for _ in 0..9 {
        assert_eq!(wrong(&mut found), "CodeMismatchException");
    }
    assert_eq!(
        wrong(&mut found),
        "ExpiredCodeException",
        "the first wrong one was not counted"
    );
}

#[test]
fn changes_and_removals_of_users_last() {
    let (lasting, pool) = (Lasting::new(), pool(POOL, json!({})));
    {
        let directory = lasting.directory();
        directory.add_pool(pool.clone()).unwrap();
        for name in ["ana", "bea"] {
            directory
                .add_user(
                    &pool,
                    User {
                        name: name.into(),
                        ..ana()
                    },
                )
                .unwrap();
        }
        let confirm = |user: &mut User| {
            user.status = Status::Confirmed;
            Ok(())
        };
        directory.update_user(&pool, "ana", confirm).unwrap();
        directory.remove_user(&pool, "bea").unwrap();
    }
    let directory = lasting.directory();
    assert_eq!(directory.user(&pool, "ana").unwrap().status, Status::Confirmed);
    assert!(directory.user(&pool, "bea").is_none());
}

#[test]
fn groups_last_and_lose_the_users_that_are_removed() {
    let (lasting, pool, ana) = (Lasting::new(), pool(POOL, json!({})), ana());
    {
        let directory = lasting.directory();
        directory.add_pool(pool.clone()).unwrap();
        directory.add_user(&pool, ana.clone()).unwrap();
        let add = |groups: &mut Groups| {
            groups.add(Group::new("admins".into(), NOW))?;
            groups.set_member("admins", &ana.sub, true)
        };
        directory.update_groups(&pool, add).unwrap();
    }
    {
        let directory = lasting.directory();
        assert_eq!(directory.memberships(&pool, &ana).groups, ["admins"]);
        directory.remove_user(&pool, &ana.name).unwrap();
    }
    let directory = lasting.directory();
    assert!(directory.memberships(&pool, &ana).groups.is_empty());
    assert!(directory.groups(&pool).find("admins").is_ok());
}

#[test]
fn pools_and_clients_come_back_as_they_were_changed() {
    let lasting = Lasting::new();
    let old = pool(POOL, json!({"Schema": [{"Name": "x"}]}));
    let properties = json!({"ClientName": "app", "ReadAttributes": ["custom:x"], "AuthSessionValidity": 5});
    {
        let directory = lasting.directory();
        directory.add_pool(old.clone()).unwrap();
        directory.add_client(client("client", &old, properties)).unwrap();
        let optional = json!({"Schema": [{"Name": "x"}], "MfaConfiguration": "OPTIONAL"});
        let Value::Object(optional) = optional else { panic!() };
        directory.update_pool(POOL, |pool| Ok(pool.with(optional)?)).unwrap();
        let rename = |known: &Client| {
            let mut properties = known.properties.clone();
            properties.insert("ClientName".into(), "renamed".into());
            Ok(Client::new(
                known.id.clone(),
                &old,
                known.secret.clone(),
                properties,
                known.created,
            )?)
        };
        directory.update_client(&old, "client", rename).unwrap();
    }
    let directory = lasting.directory();
    let (pool, client) = directory.client("client").unwrap();
    assert_eq!(
        (pool.name.as_str(), pool.created, pool.mfa.name()),
        ("the pool", NOW, "OPTIONAL")
    );
    assert_eq!(pool.triggers, old.triggers);
    assert_eq!((client.name.as_str(), client.created), ("renamed", NOW));
    assert_eq!(client.secret.as_deref(), Some("the client's secret"));
    assert_eq!(client.session_validity, Duration::from_mins(5));
    assert!(client.may_read("custom:x") && !client.may_read("email"));
}

#[test]
fn a_pool_takes_its_clients_users_and_tokens_with_it() {
    let lasting = Lasting::new();
    let (gone, stays) = (pool("us-east-1_gone", json!({})), pool("us-east-1_stays", json!({})));
    let token = {
        let directory = lasting.directory();
        for pool in [&gone, &stays] {
            directory.add_pool(pool.clone()).unwrap();
            directory
                .add_client(client(&format!("of {}", pool.id), pool, json!({})))
                .unwrap();
            directory.add_user(pool, ana()).unwrap();
        }
        let token = directory
            .add_refresh_token(refresh("of us-east-1_gone", None), NOW, &Random::system())
            .unwrap();
        directory.remove_pool(&gone, NOW).unwrap();
        token
    };
    let directory = lasting.directory();
    assert_eq!(directory.pools().len(), 1);
    assert!(directory.client("of us-east-1_gone").is_err() && directory.client("of us-east-1_stays").is_ok());
    assert_eq!((directory.count_users(&gone), directory.count_users(&stays)), (0, 1));
    let client = client("of us-east-1_gone", &gone, json!({}));
    assert!(directory.refresh_token(&token, &client, NOW).is_err());
    assert!(directory.add_user(&gone, ana()).is_err() && directory.add_client(client).is_err());
}

#[test]
fn refresh_tokens_last_until_their_sign_in_is_ended() {
    let (lasting, pool) = (Lasting::new(), pool(POOL, json!({})));
    let client = client("client", &pool, json!({}));
    let (good, ended) = (refresh("client", Some("device")), refresh("client", None));
    let (kept, revoked) = {
        let directory = lasting.directory();
        directory.add_pool(pool.clone()).unwrap();
        directory.add_client(client.clone()).unwrap();
        let kept = directory
            .add_refresh_token(good.clone(), NOW, &Random::system())
            .unwrap();
        let revoked = directory
            .add_refresh_token(ended.clone(), NOW, &Random::system())
            .unwrap();
        directory.revoke_token(&revoked, &client, NOW).unwrap();
        (kept, revoked)
    };
    let directory = lasting.directory();
    assert_eq!(
        written(&directory.refresh_token(&kept, &client, NOW).unwrap()),
        written(&good)
    );
    assert!(directory.refresh_token(&revoked, &client, NOW).is_err());
    assert!(directory.is_revoked(ended.origin) && !directory.is_revoked(good.origin));
    let day = NOW + Duration::from_hours(25);
    directory.revoke_user(&ana(), day).unwrap();
    drop(directory);
    let directory = lasting.directory();
    assert!(directory.refresh_token(&kept, &client, NOW).is_err() && directory.is_revoked(good.origin));
    assert!(
        !directory.is_revoked(ended.origin),
        "no token of that sign-in can be good any more"
    );
    let refused = directory.refresh_token(&revoked, &client, NOW).unwrap_err();
    assert_eq!(refused.message, "Refresh Token has been revoked");
}

#[test]
fn the_tokens_of_a_deleted_client_or_pool_do_not_fill_the_disk() {
    let (lasting, pool) = (Lasting::new(), pool(POOL, json!({})));
    let directory = lasting.directory();
    directory.add_pool(pool.clone()).unwrap();
    for id in ["one", "other"] {
        directory.add_client(client(id, &pool, json!({}))).unwrap();
        directory
            .add_refresh_token(refresh(id, None), NOW, &Random::system())
            .unwrap();
    }
    let left = || directory.records.all::<Refresh>(Kind::RefreshToken).unwrap().len();
    directory.remove_client(&pool, "one", NOW).unwrap();
    assert_eq!(left(), 1);
    directory.remove_pool(&pool, NOW).unwrap();
    assert_eq!(left(), 0);
}

#[test]
fn tokens_that_are_over_do_not_fill_the_disk() {
    let (lasting, pool) = (Lasting::new(), pool(POOL, json!({})));
    let directory = lasting.directory();
    directory.add_pool(pool.clone()).unwrap();
    directory.add_client(client("client", &pool, json!({}))).unwrap();
    for _ in 0..3 {
        directory
            .add_refresh_token(refresh("client", None), NOW, &Random::system())
            .unwrap();
    }
    directory
        .add_refresh_token(refresh("client", None), NOW * 2, &Random::system())
        .unwrap();
    let left = directory.records.all::<Refresh>(Kind::RefreshToken).unwrap();
    assert_eq!(left.len(), 1);
}

#[test]
fn the_template_wins_and_the_users_stay() {
    let lasting = Lasting::new();
    let before = pool(POOL, json!({"Schema": [{"Name": "x"}]}));
    let log = Log::default();
    {
        let directory = lasting.directory();
        directory.add_pool(before.clone()).unwrap();
        directory
            .add_user(
                &before,
                User {
                    name: "Ana".into(),
                    ..ana()
                },
            )
            .unwrap();
        directory
            .add_client(client("own", &before, json!({"ReadAttributes": ["custom:x"]})))
            .unwrap();
        directory.add_client(client("other", &before, json!({}))).unwrap();
    }
    let after = pool(POOL, json!({"UsernameConfiguration": {"CaseSensitive": false}}));
    lasting.directory().add_pool(after.clone()).unwrap();
    let directory = Directory::open(lasting.records(), &log).unwrap();
    assert_eq!(
        directory.user(&directory.pool(POOL).unwrap(), "aNA").unwrap().name,
        "Ana"
    );
    assert!(directory.client("other").is_ok() && directory.client("own").is_err());
    let told = log.0.lock().unwrap().join("\n");
    assert!(told.contains("app client own is skipped: `ReadAttributes`"), "{told}");
    // With the attribute, the client is back.
    directory.add_pool(before).unwrap();
    drop(directory);
    assert!(lasting.directory().client("own").is_ok());
}

#[test]
fn a_template_that_makes_one_of_two_users_is_refused() {
    let (lasting, strict) = (Lasting::new(), pool(POOL, json!({})));
    let directory = lasting.directory();
    directory.add_pool(strict.clone()).unwrap();
    for name in ["Ana", "ana"] {
        directory
            .add_user(
                &strict,
                User {
                    name: name.into(),
                    ..ana()
                },
            )
            .unwrap();
    }
    let blind = pool(POOL, json!({"UsernameConfiguration": {"CaseSensitive": false}}));
    let Err(error) = directory.add_pool(blind) else {
        panic!("it was taken")
    };
    assert!(
        error.message.contains("`ana`") && error.message.contains("cognito-loop reset"),
        "{error}"
    );
    assert_eq!(directory.count_users(&strict), 2);
}

#[tokio::test]
async fn keys_and_decoys_are_those_of_the_first_run() {
    let (lasting, pool) = (Lasting::new(), pool(POOL, json!({})));
    let run = async || {
        let records = lasting.records();
        let keys = KeyRing::of(&records, Arc::new(Log::default())).unwrap();
        let jwks = keys.keys().await.unwrap().jwks();
        (
            jwks,
            Decoys::of(&records, &Random::system())
                .unwrap()
                .verifier(&pool, "ghost"),
        )
    };
    let first = run().await;
    assert!(first == run().await);
}

#[test]
fn nothing_that_is_kept_shows_a_secret() {
    let user = ana();
    let shown = format!("{user:?}{:?}", Records::none());
    for secret in ["482913", "Passw0rd", "[7, 7"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
