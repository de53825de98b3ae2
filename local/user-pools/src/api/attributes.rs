//! The operations that change a user's attributes, and those that verify addresses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::Owner;
use super::delivery::details;
use super::request::{ANY, NAME, POOL_ID, Request, USERNAME};
use crate::State;
use crate::error::Error;
use crate::mail::{Medium, Message};
use crate::pools::Pool;
use crate::users::User;
use crate::users::addresses::{verifies, verifies_first, verify};
use crate::users::codes::{Purpose, expired};

impl State {
    /// Changes attributes of a user. If the pool verifies a new address, a code is sent to it, unless the changes mark
    /// it as verified. If the pool requires verification first, the old address stays until then. Returns the
    /// destinations of codes.
    fn change_attributes(
        &self,
        pool: &Pool,
        user: &User,
        mut changes: BTreeMap<String, String>,
    ) -> Result<Vec<Value>, Error> {
        pool.schema.fold_flags(&mut changes);
        pool.schema.check_changes(&changes)?;
        let now = self.clock.now();
        let mut messages = Vec::new();
        self.directory.update_user(pool, &user.name, |known| {
            if known.sub != user.sub {
                return Err(Error::user_not_found());
            }
            for medium in [Medium::Email, Medium::Sms] {
                let first = verifies_first(pool, medium);
                let Some(address) = unverified(known, &changes, medium).filter(|_| first || verifies(pool, medium))
                else {
                    continue;
                };
                messages.push(Message {
                    medium,
                    address: address.to_owned(),
                    user: known.name.clone(),
                    purpose: Purpose::Attribute(medium).name(),
                    code: self.random.code()?,
                });
                if first {
                    changes.remove(medium.attribute());
                }
            }
            known.change_attributes(changes);
            for Message {
                medium, address, code, ..
            } in &messages
            {
                let purpose = Purpose::Attribute(*medium);
                known.codes.add(purpose, code.clone(), (*medium, address.clone()), now);
            }
            known.modified = now;
            Ok(())
        })?;
        let sent = messages.into_iter().map(|message| {
            let details = details(message.medium, &message.medium.masked(&message.address));
            self.send(message);
            details
        });
        Ok(sent.collect())
    }
}

/// Returns the address among the changes, if it differs from the user's and is not marked as verified.
fn unverified<'a>(user: &User, changes: &'a BTreeMap<String, String>, medium: Medium) -> Option<&'a str> {
    let name = medium.attribute();
    let said = changes
        .get(&format!("{name}_verified"))
        .is_some_and(|value| value == "true");
    let address = changes.get(name).filter(|address| !address.is_empty() && !said)?;
    (user.attributes.get(name) != Some(address)).then_some(address)
}

/// Changes attributes that the client may write.
pub(super) async fn update_user_attributes(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let owner = Owner::of(state, &mut request).await?;
    let changes = request.attributes("UserAttributes")?;
    owner.client.check_write(changes.keys())?;
    let sent = state.change_attributes(&owner.pool, &owner.user, changes)?;
    Ok(json!({"CodeDeliveryDetailsList": sent}))
}

pub(super) fn admin_update_user_attributes(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId", &POOL_ID)?;
    let login = request.required("Username", &USERNAME)?;
    request.check()?;
    let pool = state.directory.pool(pool)?;
    let changes = request.attributes("UserAttributes")?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    state.change_attributes(&pool, &user, changes)?;
    Ok(json!({}))
}

fn medium_of(name: &str) -> Result<Medium, Error> {
    [Medium::Email, Medium::Sms]
        .into_iter()
        .find(|medium| medium.attribute() == name)
        .ok_or_else(|| Error::invalid_parameter("AttributeName must be email or phone_number"))
}

pub(super) async fn get_user_attribute_verification_code(
    state: &State,
    mut request: Request<'_>,
) -> Result<Value, Error> {
    let name = request.required("AttributeName", &ANY)?;
    let owner = Owner::of(state, &mut request).await?;
    let medium = medium_of(name)?;
    if !owner.user.attributes.contains_key(name) {
        return Err(Error::invalid_parameter("The user has no such attribute"));
    }
    let details = state.send_code_for(&owner.pool, &owner.user, Purpose::Attribute(medium), medium)?;
    Ok(json!({"CodeDeliveryDetails": details}))
}

pub(super) async fn verify_user_attribute(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let name = request.required("AttributeName", &ANY)?;
    let code = request.required("Code", &NAME)?;
    let owner = Owner::of(state, &mut request).await?;
    let medium = medium_of(name)?;
    let change = |user: &mut User, medium: Medium, address: &str| {
        let name = medium.attribute();
        if verifies_first(&owner.pool, medium) {
            user.attributes.insert(name.to_owned(), address.to_owned());
        } else if user.attributes.get(name).map(String::as_str) != Some(address) {
            return Err(expired().because("the attribute has been changed since the code was sent"));
        }
        verify(user, medium, address);
        Ok(())
    };
    state.take_code(&owner.pool, &owner.user, (Purpose::Attribute(medium), code), change)?;
    Ok(json!({}))
}
