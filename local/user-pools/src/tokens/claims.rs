//! Claims in tokens besides those of Cognito: groups, and the changes of `PreTokenGeneration`.

use serde_json::{Map, Value};

use crate::groups::Memberships;

/// The claims that no function may change in any token.
const FIXED: [&str; 16] = [
    "acr",
    "amr",
    "at_hash",
    "auth_time",
    "azp",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
];

/// The additional claims that no function may change in an ID token. Groups are changed in another field.
const FIXED_IN_ID: [&str; 2] = ["aud", "cognito:username"];

/// The additional claims that no function may change in an access token. Scopes are changed in another field.
const FIXED_IN_ACCESS: [&str; 5] = ["client_id", "device_key", "scope", "username", "version"];

/// The changes that a function wants in one token.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    pub(crate) add: Map<String, Value>,
    /// Takes precedence over `add`.
    pub(crate) suppress: Vec<String>,
}

/// The changes that `PreTokenGeneration` wants.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) id: Changes,
    pub(crate) access: Changes,
    pub(crate) scopes_to_add: Vec<String>,
    pub(crate) scopes_to_suppress: Vec<String>,
    /// The replacement of the user's groups, if any.
    pub(crate) groups: Option<Memberships>,
}

/// The content of tokens beyond their holder.
#[derive(Clone, Default)]
pub(crate) struct Content {
    pub(super) memberships: Memberships,
    overrides: Overrides,
}

impl Changes {
    /// Whether there are no changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.suppress.is_empty()
    }

    fn apply(&self, claims: &mut Map<String, Value>) {
        claims.extend(self.add.clone());
        claims.retain(|name, _| !self.suppress.contains(name));
    }

    /// Removes the claims that are `fixed`, and returns their names.
    fn without_fixed(&mut self, fixed: impl Fn(&str, Option<&Value>) -> bool) -> Vec<String> {
        let fixed = |name: &str, value: Option<&Value>| FIXED.contains(&name) || fixed(name, value);
        let mut ignored = Vec::new();
        self.add.retain(|name, value| {
            // A claim of this name must not add a user to a group.
            let refused = name.starts_with("cognito:") || name.starts_with("dev:") || fixed(name, Some(value));
            if refused {
                ignored.push(name.clone());
            }
            !refused
        });
        self.suppress.retain(|name| {
            let refused = fixed(name, None);
            if refused {
                ignored.push(name.clone());
            }
            !refused
        });
        ignored
    }
}

impl Content {
    /// Combines a user's groups and the changes of a function. Returns the names of the claims that cannot be changed.
    pub(crate) fn new(memberships: Memberships, mut overrides: Overrides, client: &str) -> (Self, Vec<String>) {
        let mut ignored = overrides.id.without_fixed(|name, _| FIXED_IN_ID.contains(&name));
        ignored.extend(overrides.access.without_fixed(|name, value| {
            // An access token may get an audience, if it is the client of the token.
            let foreign = name == "aud" && value.is_some_and(|value| value != client);
            foreign || FIXED_IN_ACCESS.contains(&name)
        }));
        let memberships = overrides.groups.take().unwrap_or(memberships);
        (Self { memberships, overrides }, ignored)
    }

    /// Adds to the claims of an ID token.
    pub(super) fn complete_id(&self, claims: &mut Map<String, Value>) {
        let Memberships {
            groups,
            roles,
            preferred_role,
        } = &self.memberships;
        for (name, list) in [("cognito:groups", groups), ("cognito:roles", roles)] {
            if !list.is_empty() {
                claims.insert(name.to_owned(), list.clone().into());
            }
        }
        if let Some(role) = preferred_role {
            claims.insert("cognito:preferred_role".to_owned(), role.as_str().into());
        }
        self.overrides.id.apply(claims);
    }

    /// Adds to the claims of an access token.
    pub(super) fn complete_access(&self, claims: &mut Map<String, Value>) {
        if !self.memberships.groups.is_empty() {
            claims.insert("cognito:groups".to_owned(), self.memberships.groups.clone().into());
        }
        self.overrides.access.apply(claims);
    }

    /// Returns the scopes of an access token whose default scopes are `scopes`.
    pub(super) fn scope(&self, scopes: &[&str]) -> String {
        let added = self.overrides.scopes_to_add.iter().map(String::as_str);
        let mut kept: Vec<&str> = Vec::new();
        for scope in scopes.iter().copied().chain(added) {
            let suppressed = self.overrides.scopes_to_suppress.iter().any(|name| name == scope);
            if !suppressed && !kept.contains(&scope) {
                kept.push(scope);
            }
        }
        kept.join(" ")
    }
}
