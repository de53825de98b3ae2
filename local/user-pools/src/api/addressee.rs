//! The user of an unsigned request.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::codes::details;
use super::request::Request;
use crate::State;
use crate::clients::Client;
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::Pool;
use crate::sending::Sender;
use crate::triggers::optional::Migration;
use crate::triggers::source::Confirmation;
use crate::users::User;
use crate::users::codes::{expired, mismatch};

/// The strings of a request that only the functions receive.
type Metadata = BTreeMap<String, String>;

/// The user of an unsigned request.
pub(super) struct Addressee {
    pub(super) pool: Arc<Pool>,
    pub(super) client: Arc<Client>,
    pub(super) user: Option<Arc<User>>,
}

impl Addressee {
    /// Returns the user of the request. If the user does not exist, the error says so, unless the client hides users.
    pub(super) fn of<'a>(state: &State, request: &Request<'a>) -> Result<(Self, &'a str), Error> {
        let (addressee, login) = Self::known_or_not(state, request)?;
        if addressee.user.is_none() {
            addressee.may_pretend()?;
        }
        Ok((addressee, login))
    }

    /// Like [`Addressee::of`], but a nonexistent user is not an error.
    pub(super) fn known_or_not<'a>(state: &State, request: &Request<'a>) -> Result<(Self, &'a str), Error> {
        let client = request.required("ClientId")?;
        let login = request.required("Username")?;
        let (pool, client) = state.directory.client(client)?;
        client.check_secret_hash(login, request.fields.text("SecretHash")?)?;
        let user = state.directory.user(&pool, login);
        Ok((Self { pool, client, user }, login))
    }

    /// Returns the client as the sender of a message.
    pub(super) fn sender<'a>(&'a self, metadata: &'a Metadata) -> Sender<'a> {
        Sender {
            client: Some(&self.client.id),
            metadata,
        }
    }

    /// Returns an error for a nonexistent user, unless the client hides users.
    pub(super) fn may_pretend(&self) -> Result<(), Error> {
        if self.client.hides_users {
            return Ok(());
        }
        // A sign-in says `User does not exist.` instead.
        Err(Error::new(
            "UserNotFoundException",
            "Username/client id combination not found.",
        ))
    }

    /// Migrates a user that has forgotten the password.
    pub(super) async fn bring_in(
        &self,
        state: &State,
        login: &str,
        metadata: &Metadata,
    ) -> Result<Option<Arc<User>>, Error> {
        let migration = Migration::ForgotPassword;
        let brought = state
            .migrate(&self.pool, &self.client, login, migration, metadata)
            .await;
        match brought {
            Err(error) if self.client.hides_users => {
                state
                    .journal
                    .warn(&format!("ForgotPassword: {}", error.why.unwrap_or(error.message)));
                Ok(None)
            }
            brought => brought,
        }
    }

    /// Calls `PostConfirmation`.
    pub(super) async fn confirmed(
        &self,
        state: &State,
        user: &User,
        by: Confirmation,
        metadata: &Metadata,
    ) -> Result<(), Error> {
        state
            .post_confirmation(&self.pool, Some(&self.client.id), user, by, metadata)
            .await
    }

    /// Returns the same error for a nonexistent user and for one that has no pending code.
    pub(super) fn hide(&self, error: Error) -> Error {
        if self.client.hides_users && error.name == expired().name {
            return mismatch();
        }
        error
    }
}

/// The delivery details for a hidden account and for a nonexistent user.
pub(super) fn pretended(login: &str) -> Value {
    let masked = if login.contains('@') {
        Medium::Email.masked(login)
    } else {
        let first: String = login.chars().take(1).collect();
        format!("{first}***@e***")
    };
    json!({"CodeDeliveryDetails": details(Medium::Email, &masked)})
}
