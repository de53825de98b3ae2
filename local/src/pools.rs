//! The user pools of a run: the template's, one without the password for clients without SRP, and their users.

use std::collections::BTreeMap;

use cognito_challenge::challenges::security_question::{ATTRIBUTE, EnrollError, Enrollment, Question};
use cognito_challenge::keys::{KeyError, Keys};
use cognito_challenge::texts::Texts;
use sam_template::{Template, UserPool, UserPoolClient};
use user_pools::{SetUpError, UserPools};
use uuid::Uuid;

use crate::console::DemoUser;
use crate::flow;

/// The app client of the template.
pub(crate) const CLIENT_ID: &str = "localclient000000000000000";

/// The app client whose sign-ins ask for no password.
pub(crate) const CLIENT_ID_NO_PASSWORD: &str = "localclientnopassword00000";

const DEMO_USER: &str = "demo";
const DEMO_EMAIL: &str = "demo@example.com";
/// A phone number that is reserved for fiction.
const DEMO_PHONE_NUMBER: &str = "+12065550100";
const DEMO_PASSWORD: &str = "Passw0rd!demo";
const DEMO_ANSWERS: [(&str, &str); 3] = [
    ("birth-city", "Seattle"),
    ("first-pet", "Peccy"),
    ("first-teacher", "Ms Ada"),
];

