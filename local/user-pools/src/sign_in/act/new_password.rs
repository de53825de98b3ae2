//! `NEW_PASSWORD_REQUIRED`: a user with a temporary password chooses a permanent one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::State;
use crate::challenges::NEW_PASSWORD_REQUIRED;
use crate::error::Error;
use crate::sign_in::decide;
use crate::sign_in::pending::{Pending, SignIn, Subject};
use crate::sign_in::sessions;
use crate::triggers::source::TokenSource;
use crate::users::new::verifier;
use crate::users::{Status, User};

/// The prefix of attributes in the challenge and its answer.
pub(crate) const PREFIX: &str = "userAttributes.";

impl State {
    /// Asks for a password in place of the temporary one, which was right.
    pub(super) fn ask_new_password(&self, sign_in: SignIn, custom: bool) -> Result<Value, Error> {
        let user = sign_in.subject.user().ok_or_else(Error::incorrect)?;
        let policy = &sign_in.pool.password_policy;
        policy.check_temporary(user.password_set, self.clock.now())?;
        let readable: BTreeMap<&str, &str> = user
            .attributes
            .iter()
            .filter(|(name, _)| sign_in.client.may_read(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let missing: Vec<String> = missing(&sign_in, user).map(|name| format!("{PREFIX}{name}")).collect();
        // Clients parse these two. So they must exist and be JSON even if they are empty.
        let parameters = json!({
            "USER_ID_FOR_SRP": user.name,
            "userAttributes": json!(readable).to_string(),
            "requiredAttributes": json!(missing).to_string(),
        });
        self.ask(
            sign_in,
            NEW_PASSWORD_REQUIRED,
            &parameters,
            Pending::NewPassword { custom },
        )
    }

    /// Sets the password that the user has chosen, and the attributes in the same answer.
    pub(crate) fn set_new_password(
        &self,
        sign_in: &SignIn,
        password: &str,
        changes: BTreeMap<String, String>,
    ) -> Result<Arc<User>, Error> {
        let SignIn { pool, client, .. } = sign_in;
        let user = sign_in.subject.user().ok_or_else(Error::incorrect)?;
        client.check_write(changes.keys())?;
        pool.schema.check_changes(&changes)?;
        let given = pool
            .schema
            .required()
            .find(|name| user.attributes.contains_key(*name) && changes.contains_key(*name));
        if let Some(name) = given {
            return Err(Error::not_authorized(format!(
                "Cannot modify an already provided {name}"
            )));
        }
        let absent = |name: &&str| changes.get(*name).is_none_or(String::is_empty);
        if let Some(name) = missing(sign_in, user).find(absent) {
            return Err(Error::invalid_parameter(format!(
                "Invalid attributes given, {name} is missing"
            )));
        }
        let verifier = verifier(&self.random, pool, &user.name, password)?;
        let now = self.clock.now();
        self.update_subject(sign_in, |user| {
            if user.status != Status::ForceChangePassword {
                return Err(sessions::invalid().because("the user's password is no longer the temporary one"));
            }
            user.password = Some(verifier);
            user.password_set = now;
            user.status = Status::Confirmed;
            user.change_attributes(changes);
            user.modified = now;
            Ok(())
        })
    }

    /// Continues after the user has chosen a password.
    pub(crate) async fn after_new_password(
        &self,
        mut sign_in: SignIn,
        user: Arc<User>,
        custom: bool,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        if custom {
            self.journal.warn(
                "NEW_PASSWORD_REQUIRED inside CUSTOM_AUTH has been answered: like Cognito, the define function is not \
                 asked again, so this sign-in skips the custom challenges",
            );
        }
        sign_in.token_source = TokenSource::NewPassword;
        let next = decide::after_new_password(&user, sign_in.stage(custom));
        sign_in.subject = Subject::Known(user);
        self.after_password(sign_in, next, false, client_metadata).await
    }
}

/// Returns the attributes that the pool requires and the user lacks.
fn missing<'a>(sign_in: &'a SignIn, user: &'a User) -> impl Iterator<Item = &'a str> {
    let lacks = |name: &&str| !user.attributes.contains_key(*name);
    sign_in.pool.schema.required().filter(lacks)
}
