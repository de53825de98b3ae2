//! `ListUsers` and its pages.

mod filter;

use serde_json::{Value, json};

use super::request::Request;
use super::users::describe;
use crate::State;
use crate::error::Error;
use crate::users::User;
use filter::Filter;

/// The maximum number of users in a page.
const PAGE: u64 = 60;

pub(super) fn list_users(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let filter = request.text("Filter")?.filter(|filter| !filter.trim().is_empty());
    let after = request.text("PaginationToken")?;
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
