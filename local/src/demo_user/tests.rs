//! The demo user of pools with other attributes than the template's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sam_template::{Code, Function, UserPool, UserPoolClient};
use serde_json::{Value, json};
use user_pools::storage::{Memory, Records};
use user_pools::{Call, Clock, Failure, Journal, Lambda, Mail, Message, Random, Settings};

use super::*;
use crate::pools::{make, pool_id, twin_id};

const REGION: &str = "us-east-1";
const SECRET: &str = "a development secret of 32 bytes";

struct Nothing;

#[async_trait]
impl Lambda for Nothing {
    async fn invoke(&self, _: &str, _: Bytes) -> Result<Bytes, Failure> {
        Err(Failure::Unknown)
    }
}

impl Journal for Nothing {
    fn call(&self, _: &Call<'_>) {}

    fn warn(&self, _: &str) {}
}

impl Mail for Nothing {
    fn send(&self, _: Message, _: Duration) {}
}

/// Returns a template with one pool that has these properties. Its flow starts with a password.
fn template(pool: Value) -> Template {
    let object = |value: Value| value.as_object().unwrap().clone();
    let flow = ("AUTH_FLOW".to_owned(), "PASSWORD,PAGER:3".to_owned());
    Template {
        functions: vec![Function {
            logical_id: "Define".into(),
            binary: "define".into(),
            folder: ".".into(),
            code: Code::Binary,
            environment: BTreeMap::from([flow]),
            timeout: Duration::from_secs(3),
            memory: 128,
        }],
        user_pools: vec![UserPool {
            logical_id: "Pool".into(),
            triggers: BTreeMap::new(),
            properties: object(pool),
        }],
        clients: vec![UserPoolClient {
            logical_id: "Client".into(),
            user_pool: "Pool".into(),
            properties: serde_json::Map::new(),
        }],
        buckets: BTreeMap::new(),
        tables: BTreeMap::new(),
        http_apis: Vec::new(),
        skipped: Vec::new(),
    }
}

/// Starts `local` once.
fn start(
    records: &Records,
    template: &Template,
    chosen: &[(&str, &str)],
) -> (UserPools, Result<DemoUser, DemoUserError>) {
    let settings = Settings {
        region: REGION.into(),
        issuer: "http://127.0.0.1:9229".into(),
        debug_answers: false,
        clock: Clock::system(),
        random: Random::system(),
        records: records.clone(),
        lambda: Arc::new(Nothing),
        mail: Arc::new(Nothing),
        journal: Arc::new(Nothing),
    };
    let pools = UserPools::new(settings).unwrap();
    make(&pools, template, REGION).unwrap();
    let chosen = chosen
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let user = add(&pools, template, REGION, SECRET, &chosen.collect());
    (pools, user)
}

fn attributes(pools: &UserPools, pool: &str, login: &str) -> BTreeMap<String, String> {
    pools.known_user(pool, login).unwrap().attributes
}

#[test]
fn answers_are_enrolled_and_shown_only_if_the_pool_has_the_attribute() {
    let without = template(json!({"Schema": [{"Name": "pager", "AttributeDataType": "String"}]}));
    let (pools, user) = start(&Records::none(), &without, &[]);
    assert!(user.unwrap().answers.is_empty());
    for pool in [pool_id(REGION), twin_id(REGION)] {
        let names: Vec<_> = attributes(&pools, &pool, DEMO_USER).into_keys().collect();
        let addresses = ["email", "email_verified", "phone_number", "phone_number_verified"];
        assert_eq!(names, addresses);
    }

    let with = template(json!({"Schema": [{"Name": "security_questions", "AttributeDataType": "String"}]}));
    let (pools, user) = start(&Records::none(), &with, &[]);
    assert_eq!(user.unwrap().answers.len(), DEMO_ANSWERS.len());
    assert!(attributes(&pools, &pool_id(REGION), DEMO_USER).contains_key(ATTRIBUTE));
}

#[test]
fn chosen_attributes_are_set_at_every_start_and_do_not_make_the_password_doubtful() {
    let records = Records::new(Arc::new(Memory::default()));
    let template = template(json!({"Schema": [
        {"Name": "pager", "AttributeDataType": "String"},
        {"Name": "badge", "AttributeDataType": "String", "Mutable": false},
    ]}));
    for pager in ["555-0100", "555-0101"] {
        let chosen = [
            ("custom:pager", pager),
            ("custom:badge", "7"),
            ("email", "ada@example.com"),
        ];
        let (pools, user) = start(&records, &template, &chosen);
        assert!(!user.unwrap().is_changed);
        for pool in [pool_id(REGION), twin_id(REGION)] {
            let attributes = attributes(&pools, &pool, DEMO_USER);
            assert_eq!(attributes["custom:pager"], pager);
            assert_eq!(attributes["email"], "ada@example.com");
        }
    }
}

#[test]
fn an_attribute_that_the_pool_lacks_is_named_with_those_that_it_has() {
    let template = template(json!({"Schema": [{"Name": "pager", "AttributeDataType": "String"}]}));
    for unknown in ["custom:pagr", "pager", "sub"] {
        let (_, user) = start(&Records::none(), &template, &[(unknown, "1")]);
        assert_eq!(
            user.unwrap_err().to_string(),
            format!(
                "`--demo-attribute {unknown}=…`: the user pool has no such attribute (its custom attributes: \
                 custom:pager)"
            )
        );
    }
}

#[test]
fn a_pool_without_names_has_a_demo_user_with_an_address_or_a_number() {
    for (attribute, login) in [("email", DEMO_EMAIL), ("phone_number", DEMO_PHONE_NUMBER)] {
        let template = template(json!({"UsernameAttributes": [attribute]}));
        let (pools, user) = start(&Records::none(), &template, &[]);
        assert_eq!(user.unwrap().name, login);
        assert_eq!(attributes(&pools, &pool_id(REGION), login)[attribute], login);
    }
}

#[test]
fn a_user_that_the_pool_does_not_take_is_an_error_that_names_the_flags() {
    let template = template(json!({"Schema": [{"Name": "given_name", "Required": true}]}));
    let (_, user) = start(&Records::none(), &template, &[]);
    let error = user.unwrap_err().to_string();
    for part in [
        "`demo`",
        "given_name: The attribute is required",
        "--demo-attribute",
        "--no-demo-user",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let (_, user) = start(&Records::none(), &template, &[("given_name", "Ada")]);
    assert!(user.is_ok());
}
