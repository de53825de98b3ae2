//! Creates the pools, clients and users at the start.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::fields::{FieldError, Fields};
use crate::pools::{Logins, Pool, Triggers};
use crate::storage::StorageError;
use crate::users::Status;
use crate::users::new::NewUser;
use crate::{ClientError, UserPools};

/// The reason why the user pools could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetUpError {
    /// An internal failure.
    #[error("{0}")]
    Internal(String),
    /// A property is invalid: what is wrong, and what would be right.
    #[error("{0}")]
    Property(String),
    /// A record is damaged.
    #[error(transparent)]
    Records(#[from] StorageError),
    /// A user could not be created.
    #[error("user `{name}`: {message}")]
    User {
        /// The username.
        name: String,
        /// Cognito's text.
        message: String,
    },
}

impl From<Error> for SetUpError {
    fn from(error: Error) -> Self {
        let Error { message, why, .. } = error;
        Self::Internal(why.map_or_else(|| message.to_string(), |why| format!("{message}: {why}")))
    }
}

impl From<FieldError> for SetUpError {
    fn from(error: FieldError) -> Self {
        Self::Property(error.to_string())
    }
}

/// A user in the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// All attributes except `sub`.
    pub attributes: BTreeMap<String, String>,
    /// Whether an operation has changed the user since its creation.
    pub is_changed: bool,
}

impl UserPools {
    /// Adds a pool with CloudFormation's `properties`, or updates the pool with this id and keeps its users. The pool
    /// is called `name` unless the properties name it. `triggers` has the name of a function for each trigger of
    /// `LambdaConfig`.
    ///
    /// # Errors
    ///
    /// Returns an error if a property is invalid.
    pub fn add_pool(
        &self,
        id: &str,
        name: &str,
        triggers: &BTreeMap<String, String>,
        properties: &Map<String, Value>,
    ) -> Result<(), SetUpError> {
        let functions = triggers
            .iter()
            .map(|(trigger, function)| (trigger.as_str(), function.as_str()));
        let fields = Fields::new("", properties);
        let triggers = Triggers::new(functions, &fields.fields("LambdaConfig")?)?;
        let name = fields.text("UserPoolName")?.unwrap_or(name);
        let created = self
            .0
            .directory
            .pool(id)
            .map_or(self.0.clock.now(), |pool| pool.created);
        let pool = Pool::new(id.to_owned(), name.to_owned(), triggers, properties.clone(), created)?;
        self.0.add_pool(pool)?;
        Ok(())
    }

    /// Adds an app client with CloudFormation's `properties` to the pool called `pool_id`, or updates the client with
    /// this id and keeps its secret.
    ///
    /// # Errors
    ///
    /// Returns an error if a property is invalid or the pool does not exist.
    pub fn add_client(&self, id: &str, pool_id: &str, properties: &Map<String, Value>) -> Result<(), SetUpError> {
        let pool = self.0.directory.pool(pool_id)?;
        match self.0.create_client(id.to_owned(), &pool, properties.clone()) {
            Ok(_) => Ok(()),
            Err(ClientError::Property(error)) => Err(error.into()),
            Err(ClientError::Internal(error)) => Err(error.into()),
        }
    }

    /// Returns the user with the username or alias `login`, if the user exists.
    pub fn known_user(&self, pool_id: &str, login: &str) -> Option<Known> {
        let pool = self.0.directory.pool(pool_id).ok()?;
        let user = self.0.directory.user(&pool, login)?;
        Some(Known {
            attributes: user.attributes.clone(),
            is_changed: user.modified != user.created,
        })
    }

    /// Returns the attribute that users sign in with instead of a username.
    pub fn login_attribute(&self, pool_id: &str) -> Option<&'static str> {
        match &self.0.directory.pool(pool_id).ok()?.logins {
            Logins::Attributes(names) => names.first().copied(),
            Logins::Aliases(_) | Logins::Name => None,
        }
    }

    /// Whether users of the pool can have the attribute.
    pub fn has_attribute(&self, pool_id: &str, name: &str) -> bool {
        self.0
            .directory
            .pool(pool_id)
            .is_ok_and(|pool| name != "sub" && pool.schema.has(name))
    }

    /// Returns the names of the custom attributes of the pool.
    pub fn custom_attributes(&self, pool_id: &str) -> Vec<String> {
        let pool = self.0.directory.pool(pool_id);
        pool.map_or_else(|_| Vec::new(), |pool| pool.schema.custom().map(str::to_owned).collect())
    }

    /// Adds a confirmed user.
    ///
    /// # Errors
    ///
    /// Returns an error if the pool does not accept the username, the password or the attributes.
    pub fn add_user(
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
        let pool = self.0.directory.pool(pool_id);
        let made = pool.and_then(|pool| self.0.create_user(&pool, new));
        made.map(drop).map_err(|error| user(name, &error))
    }

    /// Sets attributes of a user. This does not count as a change of the user.
    ///
    /// # Errors
    ///
    /// Returns an error if the pool does not accept them.
    pub fn set_attributes(
        &self,
        pool_id: &str,
        name: &str,
        mut attributes: BTreeMap<String, String>,
    ) -> Result<(), SetUpError> {
        let set = || {
            let pool = self.0.directory.pool(pool_id)?;
            self.0.directory.update_user(&pool, name, |user| {
                // An attribute that cannot be updated may be set to its current value.
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
