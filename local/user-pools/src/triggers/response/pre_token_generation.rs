//! The response of `PreTokenGeneration`.

use serde_json::{Map, Value};

use super::{Response, ResponseFields};
use crate::groups::Memberships;
use crate::tokens::claims::{Changes, Overrides};

/// The response to an event of version 1.
pub(crate) struct First(pub(crate) Overrides);

/// The response to an event of version 2 or 3.
pub(crate) struct Second(pub(crate) Overrides);

impl Response for First {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
        let details = fields.object("claimsOverrideDetails")?;
        let overrides = details.map(|mut details| first(&mut details)).transpose()?;
        Ok(Self(overrides.unwrap_or_default()))
    }

    fn decision(&self) -> String {
        decision(&self.0)
    }
}

impl Response for Second {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
        let details = fields.object("claimsAndScopeOverrideDetails")?;
        let overrides = details.map(|mut details| second(&mut details)).transpose()?;
        Ok(Self(overrides.unwrap_or_default()))
    }

    fn decision(&self) -> String {
        decision(&self.0)
    }
}

fn decision(overrides: &Overrides) -> String {
    let scopes = !overrides.scopes_to_add.is_empty() || !overrides.scopes_to_suppress.is_empty();
    let changed = [
        (!overrides.id.is_empty(), "the id token"),
        (scopes || !overrides.access.is_empty(), "the access token"),
        (overrides.groups.is_some(), "the groups"),
    ];
    let changed: Vec<&str> = changed.iter().filter(|(yes, _)| *yes).map(|(_, what)| *what).collect();
    if changed.is_empty() {
        "go on".to_owned()
    } else {
        format!("change {}", changed.join(", "))
    }
}

fn first(details: &mut ResponseFields<'_>) -> Result<Overrides, String> {
    const KNOWN: [&str; 3] = ["claimsToAddOrOverride", "claimsToSuppress", "groupOverrideDetails"];
    let [add, suppress, groups] = KNOWN;
    let overrides = Overrides {
        id: Changes {
            // In this version, all values are strings.
            add: details
                .texts(add)?
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
            suppress: details.list(suppress)?,
        },
        groups: memberships(details, groups)?,
        ..Overrides::default()
    };
    details.finish(&KNOWN)?;
    Ok(overrides)
}

fn second(details: &mut ResponseFields<'_>) -> Result<Overrides, String> {
    const KNOWN: [&str; 3] = ["idTokenGeneration", "accessTokenGeneration", "groupOverrideDetails"];
    const TOKEN: [&str; 4] = [
        "claimsToAddOrOverride",
        "claimsToSuppress",
        "scopesToAdd",
        "scopesToSuppress",
    ];
    let [id_token, access_token, groups] = KNOWN;
    let [add, suppress, scopes_to_add, scopes_to_suppress] = TOKEN;
    let changes = |token: &mut ResponseFields<'_>| {
        Ok::<_, String>(Changes {
            add: token
                .map(add, "an object")?
                .cloned()
                .unwrap_or_else(Map::<String, Value>::new),
            suppress: token.list(suppress)?,
        })
    };
    let mut overrides = Overrides::default();
    if let Some(mut token) = details.object(id_token)? {
        overrides.id = changes(&mut token)?;
        token.finish(&[add, suppress])?;
    }
    if let Some(mut token) = details.object(access_token)? {
        overrides.access = changes(&mut token)?;
        overrides.scopes_to_add = token.list(scopes_to_add)?;
        overrides.scopes_to_suppress = token.list(scopes_to_suppress)?;
        token.finish(&TOKEN)?;
        if overrides
            .scopes_to_add
            .iter()
            .any(|scope| scope.contains(char::is_whitespace) || scope.is_empty())
        {
            return Err("a scope to add contains a space or is empty".to_owned());
        }
    }
    overrides.groups = memberships(details, groups)?;
    details.finish(&KNOWN)?;
    Ok(overrides)
}

/// Returns the replacement of the user's groups. Without the field, there is no replacement. If the field is null or
/// empty, the user is in no group.
fn memberships(details: &mut ResponseFields<'_>, key: &str) -> Result<Option<Memberships>, String> {
    const KNOWN: [&str; 3] = ["groupsToOverride", "iamRolesToOverride", "preferredRole"];
    let [groups, roles, preferred_role] = KNOWN;
    if !details.has(key) {
        return Ok(None);
    }
    let Some(mut given) = details.object(key)? else {
        return Ok(Some(Memberships::default()));
    };
    let memberships = Memberships {
        groups: given.list(groups)?,
        roles: given.list(roles)?,
        preferred_role: given.text(preferred_role)?,
    };
    given.finish(&KNOWN)?;
    Ok(Some(memberships))
}
