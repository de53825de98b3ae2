//! `ListUsers`.

mod filter;

use serde_json::{Value, json};

use super::pagination::Page;
use super::request::Request;
use super::users::describe;
use crate::State;
use crate::error::Error;
use crate::users::User;
use filter::Filter;

pub(super) fn list_users(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let filter = request.text("Filter")?.filter(|filter| !filter.trim().is_empty());
    let page = Page::new(request.text("PaginationToken")?, request.fields.number("Limit")?);
    let wanted = request.fields.texts("AttributesToGet")?;
    let filter = filter.map(Filter::parse).transpose()?;
    let pool = state.directory.pool(pool)?;
    let mut users = state.directory.users(&pool);
    users.retain(|user| filter.as_ref().is_none_or(|filter| filter.matches(user)));
    let (users, next) = page.cut(&users, |user| &user.name);
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
