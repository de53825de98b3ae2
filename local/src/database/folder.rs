//! The folder: its lock, and the file that is created, opened or deleted.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use redb::{Builder, Database};

use super::file::Behind;
use super::quiet::quietly;
use super::{DatabaseError, FORMAT, FORMAT_KEY, Kind, damaged, table, unusable};

const FILE: &str = "state.redb";

/// The name of [`FILE`] until it can be opened.
const UNFINISHED: &str = "state.new";

/// The size of the cache, in bytes. Everything is read once at the start, and then only written.
const CACHE: usize = 1 << 20;

/// Opens the data in `folder`, or creates it. Returns the database and the lock, which other processes cannot get.
pub(super) fn open(folder: &Path) -> Result<(Database, File), DatabaseError> {
    let lock = lock(folder)?;
    let path = folder.join(FILE);
    let database = if path.is_file() {
        reopen(folder, &path)
    } else {
        create(folder)
    };
    Ok((database?, lock))
}

/// Deletes the data in `folder`. Returns whether there was any.
pub(crate) fn reset(folder: &Path) -> Result<bool, DatabaseError> {
    if !folder.is_dir() {
        return Ok(false);
    }
    let _lock = lock(folder)?;
    let mut found = false;
    for name in [FILE, UNFINISHED] {
        match fs::remove_file(folder.join(name)) {
            Ok(()) => found = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(folder)(error)),
        }
    }
    Ok(found)
}

/// Creates the folder and locks it. The lock ends when the returned file is dropped or its process ends.
fn lock(folder: &Path) -> Result<File, DatabaseError> {
    if !folder.is_dir() {
        // The folder contains the keys of all sign-ins. The mode also protects a folder of secrets inside a repository.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.and_then(|()| fs::write(folder.join(".gitignore"), "*\n"))
            .map_err(unusable(folder))?;
    }
    let lock = file(&folder.join("lock"), true).map_err(unusable(folder))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(DatabaseError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(folder)(error)),
    }
}

/// Creates the file under another name, so that an interruption leaves no partial file.
fn create(folder: &Path) -> Result<Database, DatabaseError> {
    let unfinished = folder.join(UNFINISHED);
    let make = || -> Result<Database, redb::Error> {
        let file = file(&unfinished, true)?;
        file.set_len(0)?;
        let database = Builder::new()
            .set_cache_size(CACHE)
            .create_with_backend(Behind::new(file)?)?;
        let write = database.begin_write()?;
        write
            .open_table(table(Kind::Single))?
            .insert(FORMAT_KEY, FORMAT.to_string().as_bytes())?;
        write.commit()?;
        fs::rename(&unfinished, folder.join(FILE))?;
        Ok(database)
    };
    make().map_err(|error| unusable(folder)(io::Error::other(error)))
}

/// Opens an existing file and checks every page, so that damage is found now.
fn reopen(folder: &Path, path: &Path) -> Result<Database, DatabaseError> {
    let file = file(path, false).and_then(Behind::new).map_err(unusable(folder))?;
    let opened = quietly(move || -> Result<Database, redb::Error> {
        let mut database = Builder::new().set_cache_size(CACHE).create_with_backend(file)?;
        if database.check_integrity()? {
            Ok(database)
        } else {
            Err(redb::Error::Corrupted("its checksums are wrong".to_owned()))
        }
    });
    match opened {
        Some(Ok(database)) => Ok(database),
        Some(Err(error)) => Err(damaged(folder, error.to_string())),
        None => Err(damaged(folder, "its pages contradict each other")),
    }
}

fn file(path: &Path, make: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(make).truncate(false).mode(0o600);
    options.open(path)
}
