//! Where everything lasts that outlives a process: a port, and the records that go through it.

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
    /// What there is one of, such as the signing keys.
    Single,
    /// A user, by the id of its pool, a slash and its name.
    User,
}

impl Kind {
    /// The records of this kind in words, for messages and tables.
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

/// Why a record cannot be stored or read. The text names no content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StorageError(String);

impl StorageError {
    /// An error with this text.
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
    /// Its new content, in JSON; none removes it.
    pub record: Option<Vec<u8>>,
}

/// A place for records that outlive a process.
pub trait Storage: Send + Sync {
    /// The content of one record.
    ///
    /// # Errors
    /// If the storage is damaged.
    fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// The keys and contents of a kind, in the order of the keys.
    ///
    /// # Errors
    /// If the storage is damaged.
    fn all(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StorageError>;

    /// Makes all `changes`, or none. Callers hold locks meanwhile, so it should not wait for a disk.
    ///
    /// # Errors
    /// If a change cannot be written.
    fn write(&self, changes: Vec<Change>) -> Result<(), StorageError>;

    /// An error about a record that can be read and is wrong all the same. `what` names no content.
    fn damaged(&self, what: &str) -> StorageError;
}

/// Records of a [`Storage`], or of none, where nothing outlives the process.
#[derive(Clone)]
pub struct Records(Option<Arc<dyn Storage>>);

impl Records {
    /// Stores nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// Stores everything in `storage`.
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self(Some(storage))
    }

    /// Returns the record `key`. If it does not exist, stores what `make` returns.
    ///
    /// # Errors
    /// If `make` fails, or the storage.
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

    /// The one record called `key`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StorageError> {
        let Some(storage) = &self.0 else { return Ok(None) };
        let record = storage.get(Kind::Single, key)?;
        record
            .map(|record| parse(&**storage, Kind::Single, &record))
            .transpose()
    }

    /// Every record of a kind and its key, in the order of the keys.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn all<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<(String, T)>, StorageError> {
        let Some(storage) = &self.0 else { return Ok(Vec::new()) };
        let records = storage.all(kind)?.into_iter();
        records
            .map(|(key, record)| Ok((key, parse(&**storage, kind, &record)?)))
            .collect()
    }

    /// Writes all that `fill` asks for, or none of it. If nothing is stored, nothing is asked.
    ///
    /// # Errors
    /// If `fill` fails, or the storage.
    pub fn write(&self, fill: impl FnOnce(&mut Changes) -> Result<(), StorageError>) -> Result<(), StorageError> {
        let Some(storage) = &self.0 else { return Ok(()) };
        let mut changes = Changes(Vec::new());
        fill(&mut changes)?;
        storage.write(changes.0)
    }

    /// An error about a record that can be parsed and is wrong all the same.
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
    /// Puts a record in the place of the one with this key, if there is one.
    ///
    /// # Errors
    /// If the record cannot be written as JSON.
    pub fn put(&mut self, kind: Kind, key: &str, record: &impl Serialize) -> Result<(), StorageError> {
        let record = serde_json::to_vec(record).map_err(|error| StorageError::new(error.to_string()))?;
        self.0.push(Change {
            kind,
            key: key.to_owned(),
            record: Some(record),
        });
        Ok(())
    }

    /// Removes a record, if it is there.
    pub fn remove(&mut self, kind: Kind, key: &str) {
        self.0.push(Change {
            kind,
            key: key.to_owned(),
            record: None,
        });
    }
}

/// A storage in memory. A clone starts with the same records and goes its own way.
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
