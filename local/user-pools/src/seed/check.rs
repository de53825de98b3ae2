//! Checks a seed before any part of it is applied.

use std::collections::{BTreeMap, BTreeSet};

use super::{At, Mfa, Seed, SeedError, User};
use crate::groups::Groups;
use crate::pools::mfa::Factor;
use crate::pools::{Logins, Pool};
use crate::srp;
use crate::totp::Secret;

impl Seed {
    /// Returns an error for a value that the pool would not accept.
    pub(super) fn check(&self, pool: &Pool, existing: &Groups) -> Result<(), SeedError> {
        let mut groups: BTreeSet<&str> = existing.iter().map(|group| group.name.as_str()).collect();
        let mut named = BTreeMap::new();
        for (index, group) in self.groups.iter().enumerate() {
            let at = At::group(index);
            check_name(&group.name, &at.key("name"))?;
            if let Some(first) = named.insert(group.name.as_str(), index) {
                return Err(at.key("name").error(repeated("group", &group.name, "groups", first)));
            }
            if group.precedence.is_some_and(|number| i32::try_from(number).is_err()) {
                return Err(at.key("precedence").error("must be at most 2147483647"));
            }
            groups.insert(&group.name);
        }
        let mut logins = BTreeMap::new();
        for (index, user) in self.users.iter().enumerate() {
            let at = At::user(index);
            if let Some(first) = logins.insert(pool.fold(&user.username), index) {
                return Err(at
                    .key("username")
                    .error(repeated("user", &user.username, "users", first)));
            }
            user.check(pool, &groups, &at)?;
        }
        Ok(())
    }
}

impl User {
    fn check(&self, pool: &Pool, groups: &BTreeSet<&str>, at: &At) -> Result<(), SeedError> {
        check_name(&self.username, &at.key("username"))?;
        if let Some(sub) = &self.sub {
            check_name(sub, &at.key("sub"))?;
        }
        for (name, value) in &self.attributes() {
            let checked = pool.schema.check(name, value);
            let told = |error: crate::Error| at.key("attributes").key(name).error(error.message.trim_end());
            checked.map_err(told)?;
        }
        for (index, group) in self.groups.iter().enumerate() {
            if !groups.contains(group.as_str()) {
                let known: Vec<&str> = groups.iter().copied().collect();
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                let problem = format!("unknown group `{}` (known: {known})", group.escape_debug());
                return Err(at.key("groups").item(index).error(problem));
            }
        }
        match (&self.password, &self.password_verifier) {
            (Some(_), Some(_)) => {
                let problem = "cannot be beside `password`: write only one of them";
                return Err(at.key("passwordVerifier").error(problem));
            }
            (Some(password), None) => {
                let checked = pool.password_policy.check(password);
                checked.map_err(|error| at.key("password").error(error.message))?;
            }
            (None, Some(verifier)) => {
                verifier.read(&at.key("passwordVerifier"))?;
                if self.sub.is_none() && matches!(pool.logins, Logins::Attributes(_)) {
                    let problem = "needs the `sub` that it was created with";
                    return Err(at.key("passwordVerifier").error(problem));
                }
            }
            (None, None) => {}
        }
        for (index, device) in self.devices.iter().enumerate() {
            let at = at.key("devices").item(index);
            device.password_verifier.read(&at.key("passwordVerifier"))?;
        }
        self.mfa.as_ref().map_or(Ok(()), |mfa| mfa.check(&at.key("mfa")))
    }
}

impl super::Verifier {
    /// Returns the verifier in its parsed form.
    pub(super) fn read(&self, at: &At) -> Result<srp::Verifier, SeedError> {
        let verifier = srp::Verifier::from_client(&self.salt, &self.verifier);
        verifier.ok_or_else(|| {
            at.clone()
                .error("must be a salt and a verifier in base64, as in an export")
        })
    }
}

impl Mfa {
    fn check(&self, at: &At) -> Result<(), SeedError> {
        let mut enabled = BTreeSet::new();
        for (index, name) in self.enabled.iter().enumerate() {
            enabled.insert(factor(name, &at.key("enabled").item(index))?);
        }
        if let Some(name) = &self.preferred {
            let at = at.key("preferred");
            if !enabled.contains(&factor(name, &at)?) {
                return Err(at.error("is not among `enabled`"));
            }
        }
        let token = self.software_token.as_deref().map(Secret::from_base32);
        match token {
            Some(None) => Err(at
                .key("softwareToken")
                .error("must be 32 bytes in base32, as in an export")),
            None if enabled.contains(&Factor::SoftwareToken) => {
                Err(at.key("enabled").error("SOFTWARE_TOKEN_MFA needs `softwareToken`"))
            }
            Some(Some(_)) | None => Ok(()),
        }
    }
}

fn factor(name: &str, at: &At) -> Result<Factor, SeedError> {
    Factor::parse(name).ok_or_else(|| {
        let known = Factor::ALL.map(Factor::name).join(", ");
        at.clone()
            .error(format!("unknown factor `{}` (known: {known})", name.escape_debug()))
    })
}

/// The rule of Cognito for the names of users and groups.
fn check_name(name: &str, at: &At) -> Result<(), SeedError> {
    let visible = |c: char| !c.is_whitespace() && !c.is_control();
    if (1..=128).contains(&name.chars().count()) && name.chars().all(visible) {
        return Ok(());
    }
    Err(at.clone().error("must be 1 to 128 characters without spaces"))
}

fn repeated(what: &str, name: &str, list: &str, first: usize) -> String {
    format!("{what} `{}` exists already, in {list}[{first}]", name.escape_debug())
}
