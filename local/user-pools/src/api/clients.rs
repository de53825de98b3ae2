//! The operations on app clients.

use serde_json::{Map, Value, json};

use super::pagination::{Page, reply};
use super::pools::copy;
use super::request::Request;
use crate::State;
use crate::clients::Client;
use crate::error::Error;
use crate::fields::Fields;

pub(super) fn create_user_pool_client(
    state: &State,
    request: &Request<'_>,
    body: &Map<String, Value>,
) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    request.required("ClientName")?;
    let pool = state.directory.pool(pool)?;
    let client = state.create_client(state.random.alphanumeric::<26>()?, &pool, body.clone())?;
    Ok(json!({"UserPoolClient": describe_client(&client)}))
}

pub(super) fn describe_user_pool_client(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let id = request.required("ClientId")?;
    let pool_id = state.directory.pool(pool)?.id.clone();
    let (_, client) = state.directory.client(id)?;
    if client.pool != pool_id {
        return Err(Error::resource_not_found(format!(
            "User pool client {id} does not exist."
        )));
    }
    Ok(json!({"UserPoolClient": describe_client(&client)}))
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

fn describe_client(client: &Client) -> Value {
    const SHARED: [&str; 12] = [
        "AllowedOAuthFlows",
        "AllowedOAuthScopes",
        "AnalyticsConfiguration",
        "CallbackURLs",
        "DefaultRedirectURI",
        "EnablePropagateAdditionalUserContextData",
        "ExplicitAuthFlows",
        "LogoutURLs",
        "ReadAttributes",
        "SupportedIdentityProviders",
        "TokenValidityUnits",
        "WriteAttributes",
    ];
    const NUMBERS: [&str; 2] = ["AccessTokenValidity", "IdTokenValidity"];
    let created = client.created.as_secs_f64();
    let mut described = json!({
        "ClientId": client.id,
        "ClientName": client.name,
        "UserPoolId": client.pool,
        "CreationDate": created,
        "LastModifiedDate": created,
        "AuthSessionValidity": client.session_validity.as_secs() / 60,
        "PreventUserExistenceErrors": if client.hides_users { "ENABLED" } else { "LEGACY" },
        "RefreshTokenValidity": 30,
        "EnableTokenRevocation": true,
        "AllowedOAuthFlowsUserPoolClient": false,
    });
    copy_flags(&client.properties, &["AllowedOAuthFlowsUserPoolClient"], &mut described);
    copy(&client.properties, &SHARED, &mut described);
    copy_numbers(&client.properties, &NUMBERS, &mut described);
    copy_numbers(&client.properties, &["RefreshTokenValidity"], &mut described);
    if let (Some(grace), Some(described)) = (client.rotation, described.as_object_mut()) {
        let rotation = json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": grace.as_secs()});
        described.insert("RefreshTokenRotation".to_owned(), rotation);
    }
    if let (Some(secret), Some(described)) = (&client.secret, described.as_object_mut()) {
        described.insert("ClientSecret".to_owned(), secret.as_str().into());
    }
    described
}

/// Copies flags. A template may write one as a string; clients of the API need booleans.
fn copy_flags(properties: &Map<String, Value>, keys: &[&str], described: &mut Value) {
    let fields = Fields::new("", properties);
    for key in keys {
        if let (Ok(Some(flag)), Some(described)) = (fields.flag(key), described.as_object_mut()) {
            described.insert((*key).to_owned(), flag.into());
        }
    }
}

/// Copies numbers. A template may write one as a string; clients of the API need numbers.
fn copy_numbers(properties: &Map<String, Value>, keys: &[&str], described: &mut Value) {
    let fields = Fields::new("", properties);
    for key in keys {
        if let (Ok(Some(number)), Some(described)) = (fields.number(key), described.as_object_mut()) {
            described.insert((*key).to_owned(), number.into());
        }
    }
}
