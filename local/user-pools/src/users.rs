//! The users of one pool.

pub(crate) mod addresses;
pub(crate) mod codes;
mod decoy;
pub(crate) mod devices;
pub(crate) mod mfa;
pub(crate) mod new;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::mail::Medium;
use super::pools::{Logins, Pool};
use super::srp::Verifier;
use codes::{Codes, Purpose};
pub(crate) use decoy::Decoys;
use devices::Device;
use mfa::UserMfa;

/// A user of a pool.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct User {
    /// The username in the pool, never an alias.
    pub(crate) name: String,
    pub(crate) sub: String,
    /// All attributes except `sub`.
    pub(crate) attributes: BTreeMap<String, String>,
    /// `None` until a password is set.
    pub(crate) password: Option<Verifier>,
    /// The time when the password was set. A temporary one expires.
    pub(crate) password_set: Duration,
    pub(crate) status: Status,
    /// Whether an administrator has disabled the account.
    pub(crate) disabled: bool,
    pub(crate) codes: Codes,
    pub(crate) mfa: UserMfa,
    pub(crate) devices: Vec<Device>,
    pub(crate) created: Duration,
    pub(crate) modified: Duration,
}

/// The state of a user's account.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) enum Status {
    Confirmed,
    ForceChangePassword,
    /// An administrator has reset the password. A code that was sent allows the user to choose another.
    ResetRequired,
    Unconfirmed,
}

impl Status {
    /// The name in `UserStatus`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "CONFIRMED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::ResetRequired => "RESET_REQUIRED",
            Self::Unconfirmed => "UNCONFIRMED",
        }
    }
}

impl User {
    /// Sets attributes. An empty value removes one. A new address is not verified unless the change says so, and a code
    /// for the old address becomes invalid.
    pub(crate) fn change_attributes(&mut self, changes: BTreeMap<String, String>) {
        for medium in [Medium::Email, Medium::Sms] {
            let name = medium.attribute();
            let verified = format!("{name}_verified");
            let is_new = changes
                .get(name)
                .is_some_and(|value| self.attributes.get(name) != Some(value));
            if is_new {
                self.codes.remove(Purpose::Attribute(medium));
            }
            if is_new && !changes.contains_key(&verified) && self.attributes.contains_key(&verified) {
                self.attributes.insert(verified, "false".to_owned());
            }
        }
        self.attributes.extend(changes);
        self.attributes.retain(|_, value| !value.is_empty());
    }

    /// Removes attributes. If an address is removed, its verification and its codes are removed too.
    pub(crate) fn remove_attributes(&mut self, names: &[&str]) {
        for name in names {
            self.attributes.remove(*name);
            if let Some(medium) = Medium::of_attribute(name) {
                self.attributes.remove(&format!("{name}_verified"));
                self.codes.remove(Purpose::Attribute(medium));
            }
        }
    }

    /// Returns the user's device called `key`.
    pub(crate) fn device(&self, key: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.key == key)
    }

    /// Returns the values besides the username that the user signs in with, such as `("email", "ana@example.com")`.
    pub(crate) fn logins<'a>(&'a self, pool: &'a Pool) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let (names, verified_only): (&[&'static str], bool) = match &pool.logins {
            Logins::Name => (&[], false),
            Logins::Aliases(names) => (names, true),
            Logins::Attributes(names) => (names, false),
        };
        names.iter().filter_map(move |name| {
            let verified = || {
                self.attributes
                    .get(&format!("{name}_verified"))
                    .is_some_and(|value| value == "true")
            };
            let login = self.attributes.get(*name)?;
            (!verified_only || *name == "preferred_username" || verified()).then_some((*name, login.as_str()))
        })
    }
}

/// Stores a change of a user before it is made in memory.
pub(crate) trait Store: FnOnce(&User) -> Result<(), Error> {}

impl<T: FnOnce(&User) -> Result<(), Error>> Store for T {}

/// The users of one pool, found by username or alias.
#[derive(Debug, Default)]
pub(crate) struct Users {
    by_name: BTreeMap<String, Arc<User>>,
    /// The keys in `by_name`, by alias.
    aliases: HashMap<String, String>,
}

