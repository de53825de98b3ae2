//! The private parameters of a challenge, which create passes to verify through Cognito. The client never sees them.

use std::collections::HashMap;
use std::fmt;

use subtle::ConstantTimeEq;

/// Public and private parameter of every challenge: its name. The private one has several names, separated by commas,
/// if the client requested all alternatives at once.
pub const CHALLENGE: &str = "challenge";

/// Public and private parameter of a step with alternatives: their names, separated by commas.
pub const ALTERNATIVES: &str = "alternatives";

/// Private parameter of every challenge: the time of issue, in seconds since 1970.
pub const ISSUED_AT: &str = "issuedAt";

/// The private parameters of a challenge. `Debug` shows no value.
#[derive(Clone, Copy)]
pub struct PrivateParameters<'a>(&'a HashMap<String, String>);

impl<'a> PrivateParameters<'a> {
    /// Wraps an event's `privateChallengeParameters`.
    pub fn new(parameters: &'a HashMap<String, String>) -> Self {
        Self(parameters)
    }

    /// Returns the parameter `name`, or `None` if it is missing or empty.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for PrivateParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateParameters(…)")
    }
}

/// Compares two texts in a time that depends only on their lengths.
pub fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_parameter_counts_as_missing() {
        let parameters = HashMap::from([("a".to_owned(), String::new()), ("b".to_owned(), "x".to_owned())]);
        let private = PrivateParameters::new(&parameters);
        assert_eq!(["a", "b", "c"].map(|name| private.get(name)), [None, Some("x"), None]);
    }

    #[test]
    fn debug_shows_no_value() {
        let parameters = HashMap::from([("answer".to_owned(), "hunter2".to_owned())]);
        assert_eq!(
            format!("{:?}", PrivateParameters::new(&parameters)),
            "PrivateParameters(…)"
        );
    }
}
