//! The user pools of a run: the template's, and one without the password for clients without SRP.

use sam_template::{Template, UserPool, UserPoolClient};
use user_pools::{SetUpError, UserPools};

use crate::flow;

/// The app client of the template.
pub(crate) const CLIENT_ID: &str = "localclient000000000000000";

/// The app client whose sign-ins ask for no password.
pub(crate) const CLIENT_ID_NO_PASSWORD: &str = "localclientnopassword00000";

/// The reason why the pools could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PoolsError {
    #[error("the template has no user pool with an app client, so no user could sign in")]
    NoClient,
    #[error("template: {logical_id}: {error}")]
    Resource { logical_id: String, error: SetUpError },
}

/// Returns the ids of the template's app clients except the first, each with the id of its pool.
pub(crate) fn other_clients(template: &Template, region: &str) -> Vec<(String, String)> {
    let others = template.clients.iter().skip(1);
    others
        .map(|client| {
            (
                client.logical_id.clone(),
                pool_id_of(template, &client.user_pool, region),
            )
        })
        .collect()
}

/// Returns the id of the template's first user pool.
pub(crate) fn pool_id(region: &str) -> String {
    format!("{region}_LocalPool")
}

/// Creates the pools and app clients of `template`. If its flow starts with a password, it adds a second pool like the
/// first, whose functions run the flow without the password.
pub(crate) fn make(pools: &UserPools, template: &Template, region: &str) -> Result<(), PoolsError> {
    if template.clients.is_empty() {
        return Err(PoolsError::NoClient);
    }
    for pool in &template.user_pools {
        add_pool(pools, pool, &pool_id_of(template, &pool.logical_id, region))?;
    }
    for (index, client) in template.clients.iter().enumerate() {
        let id = if index == 0 { CLIENT_ID } else { &client.logical_id };
        add_client(pools, client, &pool_id_of(template, &client.user_pool, region), id)?;
    }
    let twin = flow::of(template).and_then(flow::without_password);
    if let (Some(_), Some(pool), Some(client)) = (twin, template.user_pools.first(), template.clients.first()) {
        let id = twin_id(region);
        add_pool(pools, &without_password(pool, template), &id)?;
        add_client(pools, client, &id, CLIENT_ID_NO_PASSWORD)?;
    }
    Ok(())
}

fn add_pool(pools: &UserPools, pool: &UserPool, id: &str) -> Result<(), PoolsError> {
    let UserPool {
        logical_id,
        triggers,
        properties,
    } = pool;
    pools
        .add_pool(id, logical_id, triggers, properties)
        .map_err(in_resource(logical_id))
}

fn add_client(pools: &UserPools, client: &UserPoolClient, pool_id: &str, id: &str) -> Result<(), PoolsError> {
    let added = pools.add_client(id, pool_id, &client.properties);
    added.map_err(in_resource(&client.logical_id))
}

fn in_resource(logical_id: &str) -> impl FnOnce(SetUpError) -> PoolsError {
    let logical_id = logical_id.to_owned();
    |error| PoolsError::Resource { logical_id, error }
}

/// Returns the ids of the template's first pool and of its twin, if it exists.
pub(crate) fn first(template: &Template, region: &str) -> Vec<String> {
    let mut ids = vec![pool_id(region)];
    if flow::of(template).and_then(flow::without_password).is_some() {
        ids.push(twin_id(region));
    }
    ids
}

/// Returns the id of the pool called `logical_id` in the template.
pub(crate) fn pool_id_of(template: &Template, logical_id: &str, region: &str) -> String {
    match template.user_pools.first() {
        Some(first) if first.logical_id == logical_id => pool_id(region),
        _ => format!("{region}_{logical_id}"),
    }
}

/// Returns the id of the first pool's twin.
pub(crate) fn twin_id(region: &str) -> String {
    format!("{region}_NoPassword")
}

/// Returns `pool` with the triggers that run the flow without its password.
fn without_password(pool: &UserPool, template: &Template) -> UserPool {
    let mut twin = pool.clone();
    for function in twin.triggers.values_mut() {
        if flow::has_twin(template, function) {
            *function = flow::twin(function);
        }
    }
    twin
}
