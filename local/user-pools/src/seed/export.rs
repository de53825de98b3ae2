//! Writes a pool's users and groups as a seed.

use super::{Device, Group, Mfa, Seed, Text, User, Verifier};
use crate::directory::Directory;
use crate::pools::Pool;
use crate::pools::mfa::Factor;
use crate::storage::{Records, StorageError};
use crate::users::mfa::UserMfa;
use crate::{Call, Journal, groups, srp, users};

/// The reason why nothing was exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The pool does not exist.
    #[error("no user pool has the id `{id}` (known: {known})")]
    Pool {
        /// The requested id.
        id: String,
        /// The existing ids.
        known: String,
    },
    /// A record cannot be read.
    #[error(transparent)]
    Records(#[from] StorageError),
}

impl Seed {
    /// Reads the users and groups of a pool from `records`. Passwords are verifiers, which are valid only in a pool
    /// with the same id. It omits codes that were sent to users, sessions, tokens and times.
    ///
    /// # Errors
    ///
    /// Returns an error if the pool does not exist, or if a record cannot be read.
    pub fn of(records: Records, pool_id: &str) -> Result<Self, ExportError> {
        let directory = Directory::open(records, &Silent)?;
        let Ok(pool) = directory.pool(pool_id) else {
            let known: Vec<_> = directory.pools().iter().map(|pool| pool.id.clone()).collect();
            return Err(ExportError::Pool {
                id: pool_id.to_owned(),
                known: if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                },
            });
        };
        let all = directory.groups(&pool);
        let users = directory.users(&pool);
        Ok(Self {
            groups: all.iter().map(group).collect(),
            users: users.iter().map(|known| user(&pool, known, &all)).collect(),
        })
    }
}

/// A journal that discards everything, because it would be about other records.
struct Silent;

impl Journal for Silent {
    fn call(&self, _: &Call<'_>) {}

    fn warn(&self, _: &str) {}
}

fn group(group: &groups::Group) -> Group {
    Group {
        name: group.name.clone(),
        description: group.description.clone(),
        precedence: group.precedence,
        role_arn: group.role.clone(),
    }
}

fn user(pool: &Pool, user: &users::User, groups: &groups::Groups) -> User {
    let made_up = user.name == user.sub;
    let login = user.logins(pool).next().filter(|_| made_up);
    let own = groups.iter().filter(|group| group.has(&user.sub));
    let attributes = user.attributes.iter();
    User {
        username: login.map_or_else(|| user.name.clone(), |(_, login)| login.to_owned()),
        sub: Some(user.sub.clone()),
        password: None,
        password_verifier: user.password.as_ref().map(verifier),
        status: user.status,
        enabled: !user.disabled,
        attributes: attributes
            .map(|(name, value)| (name.clone(), Text(value.clone())))
            .collect(),
        groups: own.map(|group| group.name.clone()).collect(),
        mfa: mfa(&user.mfa),
        devices: user.devices.iter().map(device).collect(),
    }
}

fn verifier(verifier: &srp::Verifier) -> Verifier {
    let (salt, verifier) = verifier.base64();
    Verifier { salt, verifier }
}

fn mfa(mfa: &UserMfa) -> Option<Mfa> {
    let is_empty = mfa.token.is_none() && mfa.enabled.is_empty() && mfa.preferred.is_none();
    (!is_empty).then(|| Mfa {
        enabled: mfa.enabled.iter().map(|factor| factor.name().to_owned()).collect(),
        preferred: mfa.preferred.map(Factor::name).map(str::to_owned),
        software_token: mfa.token.as_ref().map(|token| token.secret().base32()),
    })
}

fn device(device: &users::devices::Device) -> Device {
    Device {
        key: device.key.clone(),
        name: device.name.clone(),
        password_verifier: verifier(&device.verifier),
        remembered: device.remembered,
    }
}