impl Users {
    /// Returns the user with the username or alias `login`.
    pub(crate) fn find(&self, pool: &Pool, login: &str) -> Option<&Arc<User>> {
        let login = pool.fold(login);
        self.by_name
            .get(&login)
            .or_else(|| self.by_name.get(self.aliases.get(&login)?))
    }

    /// Returns all users, by the folded username.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<User>> {
        self.by_name.values()
    }

    /// Returns the number of users.
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Returns the same users in a pool that may have other rules for usernames. Returns an error for the first user
    /// that these rules forbid.
    pub(crate) fn moved(&self, pool: &Pool) -> Result<Self, (Arc<User>, Error)> {
        let mut moved = Self::default();
        for user in self.iter() {
            let put = moved.insert(pool, User::clone(user), |_| Ok(()));
            put.map_err(|error| (Arc::clone(user), error))?;
        }
        Ok(moved)
    }

    /// Adds a user after `store` has stored it.
    pub(crate) fn insert(&mut self, pool: &Pool, user: User, store: impl Store) -> Result<Arc<User>, Error> {
        if self.find(pool, &user.name).is_some() {
            return Err(Error::new("UsernameExistsException", "User account already exists"));
        }
        self.put(pool, user, store)
    }

    /// Changes the user with the username or alias `login` after `store` has stored the result.
    pub(crate) fn update(
        &mut self,
        pool: &Pool,
        login: &str,
        change: impl FnOnce(&mut User) -> Result<(), Error>,
        store: impl Store,
    ) -> Result<Arc<User>, Error> {
        let mut user = User::clone(self.find(pool, login).ok_or_else(Error::user_not_found)?);
        change(&mut user)?;
        self.put(pool, user, store)
    }

    /// Removes the user with the username or alias `login` after `store` has removed it.
    pub(crate) fn remove(&mut self, pool: &Pool, login: &str, store: impl Store) -> Result<Arc<User>, Error> {
        let user = Arc::clone(self.find(pool, login).ok_or_else(Error::user_not_found)?);
        store(&user)?;
        self.forget_aliases(pool, &user);
        self.by_name.remove(&pool.fold(&user.name));
        Ok(user)
    }

    fn forget_aliases(&mut self, pool: &Pool, user: &User) {
        for (_, alias) in user.logins(pool) {
            self.aliases.remove(&pool.fold(alias));
        }
    }

    /// INVARIANT: an alias belongs to one user, and is not the username of another.
    fn put(&mut self, pool: &Pool, user: User, store: impl Store) -> Result<Arc<User>, Error> {
        let key = pool.fold(&user.name);
        let mut aliases = Vec::new();
        for (attribute, alias) in user.logins(pool) {
            let alias = pool.fold(alias);
            let taken = self.aliases.get(&alias).is_some_and(|owner| *owner != key);
            if taken || (alias != key && self.by_name.contains_key(&alias)) {
                let (name, message) = match &pool.logins {
                    Logins::Attributes(_) => (
                        "UsernameExistsException",
                        format!("An account with the given {attribute} already exists."),
                    ),
                    _ => (
                        "AliasExistsException",
                        format!("An account with the {attribute} already exists."),
                    ),
                };
                return Err(Error::new(name, message));
            }
            aliases.push(alias);
        }
        store(&user)?;
        if let Some(old) = self.by_name.get(&key).cloned() {
            self.forget_aliases(pool, &old);
        }
        self.aliases
            .extend(aliases.into_iter().map(|alias| (alias, key.clone())));
        let user = Arc::new(user);
        self.by_name.insert(key, Arc::clone(&user));
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pools::Triggers;

    fn pool(properties: &serde_json::Value) -> Pool {
        let properties = properties.as_object().unwrap().clone();
        Pool::new(
            "us-east-1_p".into(),
            "p".into(),
            Triggers::default(),
            properties,
            Duration::ZERO,
        )
        .unwrap()
    }

    fn user(name: &str, attributes: &[(&str, &str)]) -> User {
        User {
            name: name.into(),
            sub: format!("sub of {name}"),
            attributes: attributes
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            password: None,
            password_set: Duration::ZERO,
            status: Status::Confirmed,
            disabled: false,
            codes: Codes::default(),
            mfa: UserMfa::default(),
            devices: Vec::new(),
            created: Duration::ZERO,
            modified: Duration::ZERO,
        }
    }

    fn insert(users: &mut Users, pool: &Pool, user: User) -> Result<Arc<User>, Error> {
        users.insert(pool, user, |_| Ok(()))
    }

    #[test]
    fn a_verified_alias_finds_its_user_and_an_unverified_one_does_not() {
        let pool = pool(&json!({"AliasAttributes": ["email"]}));
        let mut users = Users::default();
        let verified = [("email", "a@example.com"), ("email_verified", "true")];
        insert(&mut users, &pool, user("ana", &verified)).unwrap();
        insert(&mut users, &pool, user("bea", &[("email", "b@example.com")])).unwrap();
        assert_eq!(users.find(&pool, "a@example.com").unwrap().name, "ana");
        assert!(users.find(&pool, "b@example.com").is_none());
        assert!(users.find(&pool, "sub of ana").is_none());
    }

    #[test]
    fn an_alias_belongs_to_one_user_and_moves_with_the_attribute() {
        let pool = pool(&json!({"UsernameAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false}}));
        let mut users = Users::default();
        insert(&mut users, &pool, user("1", &[("email", "a@example.com")])).unwrap();
        let error = insert(&mut users, &pool, user("2", &[("email", "A@example.com")])).unwrap_err();
        assert_eq!(error.name, "UsernameExistsException");
        let change = |user: &mut User| {
            user.attributes.insert("email".into(), "c@example.com".into());
            Ok(())
        };
        users.update(&pool, "A@EXAMPLE.COM", change, |_| Ok(())).unwrap();
        assert!(users.find(&pool, "a@example.com").is_none());
        assert_eq!(users.find(&pool, "c@example.com").unwrap().name, "1");
        users.remove(&pool, "c@example.com", |_| Ok(())).unwrap();
        assert!(users.find(&pool, "c@example.com").is_none() && users.find(&pool, "1").is_none());
    }

    #[test]
    fn a_user_cannot_take_the_username_or_alias_of_another() {
        let pool = pool(&json!({"AliasAttributes": ["preferred_username"]}));
        let mut users = Users::default();
        let queen = [("preferred_username", "queen")];
        insert(&mut users, &pool, user("ana", &queen)).unwrap();
        assert!(insert(&mut users, &pool, user("ana", &[])).is_err());
        assert!(insert(&mut users, &pool, user("queen", &[])).is_err());
        assert!(insert(&mut users, &pool, user("bea", &[("preferred_username", "ana")])).is_err());
        assert!(insert(&mut users, &pool, user("bea", &queen)).is_err());
    }

    #[test]
    fn a_change_that_is_not_kept_is_not_made() {
        let pool = pool(&json!({"AliasAttributes": ["preferred_username"]}));
        let mut users = Users::default();
        insert(&mut users, &pool, user("ana", &[("preferred_username", "queen")])).unwrap();
        let full = |_: &User| Err(Error::internal("the disk is full"));
        assert!(users.insert(&pool, user("bea", &[]), full).is_err());
        let rename = |user: &mut User| {
            user.attributes.insert("preferred_username".into(), "king".into());
            Ok(())
        };
        assert!(users.update(&pool, "ana", rename, full).is_err());
        assert!(users.remove(&pool, "ana", full).is_err());
        assert_eq!(users.len(), 1);
        assert_eq!(users.find(&pool, "queen").unwrap().name, "ana");
        assert!(users.find(&pool, "king").is_none());
    }

    #[test]
    fn users_move_to_other_rules_unless_two_would_be_one() {
        let folded = pool(&json!({"UsernameConfiguration": {"CaseSensitive": false}}));
        let mut users = Users::default();
        let strict = pool(&json!({}));
        insert(&mut users, &strict, user("Ana", &[])).unwrap();
        assert_eq!(users.moved(&folded).unwrap().find(&folded, "aNA").unwrap().name, "Ana");
        insert(&mut users, &strict, user("ana", &[])).unwrap();
        let (refused, _) = users.moved(&folded).unwrap_err();
        assert_eq!(refused.name, "ana");
    }
}
