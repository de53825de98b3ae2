//! Keys and attributes of the DynamoDB table that counts wrong answers and messages, and notes used links. Verify,
//! create and enrolment write it; `admin` resets the count of answers.

use crate::hex;
use crate::keys::Keys;
use crate::user::{Existence, User};

/// The name of the table's key attribute.
pub const ID: &str = "id";

/// The name of the time-to-live attribute: seconds since 1970.
pub const EXPIRES: &str = "expires";

/// The name of the attribute that counts consecutive wrong answers.
pub const CONSECUTIVE: &str = "consecutive";

/// The name of the attribute that counts the recent wrong answers, which determine the wait.
pub const RECENT: &str = "failures";

/// The name of the attribute with the time until which verify rejects every answer: milliseconds since 1970.
pub const LOCKED_UNTIL: &str = "lockedUntil";

/// The name of the attribute with the time up to which enrollment links are void: milliseconds since 1970.
pub const LINKS_VOID: &str = "linksVoid";

/// Returns the table key that counts the answers of `user` to one step.
///
/// The key is a keyed hash, 64 hexadecimal digits, and contains no name. `challenges` are the names of the step's
/// alternatives, in any order: alternatives share one count.
///
/// For an existing user, Cognito passes the username as the pool stores it, whatever the client sent. For a nonexistent
/// user, it passes the name that the client sent. [`User::identity`] maps its variants to one key, so that variants do
/// not give extra attempts.
pub fn key<'a>(keys: &Keys, user: &User<'_>, challenges: impl Iterator<Item = &'a str>) -> String {
    let mut challenges: Vec<_> = challenges.collect();
    challenges.sort_unstable();
    hashed(keys, "attempts: user and challenge", user, &challenges.join(","))
}

/// Returns the table key that counts the messages to `user`. No other kind of key equals it.
///
/// `medium` is `EMAIL` or `SMS`, or names another kind of message with its own limit.
pub fn messages_key(keys: &Keys, user: &User<'_>, medium: &str) -> String {
    hashed(keys, "messages: user and medium", user, medium)
}

/// Returns the table key for the time from which enrollment links are valid. No other kind of key equals it. `sub` is
/// the user's attribute.
pub fn links_key(keys: &Keys, pool: &str, sub: &str) -> String {
    hex::encode(&keys.first().mac("links: user", &[pool.as_bytes(), sub.as_bytes()]))
}

fn hashed(keys: &Keys, purpose: &'static str, user: &User<'_>, what: &str) -> String {
    // The hash covers these words. A change of them would reset all counts.
    let kind = match user.existence {
        Existence::Existing => "user",
        Existence::Nonexistent => "nobody",
    };
    let identity = user.identity();
    let parts = [user.pool, kind, &identity, what].map(str::as_bytes);
    // The first key, so that a rotation of the secret does not reset the counts.
    hex::encode(&keys.first().mac(purpose, &parts))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::LazyLock;

    use super::*;

    static EMPTY: LazyLock<HashMap<String, String>> = LazyLock::new(HashMap::new);

    #[test]
    fn a_key_depends_on_pool_user_and_step() {
        let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
        let key = |pool, name, existence, challenges: &str| {
            key(
                &keys,
                &User::new(pool, name, existence, &attributes),
                challenges.split(','),
            )
        };
        let ada = key("p", "ada", Existence::Existing, "CAPTCHA");
        assert_eq!(ada, key("p", "ada", Existence::Existing, "CAPTCHA"));
        assert_eq!(ada.len(), 64);
        for other in [
            key("q", "ada", Existence::Existing, "CAPTCHA"),
            key("p", "bea", Existence::Existing, "CAPTCHA"),
            key("p", "Ada", Existence::Existing, "CAPTCHA"),
            key("p", "ada", Existence::Nonexistent, "CAPTCHA"),
            key("p", "ada", Existence::Existing, "SECURITY_QUESTION"),
            key("p", "ada", Existence::Existing, "CAPTCHA,PROOF_OF_WORK"),
            key("pa", "da", Existence::Existing, "CAPTCHA"),
        ] {
            assert_ne!(ada, other);
        }
    }

    #[test]
    fn a_rotation_of_the_secret_keeps_the_counts() {
        let attributes = HashMap::new();
        let [a, b] = ["a", "b"].map(|letter| letter.repeat(32));
        let changed = format!(r#"{{"current":"{b}","previous":"{a}","first":"{a}"}}"#);
        let keys = [&a, &changed].map(|value| {
            let user = User::new("p", "ada", Existence::Existing, &attributes);
            key(&Keys::parse(value).unwrap(), &user, ["A"].into_iter())
        });
        assert_eq!(keys[0], keys[1]);
    }

    #[test]
    fn messages_and_answers_are_counted_under_different_keys() {
        let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
        let user = |name| User::new("p", name, Existence::Existing, &attributes);
        let messages = messages_key(&keys, &user("ada"), "EMAIL");
        assert_eq!(messages.len(), 64);
        assert_ne!(messages, key(&keys, &user("ada"), ["EMAIL"].into_iter()));
        assert_ne!(messages, messages_key(&keys, &user("ada"), "SMS"));
        assert_ne!(messages, messages_key(&keys, &user("bob"), "EMAIL"));
    }

    #[test]
    fn the_key_of_used_links_depends_on_pool_and_user() {
        let keys = Keys::parse(&"k".repeat(32)).unwrap();
        let ada = links_key(&keys, "p", "ada");
        assert_eq!(ada.len(), 64);
        let user = User::new("p", "ada", Existence::Existing, &EMPTY);
        for other in [
            links_key(&keys, "q", "ada"),
            links_key(&keys, "p", "bob"),
            links_key(&keys, "pa", "da"),
            messages_key(&keys, &user, "EMAIL"),
        ] {
            assert_ne!(ada, other);
        }
    }

    #[test]
    fn order_of_alternatives_and_case_of_a_nonexistent_name_do_not_change_the_key() {
        let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
        let key = |name, challenges: [&'static str; 2]| {
            let user = User::new("p", name, Existence::Nonexistent, &attributes);
            key(&keys, &user, challenges.into_iter())
        };
        assert_eq!(key("Ada", ["A", "B"]), key("ada", ["B", "A"]));
    }
}
