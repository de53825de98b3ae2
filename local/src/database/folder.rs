//! The folder: its lock, and the file that is made, opened or thrown away.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use redb::{Builder, Database};

use super::file::Behind;
use super::quiet::quietly;
use super::{DatabaseError, FORMAT, FORMAT_KEY, Kind, damaged, table, unusable};

const FILE: &str = "state.redb";

/// What [`FILE`] is called until it can be opened.
const UNFINISHED: &str = "state.new";

/// Bytes of the file that are kept in memory. Everything is read once, when it starts, and only written from then on.
const CACHE: usize = 1 << 20;

/// Opens what is kept in `folder`, and makes it if there is nothing: a database, and the lock that nobody else has
/// meanwhile.
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

/// Throws away what is kept in `folder`; says whether there was anything.
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

/// Makes the folder and locks it, until the file that this gives is dropped or its process has ended.
fn lock(folder: &Path) -> Result<File, DatabaseError> {
    if !folder.is_dir() {
        // It holds the keys of all that is signed in. Whoever keeps a folder of secrets in a repository means no harm.
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

/// Makes the file under another name, so that it is whole wherever this is interrupted.
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

/// Opens a file that was written before, and looks at every page of it: what is wrong comes out now or not at all.
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
