//! Storage of records that outlive a process: a port, and the typed records that use it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An app client, by its id.
    Client,
    /// A sign-in that was ended.
    Ended,
    /// All groups of one pool.
    Groups,
    /// A user pool, by its id.
    Pool,
    /// A refresh token.
    RefreshToken,
    /// A record that exists once, such as the signing keys.
    Single,
    /// A user, by the pool id, a slash and the username.
    User,
}

impl Kind {
    /// The name of the kind in the plural, for messages and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "clients",
            Self::Ended => "ended",
            Self::Groups => "groups",
            Self::Pool => "pools",
            Self::RefreshToken => "refresh tokens",
            Self::Single => "single",
            Self::User => "users",
        }
    }
}

/// The reason why a record cannot be stored or read. The text never quotes a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StorageError(String);

impl StorageError {
    /// Creates an error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A change of one record.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The kind of the record.
    pub kind: Kind,
    /// Its key, unique within the kind.
    pub key: String,
    /// Its new content, in JSON. `None` removes the record.
    pub record: Option<Vec<u8>>,
}

/// Stores records that outlive a process.
pub trait Storage: Send + Sync {
    /// Returns the content of one record.
    ///
    /// # Errors
    ///
    /// Returns an error if the storage is damaged.
    fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Returns the keys and contents of a kind, in the order of the keys.
    ///
    /// # Errors
    ///
    /// Returns an error if the storage is damaged.
    fn all(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StorageError>;

    /// Makes all `changes`, or none. Callers hold locks during the call, so it should not wait for a disk.
    ///
    /// # Errors
    ///
    /// Returns an error if a change cannot be written.
    fn write(&self, changes: Vec<Change>) -> Result<(), StorageError>;

    /// Creates an error about a record that can be read but is invalid. `what` contains no content.
    fn damaged(&self, what: &str) -> StorageError;
}

/// Typed records in a [`Storage`], or without one, so that nothing outlives the process.
#[derive(Clone)]
pub struct Records(Option<Arc<dyn Storage>>);

impl Records {
    /// Creates records that are not stored.
    pub fn none() -> Self {
        Self(None)
    }

    /// Creates records that are stored in `storage`.
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self(Some(storage))
    }

    /// Returns the record `key`. If it does not exist, stores what `make` returns.
    ///
    /// # Errors
    ///
    /// Returns an error if `make` or the storage fails.
    pub fn single<T, E>(&self, key: &str, make: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        T: DeserializeOwned + Serialize,
        E: From<StorageError>,
    {
        if let Some(kept) = self.get(key)? {
            return Ok(kept);
        }
        let new = make()?;
        self.write(|changes| changes.put(Kind::Single, key, &new))?;
        Ok(new)
    }

    /// Returns the single record called `key`.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be read.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StorageError> {
        let Some(storage) = &self.0 else { return Ok(None) };
        let record = storage.get(Kind::Single, key)?;
        record
            .map(|record| parse(&**storage, Kind::Single, &record))
            .transpose()
    }

    /// Returns every record of a kind with its key, in the order of the keys.
    ///
    /// # Errors
    ///
    /// Returns an error if one cannot be read.
    pub fn all<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<(String, T)>, StorageError> {
        let Some(storage) = &self.0 else { return Ok(Vec::new()) };
        let records = storage.all(kind)?.into_iter();
        records
            .map(|(key, record)| Ok((key, parse(&**storage, kind, &record)?)))
            .collect()
    }

    /// Writes all changes that `fill` adds, or none of them. Without a storage, `fill` is not called.
    ///
    /// # Errors
    ///
    /// Returns an error if `fill` or the storage fails.
    pub fn write(&self, fill: impl FnOnce(&mut Changes) -> Result<(), StorageError>) -> Result<(), StorageError> {
        let Some(storage) = &self.0 else { return Ok(()) };
        let mut changes = Changes(Vec::new());
        fill(&mut changes)?;
        storage.write(changes.0)
    }

    /// Creates an error about a record that can be parsed but is invalid.
    pub(crate) fn damaged(&self, what: impl AsRef<str>) -> StorageError {
        match &self.0 {
            Some(storage) => storage.damaged(what.as_ref()),
            None => StorageError::new(what.as_ref()),
        }
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Records(..)")
    }
}

fn parse<T: DeserializeOwned>(storage: &dyn Storage, kind: Kind, record: &[u8]) -> Result<T, StorageError> {
    // The error of the parser would quote the record.
    serde_json::from_slice(record)
        .map_err(|_| storage.damaged(&format!("a record among the {} is not readable", kind.name())))
}

/// Changes that are made together.
pub struct Changes(Vec<Change>);

impl Changes {
    /// Adds or replaces a record.
    ///
    /// # Errors
    ///
    /// Returns an error if the record cannot be written as JSON.
    pub fn put(&mut self, kind: Kind, key: &str, record: &impl Serialize) -> Result<(), StorageError> {
        let record = serde_json::to_vec(record).map_err(|error| StorageError::new(error.to_string()))?;
        self.0.push(Change {
            kind,
            key: key.to_owned(),
            record: Some(record),
        });
        Ok(())
    }

    /// Removes a record, if it exists.
    pub fn remove(&mut self, kind: Kind, key: &str) {
        self.0.push(Change {
            kind,
            key: key.to_owned(),
            record: None,
        });
    }
}

/// A storage in memory. A clone copies the records and is independent.
#[derive(Default)]
pub struct Memory(Mutex<BTreeMap<(Kind, String), Vec<u8>>>);

impl Storage for Memory {
    fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records.get(&(kind, key.to_owned())).cloned())
    }

    fn all(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StorageError> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = records.iter().filter(|((other, _), _)| *other == kind);
        Ok(wanted.map(|((_, key), record)| (key.clone(), record.clone())).collect())
    }

    fn write(&self, changes: Vec<Change>) -> Result<(), StorageError> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Change { kind, key, record } in changes {
            match record {
                Some(record) => records.insert((kind, key), record),
                None => records.remove(&(kind, key)),
            };
        }
        Ok(())
    }

    fn damaged(&self, what: &str) -> StorageError {
        StorageError::new(format!("the records in memory are damaged: {what}"))
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Mutex::new(records.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_record_is_made_once() {
        let records = Records::new(Arc::new(Memory::default()));
        let single = |made: u8| records.single("one", || Ok::<_, StorageError>(made)).unwrap();
        assert_eq!((single(1), single(2)), (1, 1));
    }

    #[test]
    fn a_failed_change_changes_nothing() {
        let records = Records::new(Arc::new(Memory::default()));
        let failed = records.write(|changes| {
            changes.put(Kind::User, "new", &"x")?;
            Err(StorageError::new("stopped"))
        });
        assert!(failed.is_err());
        assert!(records.all::<String>(Kind::User).unwrap().is_empty());
    }

    #[test]
    fn a_record_that_is_none_is_not_quoted() {
        let records = Records::new(Arc::new(Memory::default()));
        let put = records.write(|changes| changes.put(Kind::User, "secret key", &"secret value"));
        put.unwrap();
        let text = records.all::<u64>(Kind::User).unwrap_err().to_string();
        assert!(text.contains("users") && !text.contains("secret"), "{text}");
    }
}
