use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

fn put(records: &Records, key: &str, value: &str) -> Result<(), StorageError> {
    records.write(|changes| changes.put(Kind::User, key, &value))
}

fn filled(keys: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path()).unwrap();
    for key in 0..keys {
        put(&records, &key.to_string(), &"x".repeat(key)).unwrap();
    }
    folder
}

/// Returns the error of opening a folder.
fn error(folder: &Path) -> DatabaseError {
    open(folder).err().unwrap()
}

#[test]
fn what_was_written_is_read_again_and_in_the_order_of_keys() {
    let folder = filled(3);
    let records = open(folder.path()).unwrap();
    let all = records.all::<String>(Kind::User).unwrap();
    assert_eq!(
        all,
        [
            ("0".into(), String::new()),
            ("1".into(), "x".into()),
            ("2".into(), "xx".into())
        ]
    );
    assert!(records.all::<String>(Kind::Pool).unwrap().is_empty());
}

#[test]
fn changes_are_made_together_or_not_at_all() {
    let folder = filled(1);
    let records = open(folder.path()).unwrap();
    let failed = records.write(|changes| {
        changes.put(Kind::User, "new", &"x")?;
        changes.remove(Kind::User, "0");
        Err(StorageError::new("stopped"))
    });
    assert!(failed.is_err());
    assert_eq!(
        records.all::<String>(Kind::User).unwrap(),
        [("0".into(), String::new())]
    );
}

#[test]
fn a_single_record_is_made_once() {
    let folder = filled(0);
    let single = |made: u8| {
        let records = open(folder.path()).unwrap();
        records.single("one", || Ok::<_, DatabaseError>(made)).unwrap()
    };
    assert_eq!((single(1), single(2)), (1, 1));
}

#[test]
fn other_accounts_cannot_read_it() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let _records = open(&folder).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["state.redb", "lock"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    assert_eq!(fs::read_to_string(folder.join(".gitignore")).unwrap(), "*\n");
}

#[test]
fn a_folder_is_used_by_one_at_a_time() {
    let folder = filled(1);
    let records = open(folder.path()).unwrap();
    for refused in [error(folder.path()), reset(folder.path()).err().unwrap()] {
        let text = refused.to_string();
        assert!(matches!(refused, DatabaseError::InUse(_)), "{text}");
        assert!(text.contains(folder.path().to_str().unwrap()), "{text}");
    }
    drop(records);
    assert!(open(folder.path()).is_ok());
}

#[test]
fn a_reset_leaves_nothing_and_helps_against_everything() {
    let folder = filled(1);
    fs::write(folder.path().join("state.redb"), "not a store").unwrap();
    assert!(reset(folder.path()).unwrap() && !reset(folder.path()).unwrap());
    assert!(!reset(&folder.path().join("nowhere")).unwrap());
    let records = open(folder.path()).unwrap();
    assert!(records.all::<String>(Kind::User).unwrap().is_empty());
}

#[test]
fn what_another_version_wrote_is_not_touched() {
    let folder = filled(1);
    let records = open(folder.path()).unwrap();
    records
        .write(|changes| changes.put(Kind::Single, FORMAT_KEY, &(FORMAT + 1)))
        .unwrap();
    drop(records);
    let text = error(folder.path()).to_string();
    let found = format!("has format {}", FORMAT + 1);
    assert!(
        text.contains(&found) && text.contains("cognito-loop reset --data-dir"),
        "{text}"
    );
}

#[test]
fn a_record_that_is_none_is_not_quoted() {
    let folder = filled(0);
    let records = open(folder.path()).unwrap();
    put(&records, "secret key", "secret value").unwrap();
    let text = records.all::<u64>(Kind::User).unwrap_err().to_string();
    assert!(text.contains("cognito-loop reset") && text.contains("users"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn an_interrupted_start_is_begun_again() {
    let folder = filled(0);
    reset(folder.path()).unwrap();
    fs::write(folder.path().join("state.new"), [0; 8192]).unwrap();
    assert!(open(folder.path()).is_ok());
}

/// Each kind of damage at many places of a file: the data is unchanged, or there is an error with a remedy, but the
/// data is never different.
#[test]
fn a_damaged_file_is_refused_and_never_read_as_another() {
    let folder = filled(100);
    let path = folder.path().join("state.redb");
    let good = fs::read(&path).unwrap();
    let open = || {
        // A process that another test has just started holds the lock too, until it executes its program.
        let opened = loop {
            match open(folder.path()) {
                Err(DatabaseError::InUse(_)) => std::thread::yield_now(),
                opened => break opened,
            }
        };
        opened.and_then(|records| Ok(records.all::<String>(Kind::User)?))
    };
    let whole = open().unwrap();
    let mut refused = 0;
    for place in (0..good.len()).step_by(good.len() / 60) {
        let mut flipped = good.clone();
        flipped[place] ^= 0x10;
        let mut overwritten = good.clone();
        overwritten[place..].iter_mut().take(4096).for_each(|byte| *byte = 0x02);
        for damaged in [good[..place].to_vec(), flipped, overwritten] {
            fs::write(&path, damaged).unwrap();
            match open() {
                Ok(read) => assert!(read == whole, "another store was read, damaged at {place}"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(text.contains("is damaged") || text.contains("has format"), "{text}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 60, "only {refused} were refused");
}
