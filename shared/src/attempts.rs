//! Where wrong answers and messages are counted, and used links noted: the keys of a user in the table that verify, create
//! and enrolment write. `admin` resets the answers.

use crate::hex;
use crate::keys::Keys;
use crate::user::{Existence, User};

/// The table's key attribute.
pub const ID: &str = "id";

/// The attribute with the table's time to live: seconds since 1970.
pub const EXPIRES: &str = "expires";

/// The attribute with the number of wrong answers in a row.
pub const CONSECUTIVE: &str = "consecutive";

/// The attribute with the number of those that the wait grows with.
pub const RECENT: &str = "failures";

/// The attribute with the time until which every answer is wrong: milliseconds since 1970.
pub const LOCKED_UNTIL: &str = "lockedUntil";

/// The attribute with the time up to which links to enrol answers are void: milliseconds since 1970.
pub const LINKS_VOID: &str = "linksVoid";

/// The key under which the answers of `user` to a step are counted: a keyed hash, 64 hexadecimal digits, that contains
/// no name. `challenges` are the names of the step's alternatives, in any order: their attempts belong together.
///
/// Cognito passes an existing username as it is in the pool, whatever the spelling that was typed. A nonexistent name
/// comes as it was typed, and other spellings of it must not give more attempts: see [`User::identity`].
pub fn key<'a>(keys: &Keys, user: &User<'_>, challenges: impl Iterator<Item = &'a str>) -> String {
    let mut challenges: Vec<_> = challenges.collect();
    challenges.sort_unstable();
    hashed(keys, "attempts: user and challenge", user, &challenges.join(","))
}

/// The key under which the messages to `user` are counted, of a kind that no other key is. `medium` is `EMAIL` or `SMS`, or
/// what else has a limit of its own.
pub fn messages_key(keys: &Keys, user: &User<'_>, medium: &str) -> String {
    hashed(keys, "messages: user and medium", user, medium)
}

/// The key under which is noted since when links to enrol answers are valid, of a kind that no other key is. `sub` is the
/// user's attribute.
pub fn links_key(keys: &Keys, pool: &str, sub: &str) -> String {
    hex::encode(&keys.first().mac("links: user", &[pool.as_bytes(), sub.as_bytes()]))
}

fn hashed(keys: &Keys, purpose: &'static str, user: &User<'_>, what: &str) -> String {
    // These words are part of the hash: others would start all counts anew.
    let kind = match user.existence {
        Existence::Existing => "user",
        Existence::Nonexistent => "nobody",
    };
    let identity = user.identity();
    let parts = [user.pool, kind, &identity, what].map(str::as_bytes);
    // Of the first key, so that a change of the secret gives no attempts anew.
    hex::encode(&keys.first().mac(purpose, &parts))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::LazyLock;

    use super::*;

    static EMPTY: LazyLock<HashMap<String, String>> = LazyLock::new(HashMap::new);

    #[test]
    fn a_key_is_of_one_pool_user_and_step_and_names_none() {
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
    fn a_change_of_the_secret_keeps_what_was_counted() {
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
    fn used_links_are_noted_for_one_user_of_one_pool() {
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
    fn neither_the_order_of_alternatives_nor_the_spelling_of_a_nonexistent_name_gives_another_key() {
        let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
        let key = |name, challenges: [&'static str; 2]| {
            let user = User::new("p", name, Existence::Nonexistent, &attributes);
            key(&keys, &user, challenges.into_iter())
        };
        assert_eq!(key("Ada", ["A", "B"]), key("ada", ["B", "A"]));
    }
}
