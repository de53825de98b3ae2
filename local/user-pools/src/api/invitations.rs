//! `AdminCreateUser`: new users, their temporary passwords, and the message with the password.

use std::sync::Arc;

use serde_json::{Value, json};

use super::new_account::NewAccount;
use super::request::Request;
use super::users::{describe, target};
use crate::State;
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::Pool;
use crate::sending::{Parcel, Sender, may_send};
use crate::triggers::source::MessageSource;
use crate::users::new::{NewUser, verifier};
use crate::users::{Status, User};

/// How the message to a new user is handled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Resend,
    Send,
    Suppress,
}

/// The message to a new user.
struct Invitation {
    action: Action,
    mediums: Vec<Medium>,
}

impl Invitation {
    fn read(request: &Request<'_>) -> Result<Self, Error> {
        let action = match request.fields.text("MessageAction")? {
            Some("RESEND") => Action::Resend,
            Some("SUPPRESS") => Action::Suppress,
            _ => Action::Send,
        };
        let mediums = request.fields.texts("DesiredDeliveryMediums")?.unwrap_or_default();
        let mut mediums: Vec<Medium> = [Medium::Sms, Medium::Email]
            .into_iter()
            .filter(|medium| mediums.contains(&medium.name()))
            .collect();
        if mediums.is_empty() {
            mediums.push(Medium::Sms);
        }
        Ok(Self { action, mediums })
    }

    /// Returns an error before anything is changed if the pool cannot send to one of the mediums.
    fn check(&self, pool: &Pool) -> Result<(), Error> {
        if self.action == Action::Suppress {
            return Ok(());
        }
        self.mediums.iter().try_for_each(|medium| may_send(pool, *medium))
    }

    /// Sends `password` to each requested address that the user has.
    async fn send(
        &self,
        state: &State,
        pool: &Pool,
        user: &User,
        password: &str,
        asked: &NewAccount,
    ) -> Result<(), Error> {
        if self.action == Action::Suppress {
            return Ok(());
        }
        let mut sent = false;
        for medium in &self.mediums {
            let Some(address) = user.attributes.get(medium.attribute()) else {
                continue;
            };
            let sender = Sender {
                client: None,
                metadata: &asked.metadata,
            };
            let parcel = Parcel {
                medium: *medium,
                address: address.clone(),
                purpose: "AdminCreateUser",
                source: MessageSource::AdminCreateUser,
                code: password.to_owned(),
                context: state.context_of(pool, user, sender),
            };
            state.send(parcel).await?;
            sent = true;
        }
        if !sent {
            let names: Vec<&str> = self.mediums.iter().map(|medium| medium.name()).collect();
            state.journal.warn(&format!(
                "AdminCreateUser: the temporary password is not sent, because the user has no address for {} \
                 (`DesiredDeliveryMediums`, SMS by default)",
                names.join(" and ")
            ));
        }
        Ok(())
    }
}

/// Makes a user, or a new temporary password for a user that has not signed in yet.
pub(super) async fn admin_create_user(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let given = request
        .text("TemporaryPassword")?
        .filter(|password| !password.is_empty());
    let (pool, login) = target(state, request)?;
    let invitation = Invitation::read(request)?;
    invitation.check(&pool)?;
    let asked = NewAccount::read(request)?;
    let generated = || pool.password_policy.generate(&state.random);
    let password = given.map_or_else(generated, |given| Ok(given.to_owned()))?;
    let user = if invitation.action == Action::Resend {
        set_temporary_password(state, &pool, login, &password)?
    } else {
        // If a pool sends codes for signing in, its users may have no password.
        let without = given.is_none() && !pool.first_codes.is_empty();
        let draft = state.draft_user(
            &pool,
            NewUser {
                login,
                password: (!without).then_some(password.as_str()),
                attributes: request.attributes("UserAttributes")?,
                status: if without {
                    Status::Confirmed
                } else {
                    Status::ForceChangePassword
                },
            },
        )?;
        // The flags to confirm or verify in the response have no effect here.
        asked.pre_sign_up(state, &pool, None, &draft).await?;
        state.directory.add_user(&pool, draft)?
    };
    if user.password.is_some() {
        invitation.send(state, &pool, &user, &password, &asked).await?;
    }
    Ok(json!({"User": describe(&user, "Attributes")}))
}

fn set_temporary_password(state: &State, pool: &Pool, login: &str, password: &str) -> Result<Arc<User>, Error> {
    let user = state.directory.user(pool, login).ok_or_else(Error::user_not_found)?;
    let verifier = verifier(&state.random, pool, &user.name, password)?;
    let now = state.clock.now();
    state.directory.update_user(pool, &user.name, |user| {
        if user.status != Status::ForceChangePassword {
            let status = user.status.name();
            let message = format!("Resend not possible. Current status of the user is {status}");
            return Err(Error::new("UnsupportedUserStateException", message));
        }
        user.password = Some(verifier);
        user.password_set = now;
        user.modified = now;
        Ok(())
    })
}
