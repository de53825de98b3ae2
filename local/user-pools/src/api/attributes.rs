//! The operations that change a user's attributes, and those that verify addresses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::Owner;
use super::codes::details;
use super::request::Request;
use super::users::target;
use crate::State;
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::Pool;
use crate::sending::{Parcel, Sender, may_send};
use crate::triggers::source::MessageSource;
use crate::users::User;
use crate::users::addresses::{verifies, verifies_first, verify};
use crate::users::codes::{Purpose, expired};

impl State {
    /// Changes attributes of a user. If the pool verifies a new address, a code is sent to it, unless the changes mark
    /// it as verified. If the pool requires verification first, the old address stays until then. Returns the
    /// destinations of codes.
    async fn change_attributes(
        &self,
        (pool, user): (&Pool, &User),
        mut changes: BTreeMap<String, String>,
        sender: Sender<'_>,
    ) -> Result<Vec<Value>, Error> {
        pool.schema.fold_flags(&mut changes);
        pool.schema.check_changes(&changes)?;
        let now = self.clock.now();
        let mut codes = Vec::new();
        let updated = self.directory.update_user(pool, &user.name, |known| {
            if known.sub != user.sub {
                return Err(Error::user_not_found());
            }
            for medium in [Medium::Email, Medium::Sms] {
                let first = verifies_first(pool, medium);
                let Some(address) = unverified(known, &changes, medium).filter(|_| first || verifies(pool, medium))
                else {
                    continue;
                };
                may_send(pool, medium)?;
                codes.push((medium, address.to_owned(), self.random.code()?));
                if first {
                    changes.remove(medium.attribute());
                }
            }
            known.change_attributes(changes);
            for (medium, address, code) in &codes {
                let purpose = Purpose::Attribute(*medium);
                known.codes.add(purpose, code.clone(), (*medium, address.clone()), now);
            }
            known.modified = now;
            Ok(())
        })?;
        let mut sent = Vec::new();
        for (medium, address, code) in codes {
            sent.push(details(medium, &medium.masked(&address)));
            self.send(Parcel {
                medium,
                address,
                purpose: Purpose::Attribute(medium).name(),
                source: MessageSource::UpdateUserAttribute,
                code,
                context: self.context_of(pool, &updated, sender),
            })
            .await?;
        }
        Ok(sent)
    }
}

impl State {
    /// Removes attributes of a user. Missing attributes are not an error.
    fn remove_attributes(&self, pool: &Pool, user: &User, names: &[&str]) -> Result<(), Error> {
        pool.schema.check_removals(names)?;
        let now = self.clock.now();
        self.directory.update_user(pool, &user.name, |known| {
            if known.sub != user.sub {
                return Err(Error::user_not_found());
            }
            known.remove_attributes(names);
            known.modified = now;
            Ok(())
        })?;
        Ok(())
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
pub(super) async fn update_user_attributes(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let owner = Owner::of(state, request).await?;
    let changes = request.attributes("UserAttributes")?;
    owner.client.check_write(changes.keys())?;
    let metadata = request.client_metadata()?;
    let sent = state
        .change_attributes((&owner.pool, &owner.user), changes, owner.sender(&metadata))
        .await?;
    Ok(json!({"CodeDeliveryDetailsList": sent}))
}

pub(super) async fn admin_update_user_attributes(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, request)?;
    let changes = request.attributes("UserAttributes")?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    let metadata = request.client_metadata()?;
    let sender = Sender {
        client: None,
        metadata: &metadata,
    };
    state.change_attributes((&pool, &user), changes, sender).await?;
    Ok(json!({}))
}

/// Removes attributes that the client may write.
pub(super) async fn delete_user_attributes(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let names = request.texts("UserAttributeNames")?;
    let owner = Owner::of(state, request).await?;
    owner.client.check_write(&names)?;
    state.remove_attributes(&owner.pool, &owner.user, &names)?;
    Ok(json!({}))
}

pub(super) fn admin_delete_user_attributes(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let names = request.texts("UserAttributeNames")?;
    let (pool, login) = target(state, request)?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    state.remove_attributes(&pool, &user, &names)?;
    Ok(json!({}))
}

fn medium_of(name: &str) -> Result<Medium, Error> {
    Medium::of_attribute(name).ok_or_else(|| Error::invalid_parameter("AttributeName must be email or phone_number"))
}

pub(super) async fn get_user_attribute_verification_code(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let name = request.required("AttributeName")?;
    let owner = Owner::of(state, request).await?;
    let medium = medium_of(name)?;
    if !owner.user.attributes.contains_key(name) {
        return Err(Error::invalid_parameter("The user has no such attribute"));
    }
    let metadata = request.client_metadata()?;
    let kind = (Purpose::Attribute(medium), MessageSource::VerifyUserAttribute);
    let details = state
        .send_code_for((&owner.pool, &owner.user), kind, medium, owner.sender(&metadata))
        .await?;
    Ok(json!({"CodeDeliveryDetails": details}))
}

pub(super) async fn verify_user_attribute(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let name = request.required("AttributeName")?;
    let code = request.required("Code")?;
    let owner = Owner::of(state, request).await?;
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
