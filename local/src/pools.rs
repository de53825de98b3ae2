//! The user pools of a run: the template's, one without the password for clients that know no SRP, and who is in them.

use std::collections::BTreeMap;

use cognito_challenge::challenges::security_question::{ATTRIBUTE, EnrollError, Enrollment, Question};
use cognito_challenge::keys::{KeyError, Keys};
use cognito_challenge::texts::Texts;
use uuid::Uuid;

use crate::cognito::{Cognito, SetUpError, SinceMade};
use crate::console::DemoUser;
use crate::launch;
use crate::template::{Template, UserPool};

/// The app client of the template.
pub(crate) const CLIENT_ID: &str = "localclient000000000000000";

/// The app client whose sign-ins ask for no password.
pub(crate) const CLIENT_ID_NO_PASSWORD: &str = "localclientnopassword00000";

const DEMO_USER: &str = "demo";
const DEMO_PASSWORD: &str = "Passw0rd!demo";
const DEMO_ANSWERS: [(&str, &str); 3] = [
    ("birth-city", "Seattle"),
    ("first-pet", "Peccy"),
    ("first-teacher", "Ms Ada"),
];

/// Why the pools could not be filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PoolsError {
    #[error("cannot enrol the demo user's answers: {0}")]
    Enroll(#[from] EnrollError),
    #[error("cannot enrol the demo user's answers: {0}")]
    Key(#[from] KeyError),
    #[error("the template has no user pool with an app client: nobody could sign in")]
    NoClient,
    #[error("template: {0}")]
    SetUp(#[from] SetUpError),
}

/// The id of the template's first user pool.
pub(crate) fn pool_id(region: &str) -> String {
    format!("{region}_LocalPool")
}

/// Makes the pools and app clients of `template` and, where its flow starts with a password, a second pool like the
/// first whose functions run the flow without.
pub(crate) fn make(cognito: &Cognito, template: &Template, region: &str) -> Result<(), PoolsError> {
    if template.clients.is_empty() {
        return Err(PoolsError::NoClient);
    }
    for pool in &template.user_pools {
        cognito.add_pool_from_template(pool, &pool_id_of(template, &pool.logical_id, region))?;
    }
    for (index, client) in template.clients.iter().enumerate() {
        let id = if index == 0 { CLIENT_ID } else { &client.logical_id };
        cognito.add_client_from_template(client, &pool_id_of(template, &client.user_pool, region), id)?;
    }
    let twin = launch::flow(template).and_then(launch::without_password);
    if let (Some(_), Some(pool), Some(client)) = (twin, template.user_pools.first(), template.clients.first()) {
        let id = twin_id(region);
        cognito.add_pool_from_template(&without_password(pool, template), &id)?;
        cognito.add_client_from_template(client, &id, CLIENT_ID_NO_PASSWORD)?;
    }
    Ok(())
}

/// Adds the demo user to the template's first pool and to its twin, if there is one, unless it is there already.
pub(crate) fn add_demo_user(
    cognito: &Cognito,
    template: &Template,
    region: &str,
    secret: &str,
) -> Result<DemoUser, PoolsError> {
    let mut pools = vec![pool_id(region)];
    if launch::flow(template).and_then(launch::without_password).is_some() {
        pools.push(twin_id(region));
    }
    pools.retain(|pool| cognito.user_since_made(pool, DEMO_USER).is_none());
    if !pools.is_empty() {
        let attributes = demo_attributes(secret)?;
        for pool in &pools {
            cognito.add_demo_user(pool, DEMO_USER, DEMO_PASSWORD, attributes.clone())?;
        }
    }
    let texts = Texts::standard();
    let answers = DEMO_ANSWERS.into_iter().filter_map(|(id, answer)| {
        Some((
            Question::with_id(id)?.words(&texts, &["en"]).to_owned(),
            answer.to_owned(),
        ))
    });
    Ok(DemoUser {
        name: DEMO_USER.into(),
        password: DEMO_PASSWORD.into(),
        answers: answers.collect(),
        is_changed: cognito.user_since_made(&pool_id(region), DEMO_USER) == Some(SinceMade::Changed),
    })
}

fn demo_attributes(secret: &str) -> Result<BTreeMap<String, String>, PoolsError> {
    let salt = || Uuid::new_v4().into_bytes();
    let enrolled = Enrollment::new(DEMO_ANSWERS, &Keys::parse(secret)?, salt)?.to_attribute();
    Ok(BTreeMap::from(
        [
            (ATTRIBUTE, enrolled.as_str()),
            ("email", "demo@example.com"),
            ("email_verified", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    ))
}

fn pool_id_of(template: &Template, logical_id: &str, region: &str) -> String {
    match template.user_pools.first() {
        Some(first) if first.logical_id == logical_id => pool_id(region),
        _ => format!("{region}_{logical_id}"),
    }
}

fn twin_id(region: &str) -> String {
    format!("{region}_NoPassword")
}

/// `pool` with the triggers that run the flow without its password.
fn without_password(pool: &UserPool, template: &Template) -> UserPool {
    let mut twin = pool.clone();
    for function in twin.triggers.values_mut() {
        if launch::has_twin(template, function) {
            *function = launch::twin(function);
        }
    }
    twin
}
