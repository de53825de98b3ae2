//! Pools and clients as they are stored: the properties they were created from.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clients::Client;
use crate::fields::{FieldError, Fields};
use crate::pools::{Pool, Triggers};

/// A pool, stored under its id.
#[derive(Deserialize, Serialize)]
pub(super) struct PoolRecord {
    name: String,
    created: Duration,
    triggers: BTreeMap<String, String>,
    /// The version of `PreTokenGeneration`, unless it is the oldest.
    lambda_version: Option<String>,
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
            lambda_version: pool.triggers.lambda_version().map(str::to_owned),
            properties: pool.properties.clone(),
        }
    }

    pub(super) fn pool(self, id: String) -> Result<Pool, FieldError> {
        let triggers = self
            .triggers
            .iter()
            .map(|(trigger, function)| (trigger.as_str(), function.as_str()));
        let config = self.lambda_version.map(|version| json!({"LambdaVersion": version}));
        let config = config.map(|config| ("PreTokenGenerationConfig".to_owned(), config));
        let config = config.into_iter().collect();
        let triggers = Triggers::new(triggers, &Fields::new("LambdaConfig", &config))?;
        Pool::new(id, self.name, triggers, self.properties, self.created)
    }
}

/// A client, stored under its id.
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
