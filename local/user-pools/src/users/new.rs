//! New users: their usernames, attributes and passwords, as the pool accepts them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::State;
use crate::error::Error;
use crate::pools::{Logins, Pool};
use crate::random::Random;
use crate::srp::{Identity, Verifier};
use crate::users::codes::Codes;
use crate::users::mfa::UserMfa;
use crate::users::{Status, User};

/// A user to create.
pub(crate) struct NewUser<'a> {
    /// The username, or the attribute that replaces it.
    pub(crate) login: &'a str,
    pub(crate) password: Option<&'a str>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) status: Status,
}

impl State {
    /// Creates a user and adds it to the pool.
    pub(crate) fn create_user(&self, pool: &Pool, new: NewUser<'_>) -> Result<Arc<User>, Error> {
        self.directory.add_user(pool, self.draft_user(pool, new)?)
    }

    /// Creates a user without adding it to the pool. If users sign in with an attribute, the username is generated.
    pub(crate) fn draft_user(&self, pool: &Pool, new: NewUser<'_>) -> Result<User, Error> {
        let NewUser {
            login,
            password,
            mut attributes,
            status,
        } = new;
        let sub = self.random.uuid()?.to_string();
        let name = match &pool.logins {
            Logins::Attributes(kinds) => {
                let kind = login_kind(login).filter(|kind| kinds.contains(kind)).ok_or_else(|| {
                    let kinds = kinds.join(" or a ").replace("phone_number", "phone number");
                    Error::invalid_parameter(format!("Username should be an {kinds}."))
                })?;
                attributes.insert(kind.to_owned(), login.to_owned());
                sub.clone()
            }
            Logins::Aliases(kinds) => {
                if let Some(kind) = login_kind(login).filter(|kind| kinds.contains(kind)) {
                    return Err(Error::invalid_parameter(format!(
                        "Username cannot be of {kind} format, since user pool is configured for {kind} alias."
                    )));
                }
                login.to_owned()
            }
            Logins::Name => login.to_owned(),
        };
        pool.schema.fold_flags(&mut attributes);
        pool.schema.check_new(&attributes)?;
        let password = password
            .map(|password| verifier(&self.random, pool, &name, password))
            .transpose()?;
        let now = self.clock.now();
        Ok(User {
            name,
            sub,
            attributes,
            password,
            password_set: now,
            status,
            disabled: false,
            codes: Codes::default(),
            mfa: UserMfa::default(),
            devices: Vec::new(),
            created: now,
            modified: now,
        })
    }
}

fn login_kind(login: &str) -> Option<&'static str> {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    if login
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
    {
        Some("email")
    } else if login.strip_prefix('+').is_some_and(digits) {
        Some("phone_number")
    } else {
        None
    }
}

/// Returns the verifier of a password that conforms to the policy.
pub(crate) fn verifier(random: &Random, pool: &Pool, name: &str, password: &str) -> Result<Verifier, Error> {
    pool.password_policy.check(password)?;
    unchecked_verifier(random, pool, name, password)
}

/// Returns the verifier of a password that another system has accepted.
pub(crate) fn unchecked_verifier(random: &Random, pool: &Pool, name: &str, password: &str) -> Result<Verifier, Error> {
    Ok(Verifier::new(
        Identity {
            pool: &pool.id,
            user: name,
        },
        password,
        random.bytes()?,
    ))
}
