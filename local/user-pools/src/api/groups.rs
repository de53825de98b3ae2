//! The operations on groups. All are for administrators.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::pagination::{Page, reply};
use super::request::Request;
use super::users::{describe, target};
use crate::State;
use crate::error::Error;
use crate::fields::Fields;
use crate::groups::Group;
use crate::pools::Pool;

/// The properties of a group in a request. Missing ones do not change.
struct GroupChange<'a> {
    description: Option<&'a str>,
    role: Option<&'a str>,
    precedence: Option<u32>,
}

impl<'a> GroupChange<'a> {
    fn read(request: &Request<'a>) -> Result<Self, Error> {
        let (description, role) = (request.text("Description")?, request.text("RoleArn")?);
        Ok(Self {
            description,
            role,
            precedence: precedence(&request.fields)?,
        })
    }

    fn apply(self, group: &mut Group) {
        if let Some(description) = self.description {
            group.description = Some(description.to_owned());
        }
        if let Some(role) = self.role {
            group.role = Some(role.to_owned());
        }
        group.precedence = self.precedence.or(group.precedence);
    }
}

fn precedence(fields: &Fields<'_>) -> Result<Option<u32>, Error> {
    const KEY: &str = "Precedence";
    let Some(number) = fields.number(KEY)? else {
        return Ok(None);
    };
    match u32::try_from(number) {
        Ok(number) if i32::try_from(number).is_ok() => Ok(Some(number)),
        _ => Err(fields.wrong_value(KEY, "must be at most 2147483647").into()),
    }
}

/// Returns the pool and the group of a request.
fn group<'a>(state: &State, request: &Request<'a>) -> Result<(Arc<Pool>, &'a str), Error> {
    let pool = request.required("UserPoolId")?;
    let name = request.required("GroupName")?;
    Ok((state.directory.pool(pool)?, name))
}

pub(super) fn create_group(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let settings = GroupChange::read(request)?;
    let (pool, name) = group(state, request)?;
    let mut group = Group::new(name.to_owned(), state.clock.now());
    settings.apply(&mut group);
    let described = json!({"Group": describe_group(&pool, &group)});
    state.directory.update_groups(&pool, |groups| groups.add(group))?;
    Ok(described)
}

pub(super) fn get_group(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, name) = group(state, request)?;
    let groups = state.directory.groups(&pool);
    Ok(json!({"Group": describe_group(&pool, groups.find(name)?)}))
}

pub(super) fn update_group(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let settings = GroupChange::read(request)?;
    let (pool, name) = group(state, request)?;
    let now = state.clock.now();
    state.directory.update_groups(&pool, |groups| {
        let group = groups.find_mut(name)?;
        settings.apply(group);
        group.modified = now;
        Ok(json!({"Group": describe_group(&pool, group)}))
    })
}

pub(super) fn delete_group(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, name) = group(state, request)?;
    state.directory.update_groups(&pool, |groups| groups.remove(name))?;
    Ok(json!({}))
}

pub(super) fn list_groups(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let page = Page::read(request, "Limit")?;
    let pool = state.directory.pool(pool)?;
    let groups = state.directory.groups(&pool);
    Ok(list(&pool, &groups.iter().collect::<Vec<_>>(), &page))
}

pub(super) fn admin_list_groups_for_user(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, request)?;
    let page = Page::read(request, "Limit")?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    let groups = state.directory.groups(&pool);
    let groups: Vec<&Group> = groups.iter().filter(|group| group.has(&user.sub)).collect();
    Ok(list(&pool, &groups, &page))
}

pub(super) fn list_users_in_group(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, name) = group(state, request)?;
    let page = Page::read(request, "Limit")?;
    let groups = state.directory.groups(&pool);
    let group = groups.find(name)?;
    let mut users = state.directory.users(&pool);
    users.retain(|user| group.has(&user.sub));
    let (users, next) = page.cut(&users, |user| &user.name);
    let users = users.iter().map(|user| describe(user, "Attributes")).collect();
    Ok(reply("Users", users, next))
}

/// Adds a user to a group, or removes the user.
pub(super) fn set_member(state: &State, request: &Request<'_>, member: bool) -> Result<Value, Error> {
    let login = request.required("Username")?;
    let (pool, name) = group(state, request)?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    state
        .directory
        .update_groups(&pool, |groups| groups.set_member(name, &user.sub, member))?;
    Ok(json!({}))
}

fn list(pool: &Pool, groups: &[&Group], page: &Page<'_>) -> Value {
    let (groups, next) = page.cut(groups, |group| &group.name);
    let groups = groups.iter().map(|group| describe_group(pool, group)).collect();
    reply("Groups", groups, next)
}

fn describe_group(pool: &Pool, group: &Group) -> Value {
    let mut described = Map::new();
    described.insert("GroupName".to_owned(), group.name.as_str().into());
    described.insert("UserPoolId".to_owned(), pool.id.as_str().into());
    if let Some(description) = &group.description {
        described.insert("Description".to_owned(), description.as_str().into());
    }
    if let Some(role) = &group.role {
        described.insert("RoleArn".to_owned(), role.as_str().into());
    }
    if let Some(precedence) = group.precedence {
        described.insert("Precedence".to_owned(), precedence.into());
    }
    described.insert("LastModifiedDate".to_owned(), group.modified.as_secs_f64().into());
    described.insert("CreationDate".to_owned(), group.created.as_secs_f64().into());
    described.into()
}
