//! The demo user, which can sign in to the pools of a run at once.

use std::collections::BTreeMap;

use cognito_challenge::challenges::security_question::{ATTRIBUTE, EnrollError, Enrollment, Question};
use cognito_challenge::keys::{KeyError, Keys};
use cognito_challenge::texts::Texts;
use sam_template::Template;
use user_pools::{SetUpError, UserPools};
use uuid::Uuid;

use crate::console::DemoUser;
use crate::pools;

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

/// The reason why the demo user could not be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DemoUserError {
    #[error("cannot enrol the demo user's answers: {0}")]
    Enroll(#[from] EnrollError),
    #[error("cannot enrol the demo user's answers: {0}")]
    Key(#[from] KeyError),
    #[error("{0} (`--demo-attribute NAME=VALUE` sets an attribute, `--no-demo-user` starts without the user)")]
    Refused(#[source] SetUpError),
    #[error("`--demo-attribute {name}=…`: the user pool has no such attribute (its custom attributes: {known})")]
    UnknownAttribute { name: String, known: String },
}

/// Adds the demo user to the template's first pool and to its twin, if it exists. For an existing user, only the
/// `chosen` attributes are set.
pub(crate) fn add(
    user_pools: &UserPools,
    template: &Template,
    region: &str,
    secret: &str,
    chosen: &BTreeMap<String, String>,
) -> Result<DemoUser, DemoUserError> {
    let first = pools::pool_id(region);
    if let Some(name) = chosen.keys().find(|name| !user_pools.has_attribute(&first, name)) {
        let known = user_pools.custom_attributes(&first).join(", ");
        return Err(DemoUserError::UnknownAttribute {
            name: name.clone(),
            known: if known.is_empty() { "none".to_owned() } else { known },
        });
    }
    let login = match user_pools.login_attribute(&first) {
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
    let ids = pools::first(template, region);
    let (known, new): (Vec<_>, Vec<_>) = ids
        .iter()
        .partition(|pool| user_pools.known_user(pool, login).is_some());
    for pool in known {
        let set = user_pools.set_attributes(pool, login, chosen.clone());
        set.map_err(DemoUserError::Refused)?;
    }
    if !new.is_empty() {
        let mut attributes = demo_attributes(secret, user_pools.has_attribute(&first, ATTRIBUTE))?;
        attributes.extend(chosen.clone());
        for pool in new {
            let added = user_pools.add_user(pool, login, DEMO_PASSWORD, attributes.clone());
            added.map_err(DemoUserError::Refused)?;
        }
    }
    let user = user_pools.known_user(&first, login);
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

fn demo_attributes(secret: &str, with_questions: bool) -> Result<BTreeMap<String, String>, DemoUserError> {
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

#[cfg(test)]
mod tests;
