//! Applies a seed to a pool.

use std::collections::BTreeSet;

use super::{At, Group, Mfa, Seed, SeedError, User};
use crate::error::Error;
use crate::pools::Pool;
use crate::pools::mfa::Factor;
use crate::srp::Identity;
use crate::totp::Secret;
use crate::users::devices::Device;
use crate::users::mfa::Token;
use crate::users::new::{NewUser, verifier};
use crate::{State, UserPools, groups, users};

impl UserPools {
    /// Creates the groups and users of `seed`, and changes existing ones to its values. Other users, attributes and
    /// groups are kept. A second call with the same seed changes nothing. Everything is checked before the first
    /// change, except that two users claim one alias.
    ///
    /// # Errors
    ///
    /// Returns an error if the pool does not exist or does not accept a value, or if a change cannot be stored.
    pub fn seed(&self, pool_id: &str, seed: &Seed) -> Result<(), SeedError> {
        let state = &*self.0;
        let pool = state
            .directory
            .pool(pool_id)
            .map_err(|error| said(At(Vec::new()), &error))?;
        seed.check(&pool, &state.directory.groups(&pool))?;
        let users = seed.users.iter().enumerate();
        let wanted: Vec<Wanted> = users
            .map(|(index, user)| state.wanted_user(&pool, user, &At::user(index)))
            .collect::<Result<_, _>>()?;
        for (index, group) in seed.groups.iter().enumerate() {
            let made = state.seed_group(&pool, group);
            made.map_err(|error| said(At::group(index), &error))?;
        }
        for (index, (user, wanted)) in seed.users.iter().zip(wanted).enumerate() {
            let made = state.seed_user(&pool, user, wanted);
            made.map_err(|error| said(At::user(index), &error))?;
        }
        Ok(())
    }
}

/// A user of the seed.
enum Wanted {
    Changed(Box<users::User>),
    New(Box<users::User>),
    Same { sub: String },
}

impl State {
    fn seed_group(&self, pool: &Pool, seed: &Group) -> Result<(), Error> {
        let known = self.directory.groups(pool);
        let is_like_it = |group: &groups::Group| {
            (&group.description, group.precedence, &group.role) == (&seed.description, seed.precedence, &seed.role_arn)
        };
        if known.find(&seed.name).is_ok_and(is_like_it) {
            return Ok(());
        }
        let now = self.clock.now();
        self.directory.update_groups(pool, |groups| {
            if groups.find(&seed.name).is_err() {
                groups.add(groups::Group::new(seed.name.clone(), now))?;
            }
            let group = groups.find_mut(&seed.name)?;
            group.description.clone_from(&seed.description);
            group.precedence = seed.precedence;
            group.role.clone_from(&seed.role_arn);
            Ok(())
        })
    }

    /// Compares a user with the seed.
    fn wanted_user(&self, pool: &Pool, seed: &User, at: &At) -> Result<Wanted, SeedError> {
        let told = |error: Error| said(at.clone(), &error);
        let Some(known) = self.directory.user(pool, &seed.username) else {
            let new = self.new_user(pool, seed).map_err(told)?;
            return Ok(Wanted::New(Box::new(new)));
        };
        if let Some(sub) = seed.sub.as_ref().filter(|sub| **sub != known.sub) {
            let problem = format!("the user exists with the sub {}, not {}", known.sub, sub.escape_debug());
            return Err(at.key("sub").error(problem));
        }
        let mut user = users::User::clone(&known);
        self.change_user(pool, &mut user, seed).map_err(told)?;
        Ok(if written(&user) == written(&known) {
            Wanted::Same { sub: user.sub }
        } else {
            Wanted::Changed(Box::new(user))
        })
    }

    fn seed_user(&self, pool: &Pool, seed: &User, wanted: Wanted) -> Result<(), Error> {
        let sub = match wanted {
            Wanted::Changed(user) => {
                let name = user.name.clone();
                let change = |known: &mut users::User| {
                    *known = *user;
                    Ok(())
                };
                self.directory.update_user(pool, &name, change)?.sub.clone()
            }
            Wanted::New(user) => self.directory.add_user(pool, *user)?.sub.clone(),
            Wanted::Same { sub } => sub,
        };
        self.seed_memberships(pool, &sub, &seed.groups)
    }

