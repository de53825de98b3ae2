//! What only the demo user needs.

use std::collections::BTreeMap;

use super::api::users::NewUser;
use super::error::Error;
use super::pools::Logins;
use super::users::Status;
use super::{Cognito, SetUpError};

/// A user as the pool has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) attributes: BTreeMap<String, String>,
    /// Whether an operation has changed the user since it was made.
    pub(crate) is_changed: bool,
}

impl Cognito {
    /// The user who signs in as `login`; nothing if the name is unknown.
    pub(crate) fn known_user(&self, pool_id: &str, login: &str) -> Option<Known> {
        let pool = self.0.store.pool(pool_id).ok()?;
        let user = self.0.store.user(&pool, login)?;
        Some(Known {
            attributes: user.attributes.clone(),
            is_changed: user.modified != user.created,
        })
    }

    /// The attribute that users sign in with instead of a name.
    pub(crate) fn login_attribute(&self, pool_id: &str) -> Option<&'static str> {
        match &self.0.store.pool(pool_id).ok()?.logins {
            Logins::Attributes(names) => names.first().copied(),
            Logins::Aliases(_) | Logins::Name => None,
        }
    }

    /// Whether users of the pool can have the attribute.
    pub(crate) fn has_attribute(&self, pool_id: &str, name: &str) -> bool {
        self.0
            .store
            .pool(pool_id)
            .is_ok_and(|pool| name != "sub" && pool.schema.has(name))
    }

    /// The names of the attributes that the pool has beyond Cognito's own.
    pub(crate) fn custom_attributes(&self, pool_id: &str) -> Vec<String> {
        let pool = self.0.store.pool(pool_id);
        pool.map_or_else(|_| Vec::new(), |pool| pool.schema.custom().map(str::to_owned).collect())
    }

    /// Adds a confirmed user.
    ///
    /// # Errors
    /// When the pool does not take the name, the password or the attributes.
    pub(crate) fn add_demo_user(
        &self,
        pool_id: &str,
        name: &str,
        password: &str,
        attributes: BTreeMap<String, String>,
    ) -> Result<(), SetUpError> {
        let new = NewUser {
            login: name,
            password: Some(password),
            attributes,
            status: Status::Confirmed,
        };
        let pool = self.0.store.pool(pool_id);
        let made = pool.and_then(|pool| self.0.create_user(&pool, new));
        made.map(drop).map_err(|error| user(name, &error))
    }

    /// Sets attributes of a user, which does not count as a change.
    ///
    /// # Errors
    /// When the pool does not take them.
    pub(crate) fn set_demo_attributes(
        &self,
        pool_id: &str,
        name: &str,
        mut attributes: BTreeMap<String, String>,
    ) -> Result<(), SetUpError> {
        let set = || {
            let pool = self.0.store.pool(pool_id)?;
            self.0.store.update_user(&pool, name, |user| {
                // One that cannot be updated may still be what it is.
                attributes.retain(|name, value| user.attributes.get(name) != Some(value));
                pool.schema.check_changes(&attributes)?;
                user.change_attributes(attributes);
                Ok(())
            })
        };
        set().map(drop).map_err(|error| user(name, &error))
    }
}

fn user(name: &str, error: &Error) -> SetUpError {
    SetUpError::User {
        name: name.to_owned(),
        message: error.message.trim_end().to_owned(),
    }
}