/// The reason why the pools could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PoolsError {
    #[error("{0} (`--demo-attribute NAME=VALUE` sets an attribute, `--no-demo-user` starts without the user)")]
    DemoUser(#[source] SetUpError),
    #[error("cannot enrol the demo user's answers: {0}")]
    Enroll(#[from] EnrollError),
    #[error("cannot enrol the demo user's answers: {0}")]
    Key(#[from] KeyError),
    #[error("the template has no user pool with an app client, so no user could sign in")]
    NoClient,
    #[error("template: {logical_id}: {error}")]
    Resource { logical_id: String, error: SetUpError },
    #[error("`--demo-attribute {name}=…`: the user pool has no such attribute (its custom attributes: {known})")]
    UnknownAttribute { name: String, known: String },
}

/// Returns the ids of the template's app clients except the first, each with the id of its pool.
pub(crate) fn other_clients(template: &Template, region: &str) -> Vec<(String, String)> {
    let others = template.clients.iter().skip(1);
    others
        .map(|client| {
            (
                client.logical_id.clone(),
                pool_id_of(template, &client.user_pool, region),
            )
        })
        .collect()
}

/// Returns the id of the template's first user pool.
pub(crate) fn pool_id(region: &str) -> String {
    format!("{region}_LocalPool")
}

/// Creates the pools and app clients of `template`. If its flow starts with a password, it adds a second pool like the
/// first, whose functions run the flow without the password.
pub(crate) fn make(pools: &UserPools, template: &Template, region: &str) -> Result<(), PoolsError> {
    if template.clients.is_empty() {
        return Err(PoolsError::NoClient);
    }
    for pool in &template.user_pools {
        add_pool(pools, pool, &pool_id_of(template, &pool.logical_id, region))?;
    }
    for (index, client) in template.clients.iter().enumerate() {
        let id = if index == 0 { CLIENT_ID } else { &client.logical_id };
        add_client(pools, client, &pool_id_of(template, &client.user_pool, region), id)?;
    }
    let twin = flow::of(template).and_then(flow::without_password);
    if let (Some(_), Some(pool), Some(client)) = (twin, template.user_pools.first(), template.clients.first()) {
        let id = twin_id(region);
        add_pool(pools, &without_password(pool, template), &id)?;
        add_client(pools, client, &id, CLIENT_ID_NO_PASSWORD)?;
    }
    Ok(())
}

fn add_pool(pools: &UserPools, pool: &UserPool, id: &str) -> Result<(), PoolsError> {
    let UserPool {
        logical_id,
        triggers,
        properties,
    } = pool;
    pools
        .add_pool(id, logical_id, triggers, properties)
        .map_err(in_resource(logical_id))
}

fn add_client(pools: &UserPools, client: &UserPoolClient, pool_id: &str, id: &str) -> Result<(), PoolsError> {
    let added = pools.add_client(id, pool_id, &client.properties);
    added.map_err(in_resource(&client.logical_id))
}

fn in_resource(logical_id: &str) -> impl FnOnce(SetUpError) -> PoolsError {
    let logical_id = logical_id.to_owned();
    |error| PoolsError::Resource { logical_id, error }
}

/// Adds the demo user to the template's first pool and to its twin, if it exists. For an existing user, only the
/// `chosen` attributes are set.
pub(crate) fn add_demo_user(
    pools: &UserPools,
    template: &Template,
    region: &str,
    secret: &str,
    chosen: &BTreeMap<String, String>,
) -> Result<DemoUser, PoolsError> {
    let first = pool_id(region);
    if let Some(name) = chosen.keys().find(|name| !pools.has_attribute(&first, name)) {
        let known = pools.custom_attributes(&first).join(", ");
        return Err(PoolsError::UnknownAttribute {
            name: name.clone(),
            known: if known.is_empty() { "none".to_owned() } else { known },
        });
    }
    let login = match pools.login_attribute(&first) {
        Some(attribute) => {
            let usual = if attribute == "email" {
                DEMO_EMAIL
            } else {
                DEMO_PHONE_NUMBER
            };
            chosen.get(attribute).map_or(usual, String::as_str)
        }
        None => DEMO_USER,
    };
    let ids = self::first(template, region);
    let (known, new): (Vec<_>, Vec<_>) = ids.iter().partition(|pool| pools.known_user(pool, login).is_some());
    for pool in known {
        let set = pools.set_attributes(pool, login, chosen.clone());
        set.map_err(PoolsError::DemoUser)?;
    }
    if !new.is_empty() {
        let mut attributes = demo_attributes(secret, pools.has_attribute(&first, ATTRIBUTE))?;
        attributes.extend(chosen.clone());
        for pool in new {
            let added = pools.add_user(pool, login, DEMO_PASSWORD, attributes.clone());
            added.map_err(PoolsError::DemoUser)?;
        }
    }
    let user = pools.known_user(&first, login);
    let is_enrolled = !chosen.contains_key(ATTRIBUTE)
        && user
            .as_ref()
            .is_some_and(|user| user.attributes.contains_key(ATTRIBUTE));
    let texts = Texts::standard();
    let answers = DEMO_ANSWERS
        .into_iter()
        .filter(|_| is_enrolled)
        .filter_map(|(id, answer)| {
            let question = Question::with_id(id)?;
            Some((question.words(&texts, &["en"]).to_owned(), answer.to_owned()))
        });
    Ok(DemoUser {
        name: login.to_owned(),
        password: DEMO_PASSWORD.into(),
        answers: answers.collect(),
        is_changed: user.is_some_and(|user| user.is_changed),
    })
}

fn demo_attributes(secret: &str, with_questions: bool) -> Result<BTreeMap<String, String>, PoolsError> {
    // Both are verified, so that a code reaches the user by either medium.
    let addresses = [
        ("email", DEMO_EMAIL),
        ("email_verified", "true"),
        ("phone_number", DEMO_PHONE_NUMBER),
        ("phone_number_verified", "true"),
    ];
    let mut attributes = BTreeMap::from(addresses.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if with_questions {
        let salt = || Uuid::new_v4().into_bytes();
        let enrolled = Enrollment::new(DEMO_ANSWERS, &Keys::parse(secret)?, salt)?.to_attribute();
        attributes.insert(ATTRIBUTE.to_owned(), enrolled);
    }
    Ok(attributes)
}

/// Returns the ids of the template's first pool and of its twin, if it exists.
pub(crate) fn first(template: &Template, region: &str) -> Vec<String> {
    let mut ids = vec![pool_id(region)];
    if flow::of(template).and_then(flow::without_password).is_some() {
        ids.push(twin_id(region));
    }
    ids
}

/// Returns the id of the pool called `logical_id` in the template.
pub(crate) fn pool_id_of(template: &Template, logical_id: &str, region: &str) -> String {
    match template.user_pools.first() {
        Some(first) if first.logical_id == logical_id => pool_id(region),
        _ => format!("{region}_{logical_id}"),
    }
}

fn twin_id(region: &str) -> String {
    format!("{region}_NoPassword")
}

/// Returns `pool` with the triggers that run the flow without its password.
fn without_password(pool: &UserPool, template: &Template) -> UserPool {
    let mut twin = pool.clone();
    for function in twin.triggers.values_mut() {
        if flow::has_twin(template, function) {
            *function = flow::twin(function);
        }
    }
    twin
}

#[cfg(test)]
mod tests;
