//! An embedded DynamoDB, in memory, with the tables of the template.
//!
//! `dynoxide` runs the operations and conditions as DynamoDB does. Requests must be signed, but the signature is not
//! checked.

mod api;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::update_time_to_live::UpdateTimeToLiveRequest;
use dynoxide::errors::DynoxideError;
use listener::Callers;
use sam_template::Table;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running DynamoDB. Dropping it stops it and deletes its items.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    /// Its address: `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    server: JoinHandle<()>,
}

/// The reason why DynamoDB did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DynamoDbError {
    #[error(transparent)]
    Listen(#[from] io::Error),
    #[error("the database for the tables cannot be had: {0}")]
    Database(#[source] DynoxideError),
    /// DynamoDB would not create the table either.
    #[error("table `{0}` of the template: {1}")]
    Table(String, String),
}

impl DynamoDb {
    /// Serves empty tables, by logical id, on its own port.
    ///
    /// # Errors
    ///
    /// Returns an error if DynamoDB would not create a table, or if there is no port or memory.
    pub(crate) async fn start(tables: &BTreeMap<String, Table>) -> Result<Self, DynamoDbError> {
        let database = Database::memory().map_err(DynamoDbError::Database)?;
        for (id, table) in tables {
            create(&database, table).map_err(|reason| DynamoDbError::Table(id.clone(), reason))?;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            // It ends only when it is aborted.
            let _ = listener::serve(listener, Callers::Programs, api::router(database)).await;
        });
        Ok(Self { endpoint, server })
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Creates a table like CloudFormation: its properties have the names of the operation's fields.
fn create(database: &Database, table: &Table) -> Result<(), String> {
    let mut request = table.properties.clone();
    request.insert("TableName".to_owned(), table.name.clone().into());
    let time_to_live = request.remove("TimeToLiveSpecification");
    let request: CreateTableRequest = read(request.into())?;
    database.create_table(request).map_err(|error| error.to_string())?;
    if let Some(specification) = time_to_live {
        let request = json!({"TableName": table.name, "TimeToLiveSpecification": specification});
        let request: UpdateTimeToLiveRequest = read(request)?;
        database
            .update_time_to_live(request)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, String> {
    serde_json::from_value(request).map_err(|error| error.to_string())
}
