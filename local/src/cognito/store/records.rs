//! Pools and clients as they are kept: what they were made of, from which the rest is read again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cognito::clients::Client;
use crate::cognito::fields::FieldError;
use crate::cognito::pools::{Pool, Triggers};

/// A pool, kept under its id.
#[derive(Deserialize, Serialize)]
pub(super) struct PoolRecord {
    name: String,
    created: Duration,
    triggers: BTreeMap<String, String>,
    properties: Map<String, Value>,
}

impl PoolRecord {
    pub(super) fn of(pool: &Pool) -> Self {
        let triggers = pool.triggers.iter();
        Self {
            name: pool.name.clone(),
            created: pool.created,
            triggers: triggers
                .map(|(trigger, function)| (trigger.to_owned(), function.to_owned()))
                .collect(),
            properties: pool.properties.clone(),
        }
    }

    pub(super) fn pool(self, id: String) -> Result<Pool, FieldError> {
        let triggers = self
            .triggers
            .iter()
            .map(|(trigger, function)| (trigger.as_str(), function.as_str()));
        Pool::new(id, self.name, Triggers::new(triggers)?, self.properties, self.created)
    }
}

/// A client, kept under its id.
#[derive(Deserialize, Serialize)]
pub(super) struct ClientRecord {
    pub(super) pool: String,
    secret: Option<String>,
    created: Duration,
    properties: Map<String, Value>,
}

impl ClientRecord {
    pub(super) fn of(client: &Client) -> Self {
        Self {
            pool: client.pool.clone(),
            secret: client.secret.clone(),
            created: client.created,
            properties: client.properties.clone(),
        }
    }

    pub(super) fn client(self, id: String, pool: &Pool) -> Result<Client, FieldError> {
        Client::new(id, pool, self.secret, self.properties, self.created)
    }
}
