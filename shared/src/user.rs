//! The user who signs in.

use std::collections::HashMap;
use std::fmt;

/// Whether the user exists in the user pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// The user exists.
    Existing,
    /// The user does not exist. Cognito runs the flow anyway to hide this. Such a user never gets tokens.
    Nonexistent,
}

impl Existence {
    /// Reads `userNotFound` of an event.
    pub fn from_not_found(not_found: bool) -> Self {
        if not_found { Self::Nonexistent } else { Self::Existing }
    }
}

/// The user who signs in, as described in the event. `Debug` shows no attribute.
#[derive(Clone, Copy)]
pub struct User<'a> {
    /// The id of the user pool.
    pub pool: &'a str,
    /// The username in the pool. For a nonexistent user, the name that the client sent, or one that Cognito derived
    /// from it.
    pub name: &'a str,
    /// Whether the user exists.
    pub existence: Existence,
    attributes: &'a HashMap<String, String>,
}

impl<'a> User<'a> {
    /// Creates a user with the attributes of an event.
    pub fn new(pool: &'a str, name: &'a str, existence: Existence, attributes: &'a HashMap<String, String>) -> Self {
        Self {
            pool,
            name,
            existence,
            attributes,
        }
    }

    /// Returns whether the user exists.
    pub fn exists(&self) -> bool {
        self.existence == Existence::Existing
    }

    /// Returns the attribute `name`, such as `email`, or `None` if it is missing or empty. A nonexistent user has no
    /// attributes, whatever the event says.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        let value = self.attributes.get(name).filter(|value| !value.is_empty());
        value.filter(|_| self.exists()).map(String::as_str)
    }

    /// Returns the username for keyed choices. It is the same for all variants that the pool accepts for one name.
    ///
    /// For an existing user, events have the name as the pool stores it. For a nonexistent user, events have the name
    /// that the client sent. It is converted to lower case, so that `Ada` and `ada` get the same decoy, as they would
    /// get the same question.
    pub fn identity(&self) -> String {
        match self.existence {
            Existence::Existing => self.name.to_owned(),
            Existence::Nonexistent => self.name.to_lowercase(),
        }
    }
}

impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({:?})", self.existence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonexistent_user_has_no_attributes() {
        let attributes = HashMap::from([
            ("email".to_owned(), "a@b".to_owned()),
            ("name".to_owned(), String::new()),
        ]);
        let user = |existence| User::new("p", "ada", existence, &attributes);
        assert_eq!(user(Existence::Existing).attribute("email"), Some("a@b"));
        assert_eq!(user(Existence::Existing).attribute("name"), None);
        assert_eq!(user(Existence::Nonexistent).attribute("email"), None);
    }

    #[test]
    fn case_variants_of_a_nonexistent_name_are_one_identity() {
        let attributes = HashMap::new();
        let identity = |name, existence| User::new("p", name, existence, &attributes).identity();
        assert_eq!(
            identity("Ada", Existence::Nonexistent),
            identity("aDA", Existence::Nonexistent)
        );
        assert_eq!(identity("Ada", Existence::Existing), "Ada");
    }

    #[test]
    fn debug_shows_no_name_and_no_attribute() {
        let attributes = HashMap::from([("email".to_owned(), "hunter2".to_owned())]);
        let shown = format!("{:?}", User::new("p", "hunter2", Existence::Existing, &attributes));
        assert_eq!(shown, "User(Existing)");
    }
}
