//! `ListUsers`, its filter and its pages.

use serde_json::{Value, json};

use super::request::{ANY, POOL_ID, Request};
use super::users::describe;
use crate::State;
use crate::error::Error;
use crate::users::User;

/// The maximum number of users in a page.
const PAGE: u64 = 60;

pub(super) fn list_users(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId", &POOL_ID)?;
    let filter = request.text("Filter", &ANY)?.filter(|filter| !filter.trim().is_empty());
    let after = request.text("PaginationToken", &ANY)?;
    request.check()?;
    let limit = request
        .fields
        .number("Limit")?
        .filter(|limit| *limit > 0)
        .unwrap_or(PAGE)
        .min(PAGE);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let wanted = request.fields.texts("AttributesToGet")?;
    let filter = filter.map(Filter::parse).transpose()?;
    let pool = state.directory.pool(pool)?;
    let mut users = state.directory.users(&pool);
    users.retain(|user| filter.as_ref().is_none_or(|filter| filter.matches(user)));
    if let Some(after) = after {
        users.retain(|user| user.name.as_str() > after);
    }
    let next = users
        .get(limit.saturating_sub(1))
        .filter(|_| users.len() > limit)
        .map(|last| last.name.clone());
    users.truncate(limit);
    let describe = |user: &User| {
        let mut described = describe(user, "Attributes");
        if let (Some(wanted), Some(Value::Array(attributes))) = (&wanted, described.get_mut("Attributes")) {
            attributes.retain(|attribute| {
                attribute
                    .get("Name")
                    .and_then(Value::as_str)
                    .is_some_and(|name| wanted.contains(&name))
            });
        }
        described
    };
    let mut reply = json!({"Users": users.iter().map(|user| describe(user)).collect::<Vec<_>>()});
    if let (Some(next), Some(reply)) = (next, reply.as_object_mut()) {
        reply.insert("PaginationToken".to_owned(), next.into());
    }
    Ok(reply)
}

/// A filter such as `email ^= "ana"`.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    attribute: String,
    /// Whether it compares the prefix only.
    prefix: bool,
    value: String,
}

/// The attributes that Cognito can search.
const SEARCHABLE: [&str; 10] = [
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

impl Filter {
    fn parse(text: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::invalid_parameter("Error while parsing filter.")
                .because("a filter looks like `email = \"ana@example.com\"` or `email ^= \"ana\"`")
        };
        let (left, value) = text.split_once('=').ok_or_else(malformed)?;
        let (attribute, prefix) = match left.strip_suffix('^') {
            Some(attribute) => (attribute, true),
            None => (left, false),
        };
        let attribute = attribute.trim().trim_matches('"').to_owned();
        if !SEARCHABLE.contains(&attribute.as_str()) {
            return Err(Error::invalid_parameter("Error while parsing filter.")
                .because(format!("a filter may be over {}", SEARCHABLE.join(", "))));
        }
        let quoted = value.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let value = quoted.ok_or_else(malformed)?.replace("\\\"", "\"");
        Ok(Self {
            attribute,
            prefix,
            value,
        })
    }

    fn matches(&self, user: &User) -> bool {
        let value = match self.attribute.as_str() {
            "username" => Some(user.name.as_str()),
            "sub" => Some(user.sub.as_str()),
            "cognito:user_status" => Some(user.status.name()),
            // Cognito ignores the letter case of this one.
            "status" => return self.matches_status(user),
            name => user.attributes.get(name).map(String::as_str),
        };
        value.is_some_and(|value| self.fits(value, &self.value))
    }

    fn matches_status(&self, user: &User) -> bool {
        let status = if user.disabled { "disabled" } else { "enabled" };
        self.fits(status, &self.value.to_lowercase())
    }

    fn fits(&self, value: &str, wanted: &str) -> bool {
        if self.prefix {
            value.starts_with(wanted)
        } else {
            value == wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_cognitos() {
        let filter = |attribute: &str, prefix, value: &str| Filter {
            attribute: attribute.into(),
            prefix,
            value: value.into(),
        };
        assert_eq!(Filter::parse("email = \"a@b\""), Ok(filter("email", false, "a@b")));
        assert_eq!(Filter::parse("email^=\"a\""), Ok(filter("email", true, "a")));
        assert_eq!(
            Filter::parse("\"name\" = \"a = \\\"b\\\"\""),
            Ok(filter("name", false, "a = \"b\""))
        );
        for malformed in ["email", "email = a", "custom:x = \"a\"", "=", "email = \"", "\"= \""] {
            assert!(Filter::parse(malformed).is_err(), "{malformed}");
        }
    }
}
