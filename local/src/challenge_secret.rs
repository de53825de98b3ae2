//! The secret of the functions. It is stored with the users, because it keys their answers.

use cognito_challenge::keys::Keys;
use user_pools::storage::{Kind, Records, StorageError};
use uuid::Uuid;

/// The record of the secret.
const KEY: &str = "challenge secret";

/// Returns `CHALLENGE_SECRET` of this run: the `given` one, or else the stored one, which is generated if missing. It
/// is stored because users' enrolled answers need it. A value of a rotation of the stored secret replaces it.
pub(crate) fn secret(records: &Records, given: Option<&str>, warn: impl FnOnce(&str)) -> Result<String, StorageError> {
    let usable = given.filter(|given| Keys::parse(given).is_ok());
    let random = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let kept: String = records.single(KEY, || Ok::<_, StorageError>(usable.map_or_else(random, str::to_owned)))?;
    match given {
        Some(given) if is_change(&kept, given) => {
            records.write(|changes| changes.put(Kind::Single, KEY, &given))?;
            Ok(given.to_owned())
        }
        Some(given) if given != kept => {
            warn(
                "`CHALLENGE_SECRET` differs from the one that is stored with the users: the answers that they enrolled with that \
                 one are wrong in this run",
            );
            Ok(given.to_owned())
        }
        _ => Ok(kept),
    }
}

/// Whether `given` is from a rotation of `kept`: both have the same first secret.
fn is_change(kept: &str, given: &str) -> bool {
    let first = |value| Keys::parse(value).ok().map(|keys| keys.first().id());
    given != kept && first(given).is_some() && first(given) == first(kept)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_secret_that_was_first_is_kept_and_another_one_is_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let records = crate::database::open(folder.path()).unwrap();
        let warned = Cell::new(0);
        let secret = |given: Option<&str>| secret(&records, given, |_| warned.set(warned.get() + 1)).unwrap();
        let first = "1".repeat(32);
        assert_eq!(secret(Some(&first)), first);
        assert_eq!((secret(None), warned.get()), (first, 0));
        let second = "2".repeat(32);
        assert_eq!((secret(Some(&second)), warned.get()), (second, 1));
        assert_eq!(secret(None), "1".repeat(32));
    }

    #[test]
    fn a_change_of_the_secret_is_kept_without_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let records = crate::database::open(folder.path()).unwrap();
        let secret = |given: Option<&str>| secret(&records, given, |_| panic!("a warning")).unwrap();
        let (first, second) = ("1".repeat(32), "2".repeat(32));
        secret(Some(&first));
        let changed = format!(r#"{{"current":"{second}","previous":"{first}","first":"{first}"}}"#);
        assert_eq!(secret(Some(&changed)), changed);
        assert_eq!(secret(None), changed);
    }

    #[test]
    fn a_secret_that_no_function_takes_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let records = crate::database::open(folder.path()).unwrap();
        assert_eq!(secret(&records, Some("short"), |_| ()).unwrap(), "short");
        let made = secret(&records, None, |_| ()).unwrap();
        assert!(Keys::parse(&made).is_ok());
        assert_eq!(secret(&records, None, |_| ()).unwrap(), made);
        assert_ne!(secret(&Records::none(), None, |_| ()).unwrap(), made);
    }
}