    fn new_user(&self, pool: &Pool, seed: &User) -> Result<users::User, Error> {
        let mut user = self.draft_user(
            pool,
            NewUser {
                login: &seed.username,
                password: None,
                attributes: seed.attributes(),
                status: seed.status,
            },
        )?;
        if let Some(sub) = &seed.sub {
            if user.name == user.sub {
                user.name.clone_from(sub);
            }
            user.sub.clone_from(sub);
        }
        self.change_user(pool, &mut user, seed)?;
        Ok(user)
    }

    /// Changes `user` to the values of the seed.
    fn change_user(&self, pool: &Pool, user: &mut users::User, seed: &User) -> Result<(), Error> {
        let mut attributes = seed.attributes();
        pool.schema.fold_flags(&mut attributes);
        // An attribute that cannot be updated may be set to its current value.
        let mut changes = attributes.clone();
        changes.retain(|name, value| user.attributes.get(name) != Some(value));
        pool.schema.check_changes(&changes)?;
        user.change_attributes(attributes);
        user.status = seed.status;
        user.disabled = !seed.enabled;
        self.change_password(pool, user, seed)?;
        if let Some(mfa) = &seed.mfa {
            mfa.change(user);
        }
        let now = self.clock.now();
        for device in &seed.devices {
            let verifier = device.password_verifier.read(&At(Vec::new()));
            let verifier = verifier.map_err(|error| Error::invalid_parameter(error.problem))?;
            let known = user.devices.iter_mut().find(|known| known.key == device.key);
            if let Some(known) = known {
                known.name.clone_from(&device.name);
                known.verifier = verifier;
                known.remembered = device.remembered;
                continue;
            }
            user.devices.push(Device {
                key: device.key.clone(),
                name: device.name.clone(),
                verifier,
                remembered: device.remembered,
                created: now,
                modified: now,
                authenticated: now,
            });
        }
        Ok(())
    }

    fn change_password(&self, pool: &Pool, user: &mut users::User, seed: &User) -> Result<(), Error> {
        let new = match (&seed.password, &seed.password_verifier) {
            (Some(password), _) => {
                let identity = Identity {
                    pool: &pool.id,
                    user: &user.name,
                };
                let known = user.password.as_ref();
                if known.is_some_and(|known| known.matches(identity, password)) {
                    return Ok(());
                }
                verifier(&self.random, pool, &user.name, password)?
            }
            (None, Some(verifier)) => {
                let verifier = verifier.read(&At(Vec::new()));
                verifier.map_err(|error| Error::invalid_parameter(error.problem))?
            }
            (None, None) => return Ok(()),
        };
        if user.password.as_ref() != Some(&new) {
            user.password = Some(new);
            user.password_set = self.clock.now();
        }
        Ok(())
    }

    fn seed_memberships(&self, pool: &Pool, sub: &str, names: &[String]) -> Result<(), Error> {
        let known = self.directory.groups(pool);
        let is_in = |name: &String| known.find(name).is_ok_and(|group| group.has(sub));
        if names.iter().all(is_in) {
            return Ok(());
        }
        self.directory.update_groups(pool, |groups| {
            names.iter().try_for_each(|name| groups.set_member(name, sub, true))
        })
    }
}

impl Mfa {
    fn change(&self, user: &mut users::User) {
        let mfa = &mut user.mfa;
        let factors = self.enabled.iter().filter_map(|name| Factor::parse(name));
        mfa.enabled = factors.collect::<BTreeSet<_>>();
        mfa.preferred = self.preferred.as_deref().and_then(Factor::parse);
        if let Some(secret) = self.software_token.as_deref().and_then(Secret::from_base32)
            && mfa.token.as_ref().is_none_or(|token| *token.secret() != secret)
        {
            mfa.token = Some(Token::new(secret, None, 0));
        }
    }
}

/// Returns the complete record of a user.
fn written(user: &users::User) -> Option<Vec<u8>> {
    serde_json::to_vec(user).ok()
}

fn said(at: At, error: &Error) -> SeedError {
    let why = error.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    at.error(format!("{}{why}", error.message.trim_end()))
}
