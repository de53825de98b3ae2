//! The operations that list, change and delete pools and clients.

use serde_json::{Map, Value, json};

use super::page::{Page, reply};
use super::pools::{describe_client, triggers};
use super::request::Request;
use crate::State;
use crate::clients::Client;
use crate::error::Error;
use crate::pools::Pool;

/// The properties that cannot be changed, and those that `SetUserPoolMfaConfig` changes.
const KEPT: [&str; 8] = [
    "AliasAttributes",
    "EmailMfaConfiguration",
    "EnabledMfas",
    "Schema",
    "SmsMfaConfiguration",
    "SoftwareTokenMfaConfiguration",
    "UsernameAttributes",
    "UsernameConfiguration",
];

/// Sets a pool's properties. As on AWS, missing ones get their defaults. Only the second factors do not change if they
/// are missing: an incomplete request should not disable them.
pub(super) fn update_user_pool(
    state: &State,
    request: &Request<'_>,
    body: &Map<String, Value>,
) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    let name = request.text("PoolName")?;
    let triggers = triggers(request)?;
    state.directory.update_pool(id, |pool| {
        let mut properties = body.clone();
        let mut keep = |key: &str| match pool.properties.get(key) {
            Some(value) => drop(properties.insert(key.to_owned(), value.clone())),
            None => drop(properties.remove(key)),
        };
        KEPT.into_iter().for_each(&mut keep);
        if request.fields.value("MfaConfiguration").is_none() {
            keep("MfaConfiguration");
        }
        let name = name.unwrap_or(&pool.name).to_owned();
        Ok(Pool::new(pool.id.clone(), name, triggers, properties, pool.created)?)
    })?;
    Ok(json!({}))
}

/// Sets a client's properties. Missing ones get their defaults. The secret does not change.
pub(super) fn update_user_pool_client(
    state: &State,
    request: &Request<'_>,
    body: &Map<String, Value>,
) -> Result<Value, Error> {
    let (pool, id) = client_of(request)?;
    let pool = state.directory.pool(pool)?;
    let client = state.directory.update_client(&pool, id, |client| {
        let mut properties = body.clone();
        properties
            .entry("ClientName")
            .or_insert_with(|| client.name.as_str().into());
        let secret = client.secret.clone();
        Ok(Client::new(
            client.id.clone(),
            &pool,
            secret,
            properties,
            client.created,
        )?)
    })?;
    Ok(json!({"UserPoolClient": describe_client(&client)}))
}

pub(super) fn delete_user_pool(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    let pool = state.directory.pool(id)?;
    if pool.properties.get("DeletionProtection").and_then(Value::as_str) == Some("ACTIVE") {
        return Err(Error::invalid_parameter(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be \
             inactivated first.",
        ));
    }
    state.directory.remove_pool(&pool, state.clock.now())?;
    Ok(json!({}))
}

pub(super) fn delete_user_pool_client(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, id) = client_of(request)?;
    let pool = state.directory.pool(pool)?;
    state.directory.remove_client(&pool, id, state.clock.now())?;
    Ok(json!({}))
}

fn client_of<'a>(request: &Request<'a>) -> Result<(&'a str, &'a str), Error> {
    let pool = request.required("UserPoolId")?;
    let id = request.required("ClientId")?;
    Ok((pool, id))
}

pub(super) fn list_user_pools(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let page = Page::read(request, "MaxResults")?;
    let pools = state.directory.pools();
    let (pools, next) = page.cut(&pools, |pool| &pool.id);
    let pools: Vec<Value> = pools
        .iter()
        .map(|pool| {
            let created = pool.created.as_secs_f64();
            json!({"Id": pool.id, "Name": pool.name, "CreationDate": created, "LastModifiedDate": created})
        })
        .collect();
    Ok(reply("UserPools", pools, next))
}

pub(super) fn list_user_pool_clients(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let page = Page::read(request, "MaxResults")?;
    let pool = state.directory.pool(pool)?;
    let clients = state.directory.clients(&pool);
    let (clients, next) = page.cut(&clients, |client| &client.id);
    let clients: Vec<Value> = clients
        .iter()
        .map(|client| json!({"ClientId": client.id, "ClientName": client.name, "UserPoolId": client.pool}))
        .collect();
    Ok(reply("UserPoolClients", clients, next))
}
