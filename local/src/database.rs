//! The data that outlives this process: a folder with one file, which receives each change before a client sees it.
//!
//! Written data survives every end of the process, because the operating system has it by then. It reaches the disk
//! about a second later, see [`mod@file`].

mod file;
mod folder;
mod quiet;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use user_pools::storage::{Change, Kind, Records, Storage, StorageError};

pub(crate) use folder::reset;

/// The format of the records. It changes if the previous version cannot read records of this version, or the reverse.
const FORMAT: u64 = 1;

/// The key of the format among the [`Kind::Single`] records.
const FORMAT_KEY: &str = "format";

/// Returns the table of a kind of record.
fn table(kind: Kind) -> TableDefinition<'static, &'static str, &'static [u8]> {
    TableDefinition::new(kind.name())
}

/// The reason why data cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    /// The file or a record is damaged. `what` never quotes a record.
    #[error("the data in `{folder}` is damaged: {what} (`cognito-loop reset --data-dir {folder}` deletes it)")]
    Damaged { folder: PathBuf, what: String },
    #[error(
        "cannot use the folder `{folder}`: {error} (choose another with `--data-dir`, or store nothing with \
         `--ephemeral`)"
    )]
    Folder { folder: PathBuf, error: io::Error },
    #[error(
        "the data in `{folder}` has format {found}, and this `local` has format {FORMAT}: run the `local` that \
         wrote it, or delete it with `cognito-loop reset --data-dir {folder}`"
    )]
    Format { folder: PathBuf, found: u64 },
    #[error("another `local` uses the folder `{0}`: end it, or choose another folder with `--data-dir`")]
    InUse(PathBuf),
    /// A record cannot be read or written.
    #[error(transparent)]
    Record(#[from] StorageError),
}

/// The open folder.
pub(crate) struct Folder {
    database: Database,
    path: PathBuf,
    /// Locked while the file is open, and released after it.
    _lock: File,
}

/// Opens the records of `folder`, which is created if it does not exist.
pub(crate) fn open(folder: &Path) -> Result<Records, DatabaseError> {
    let (database, lock) = folder::open(folder)?;
    let opened = Folder {
        database,
        path: folder.to_owned(),
        _lock: lock,
    };
    let records = Records::new(Arc::new(opened));
    match records.get::<u64>(FORMAT_KEY)? {
        Some(FORMAT) => Ok(records),
        Some(found) => Err(DatabaseError::Format {
            folder: folder.to_owned(),
            found,
        }),
        None => Err(damaged(folder, "it has no format")),
    }
}

impl Folder {
    /// Returns the result of `look` in the table of a kind, or nothing if the table does not exist.
    fn read<T>(
        &self,
        kind: Kind,
        look: impl FnOnce(redb::ReadOnlyTable<&'static str, &'static [u8]>) -> Result<T, redb::Error>,
    ) -> Result<Option<T>, StorageError> {
        let read = || match self.database.begin_read()?.open_table(table(kind)) {
            Ok(table) => look(table).map(Some),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        };
        read().map_err(|error: redb::Error| self.damaged(&error.to_string()))
    }
}

impl Storage for Folder {
    fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let found = self.read(kind, |table| {
            let record = table.get(key)?;
            Ok(record.map(|record| record.value().to_vec()))
        })?;
        Ok(found.flatten())
    }

    fn all(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StorageError> {
        let all = self.read(kind, |table| {
            let mut all = Vec::new();
            for entry in table.iter()? {
                let (key, record) = entry?;
                all.push((key.value().to_owned(), record.value().to_vec()));
            }
            Ok(all)
        })?;
        Ok(all.unwrap_or_default())
    }

    /// It takes a few system calls and does not wait for a disk.
    fn write(&self, changes: Vec<Change>) -> Result<(), StorageError> {
        let write = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            for Change { kind, key, record } in changes {
                let mut table = transaction.open_table(table(kind))?;
                match record {
                    Some(record) => drop(table.insert(key.as_str(), record.as_slice())?),
                    None => drop(table.remove(key.as_str())?),
                }
            }
            transaction.commit()?;
            Ok(())
        };
        write().map_err(|error| StorageError::new(format!("a change could not be written: {error}")))
    }

    fn damaged(&self, what: &str) -> StorageError {
        StorageError::new(damaged(&self.path, what).to_string())
    }
}

fn damaged(folder: &Path, what: impl Into<String>) -> DatabaseError {
    DatabaseError::Damaged {
        folder: folder.to_owned(),
        what: what.into(),
    }
}

fn unusable(folder: &Path) -> impl Fn(io::Error) -> DatabaseError {
    |error| DatabaseError::Folder {
        folder: folder.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests;
