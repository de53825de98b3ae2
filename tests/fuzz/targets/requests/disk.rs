//! The data of `local`, kept in memory. Every input starts with a copy of the same data.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Client,
    Ended,
    Groups,
    Pool,
    RefreshToken,
    Single,
    User,
}

type Records = BTreeMap<(Kind, String), Vec<u8>>;

#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Records>>);

/// The reason why stored data cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DiskError(String);

pub(crate) struct Changes(Records);

impl Disk {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Returns an independent copy.
    pub(crate) fn another(&self) -> Self {
        Self(Arc::new(Mutex::new(self.0.lock().unwrap().clone())))
    }

    pub(crate) fn single<T, E>(&self, key: &str, make: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        T: DeserializeOwned + Serialize,
        E: From<DiskError>,
    {
        if let Some(kept) = self.get(key)? {
            return Ok(kept);
        }
        let new = make()?;
        self.write(|changes| changes.put(Kind::Single, key, &new))?;
        Ok(new)
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, DiskError> {
        let records = self.0.lock().unwrap();
        let record = records.get(&(Kind::Single, key.to_owned()));
        record.map(|record| parse(record)).transpose()
    }

    pub(crate) fn all<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<(String, T)>, DiskError> {
        let records = self.0.lock().unwrap();
        let wanted = records.iter().filter(|((other, _), _)| *other == kind);
        wanted
            .map(|((_, key), record)| Ok((key.clone(), parse(record)?)))
            .collect()
    }

    pub(crate) fn write(&self, fill: impl FnOnce(&mut Changes) -> Result<(), DiskError>) -> Result<(), DiskError> {
        let mut records = self.0.lock().unwrap();
        let mut changes = Changes(records.clone());
        fill(&mut changes)?;
        *records = changes.0;
        Ok(())
    }

    pub(crate) fn damaged(&self, what: impl Into<String>) -> DiskError {
        DiskError(what.into())
    }
}

impl Changes {
    pub(crate) fn put(&mut self, kind: Kind, key: &str, record: &impl Serialize) -> Result<(), DiskError> {
        let record = serde_json::to_vec(record).map_err(|error| DiskError(error.to_string()))?;
        self.0.insert((kind, key.to_owned()), record);
        Ok(())
    }

    pub(crate) fn remove(&mut self, kind: Kind, key: &str) -> Result<(), DiskError> {
        self.0.remove(&(kind, key.to_owned()));
        Ok(())
    }
}

fn parse<T: DeserializeOwned>(record: &[u8]) -> Result<T, DiskError> {
    serde_json::from_slice(record).map_err(|error| DiskError(error.to_string()))
}
