//! What outlives this process: a folder with one file, which a change is written to before anybody is told of it.
//!
//! What was written survives the end of the process, however it ends: the operating system has it by then. The disk has
//! it about a second later, see [`mod@file`].

mod file;
mod folder;
mod quiet;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use folder::reset;

/// Changes whenever records of this version could not be read by the one before, or the other way round.
const FORMAT: u64 = 1;

/// The key of the format among the [`Kind::Single`] records.
const FORMAT_KEY: &str = "format";

/// A kind of record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Client,
    /// A sign-in that was ended.
    Ended,
    /// All groups of one pool.
    Groups,
    Pool,
    RefreshToken,
    /// What there is one of, such as the signing keys.
    Single,
    User,
}

impl Kind {
    fn table(self) -> TableDefinition<'static, &'static str, &'static [u8]> {
        TableDefinition::new(match self {
            Self::Client => "clients",
            Self::Ended => "ended",
            Self::Groups => "groups",
            Self::Pool => "pools",
            Self::RefreshToken => "refresh tokens",
            Self::Single => "single",
            Self::User => "users",
        })
    }
}

/// Why nothing can be kept, or what was kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiskError {
    /// The file is not what was written, or a record is not what it has to be. `what` never quotes one.
    #[error("what is kept in `{folder}` is damaged: {what} (`local reset --data-dir {folder}` throws it away)")]
    Damaged { folder: PathBuf, what: String },
    #[error(
        "cannot use the folder `{folder}`: {error} (choose another with `--data-dir`, or keep nothing with \
         `--ephemeral`)"
    )]
    Folder { folder: PathBuf, error: io::Error },
    #[error(
        "what is kept in `{folder}` has format {found}, and this `local` has format {FORMAT}: run the `local` that \
         wrote it, or throw it away with `local reset --data-dir {folder}`"
    )]
    Format { folder: PathBuf, found: u64 },
    #[error("another `local` uses the folder `{0}`: end it, or choose another folder with `--data-dir`")]
    InUse(PathBuf),
    #[error("a change could not be written: {0}")]
    Write(String),
}

/// The folder, or none where nothing is kept.
#[derive(Clone)]
pub(crate) struct Disk(Option<Arc<Opened>>);

struct Opened {
    database: Database,
    folder: PathBuf,
    /// Held as long as the file is open, and let go after it.
    _lock: File,
}

impl Disk {
    /// Keeps nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Keeps everything in `folder`, which is made if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self, DiskError> {
        let (database, lock) = folder::open(folder)?;
        let opened = Opened {
            database,
            folder: folder.to_owned(),
            _lock: lock,
        };
        let disk = Self(Some(Arc::new(opened)));
        match disk.get::<u64>(FORMAT_KEY)? {
            Some(FORMAT) => Ok(disk),
            Some(found) => Err(DiskError::Format {
                folder: folder.to_owned(),
                found,
            }),
            None => Err(damaged(folder, "it does not say which format it has")),
        }
    }

    /// The one record called `key`, made by `make` and kept where there is none.
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

    /// The one record called `key`.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, DiskError> {
        let Some(opened) = &self.0 else { return Ok(None) };
        let found = opened.read(Kind::Single, |table| {
            let record = table.get(key)?;
            Ok(record.map(|record| record.value().to_vec()))
        })?;
        let record = found.flatten();
        record.map(|record| opened.parse(Kind::Single, &record)).transpose()
    }

    /// Every record of a kind and its key.
    pub(crate) fn all<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<(String, T)>, DiskError> {
        let Some(opened) = &self.0 else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        let parsed = opened.read(kind, |table| {
            for entry in table.iter()? {
                let (key, record) = entry?;
                match opened.parse(kind, record.value()) {
                    Ok(record) => all.push((key.value().to_owned(), record)),
                    Err(error) => return Ok(Err(error)),
                }
            }
            Ok(Ok(()))
        })?;
        parsed.unwrap_or(Ok(())).map(|()| all)
    }

    /// Writes all that `fill` asks for, or none of it. Where nothing is kept, nothing is asked.
    ///
    /// Takes a few system calls and waits for no disk, which is why callers may hold a lock meanwhile.
    pub(crate) fn write(&self, fill: impl FnOnce(&mut Changes) -> Result<(), DiskError>) -> Result<(), DiskError> {
        let Some(opened) = &self.0 else { return Ok(()) };
        let mut changes = Changes(opened.database.begin_write().map_err(unwritten)?);
        fill(&mut changes)?;
        changes.0.commit().map_err(unwritten)
    }

    /// An error about a record that can be parsed and is wrong all the same.
    pub(crate) fn damaged(&self, what: impl Into<String>) -> DiskError {
        let folder = self.0.as_ref().map(|opened| opened.folder.as_path());
        damaged(folder.unwrap_or(Path::new("")), what)
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk(..)")
    }
}

impl Opened {
    /// What `look` finds among the records of a kind; nothing if there has never been one.
    fn read<T>(
        &self,
        kind: Kind,
        look: impl FnOnce(redb::ReadOnlyTable<&'static str, &'static [u8]>) -> Result<T, redb::Error>,
    ) -> Result<Option<T>, DiskError> {
        let read = || match self.database.begin_read()?.open_table(kind.table()) {
            Ok(table) => look(table).map(Some),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        };
        read().map_err(|error| damaged(&self.folder, error.to_string()))
    }

    fn parse<T: DeserializeOwned>(&self, kind: Kind, record: &[u8]) -> Result<T, DiskError> {
        // The error of the parser would quote the record.
        serde_json::from_slice(record).map_err(|_| {
            damaged(
                &self.folder,
                format!("a record among the {} is not readable", kind.table()),
            )
        })
    }
}

/// Changes that are made together.
pub(crate) struct Changes(WriteTransaction);

impl Changes {
    /// Puts a record in the place of the one with this key, if there is one.
    pub(crate) fn put(&mut self, kind: Kind, key: &str, record: &impl Serialize) -> Result<(), DiskError> {
        let record = serde_json::to_vec(record).map_err(unwritten)?;
        let mut table = self.0.open_table(kind.table()).map_err(unwritten)?;
        table.insert(key, record.as_slice()).map_err(unwritten)?;
        Ok(())
    }

    /// Removes a record, if it is there.
    pub(crate) fn remove(&mut self, kind: Kind, key: &str) -> Result<(), DiskError> {
        let mut table = self.0.open_table(kind.table()).map_err(unwritten)?;
        table.remove(key).map_err(unwritten)?;
        Ok(())
    }
}

fn damaged(folder: &Path, what: impl Into<String>) -> DiskError {
    DiskError::Damaged {
        folder: folder.to_owned(),
        what: what.into(),
    }
}

fn unusable(folder: &Path) -> impl Fn(io::Error) -> DiskError {
    |error| DiskError::Folder {
        folder: folder.to_owned(),
        error,
    }
}

fn unwritten(error: impl std::fmt::Display) -> DiskError {
    DiskError::Write(error.to_string())
}

#[cfg(test)]
mod tests;
