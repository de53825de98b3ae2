//! What is in tokens besides what Cognito puts there: groups, and what the function before tokens makes of them.

use serde_json::{Map, Value};

use crate::groups::Memberships;

/// What no function may change in any token.
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

/// Nor in an id token. Groups have a way of their own.
const FIXED_IN_ID: [&str; 2] = ["aud", "cognito:username"];

/// Nor in an access token. Scopes have a way of their own.
const FIXED_IN_ACCESS: [&str; 5] = ["client_id", "device_key", "scope", "username", "version"];

/// What a function wants changed in one token.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    pub(crate) add: Map<String, Value>,
    /// Wins over `add`.
    pub(crate) suppress: Vec<String>,
}

/// What the function before tokens wants changed.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) id: Changes,
    pub(crate) access: Changes,
    pub(crate) scopes_to_add: Vec<String>,
    pub(crate) scopes_to_suppress: Vec<String>,
    /// What stands in for the user's groups, if anything does.
    pub(crate) groups: Option<Memberships>,
}

/// What tokens say beyond their holder.
#[derive(Clone, Default)]
pub(crate) struct Content {
    pub(super) memberships: Memberships,
    overrides: Overrides,
}

impl Changes {
    /// Whether nothing is to be changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.suppress.is_empty()
    }

    fn apply(&self, claims: &mut Map<String, Value>) {
        claims.extend(self.add.clone());
        claims.retain(|name, _| !self.suppress.contains(name));
    }

    /// Takes out the claims that are `fixed`, and names them.
    fn without_fixed(&mut self, fixed: impl Fn(&str, Option<&Value>) -> bool) -> Vec<String> {
        let fixed = |name: &str, value: Option<&Value>| FIXED.contains(&name) || fixed(name, value);
        let mut ignored = Vec::new();
        self.add.retain(|name, value| {
            // Nobody is put into a group by a claim of that name.
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
    /// What a user's groups and a function's wishes make; names the claims that cannot be changed.
    pub(crate) fn new(memberships: Memberships, mut overrides: Overrides, client: &str) -> (Self, Vec<String>) {
        let mut ignored = overrides.id.without_fixed(|name, _| FIXED_IN_ID.contains(&name));
        ignored.extend(overrides.access.without_fixed(|name, value| {
            // An audience may be added to an access token, if it is the client that the token is for.
            let foreign = name == "aud" && value.is_some_and(|value| value != client);
            foreign || FIXED_IN_ACCESS.contains(&name)
        }));
        let memberships = overrides.groups.take().unwrap_or(memberships);
        (Self { memberships, overrides }, ignored)
    }

    /// Adds to the claims of an id token.
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

    /// The scopes of an access token that would have had `scopes`.
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
