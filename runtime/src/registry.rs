//! The challenge types that a function has, by name.

use std::fmt::Write;

use cognito_challenge::flow::Flow;
use cognito_challenge::name::Name;

use crate::{ConfigError, Environment};

/// A function that creates one half of a challenge type from the environment.
pub type Configure<T> = fn(&Environment) -> Result<Box<T>, ConfigError>;

/// A list of challenge types: one half of each, by name. Only listed types are linked into the function.
///
/// If a name is invalid or occurs twice, the function does not start.
pub struct Registry<T: ?Sized> {
    types: Vec<(&'static str, Configure<T>)>,
}

impl<T: ?Sized> Registry<T> {
    /// Creates a list of the given types.
    pub fn new(types: &[(&'static str, Configure<T>)]) -> Self {
        Self { types: types.to_vec() }
    }

    /// Adds a type to the list.
    #[must_use]
    pub fn with(mut self, name: &'static str, configure: Configure<T>) -> Self {
        self.types.push((name, configure));
        self
    }

    /// Returns the names in the list.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.types.iter().map(|(name, _)| *name)
    }

    /// Creates the types that `flow` uses. Other types are not created and need no variables.
    ///
    /// # Errors
    ///
    /// Returns an error if a name is invalid or occurs twice, or if the list lacks a challenge of the flow. Also
    /// returns an error if a type rejects its configuration.
    pub fn configure(&self, flow: &Flow, environment: &Environment) -> Result<Configured<T>, ConfigError> {
        for (index, name) in self.names().enumerate() {
            Name::parse(name).map_err(|error| ConfigError::Types(format!("`{name}`: {error}")))?;
            if self.names().take(index).any(|before| before == name) {
                return Err(ConfigError::Types(format!(
                    "`{name}` is registered twice: register it once"
                )));
            }
        }
        let mut types: Vec<(Name, Box<T>)> = Vec::new();
        for name in flow.challenges() {
            if types.iter().any(|(known, _)| known == name) {
                continue;
            }
            let listed = self.types.iter().find(|(listed, _)| *listed == name.as_str());
            let (_, configure) = listed.ok_or_else(|| self.unknown(name))?;
            types.push((name.clone(), configure(environment)?));
        }
        Ok(Configured { types })
    }

    fn unknown(&self, name: &Name) -> ConfigError {
        let mut error = format!("unknown challenge `{name}`; known: PASSWORD");
        for known in self.names() {
            // Writing to a string cannot fail.
            let _ = write!(error, ", {known}");
        }
        ConfigError::Invalid {
            name: "AUTH_FLOW",
            error,
        }
    }
}

impl<T: ?Sized> Default for Registry<T> {
    fn default() -> Self {
        Self { types: Vec::new() }
    }
}

/// The challenge types of a flow, configured.
pub struct Configured<T: ?Sized> {
    types: Vec<(Name, Box<T>)>,
}

impl<T: ?Sized> Configured<T> {
    /// Returns the type `name` and its name.
    pub fn get(&self, name: &str) -> Option<(&Name, &T)> {
        let found = self.types.iter().find(|(known, _)| known.as_str() == name)?;
        Some((&found.0, found.1.as_ref()))
    }

    /// Returns each type once.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.types.iter().map(|(_, challenge)| challenge.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use super::*;

    fn configure(environment: &Environment) -> Result<Box<dyn Display>, ConfigError> {
        environment.required("TEXT", |text| {
            Ok::<Box<dyn Display>, ConfigError>(Box::new(text.to_owned()))
        })
    }

    fn none() -> Registry<dyn Display> {
        Registry::default()
    }

    fn error(registry: &Registry<dyn Display>, flow: &str) -> String {
        let environment = Environment::new([("TEXT", "text")]);
        let configured = registry.configure(&Flow::parse(flow).unwrap(), &environment);
        configured.err().unwrap().to_string()
    }

    #[test]
    fn an_unknown_challenge_in_the_flow_is_reported_with_the_known_names() {
        let registry = none().with("ONE", configure).with("TWO", configure);
        assert_eq!(
            error(&registry, "ONE:1,CAPTHA|TWO:1"),
            "variable `AUTH_FLOW`: unknown challenge `CAPTHA`; known: PASSWORD, ONE, TWO"
        );
    }

    #[test]
    fn only_types_of_the_flow_are_created() {
        let registry = none().with("ONE", configure);
        let nothing = Environment::new::<&str>([]);
        let configured = |flow| registry.configure(&Flow::parse(flow).unwrap(), &nothing);
        assert!(configured("PASSWORD").is_ok());
        assert!(configured("PASSWORD,ONE:1").is_err());
    }

    #[test]
    fn a_type_is_found_by_its_name_and_created_only_once() {
        let registry = none()
            .with("ONE", configure)
            .with("TWO", configure)
            .with("OTHER", configure);
        let environment = Environment::new([("TEXT", "text")]);
        let flow = Flow::parse("ONE:1,TWO:1,ONE:3").unwrap();
        let configured = registry.configure(&flow, &environment).unwrap();
        let found = |name| configured.get(name).map(|(name, _)| name.as_str());
        assert_eq!(
            ["ONE", "TWO", "OTHER", "one"].map(found),
            [Some("ONE"), Some("TWO"), None, None]
        );
        assert_eq!(configured.iter().count(), 2);
    }

    #[test]
    fn an_invalid_or_duplicate_name_stops_the_function() {
        for (name, message) in [
            ("", "challenge types: ``: write 1 to 32 characters of A-Z"),
            ("pager", "challenge types: `pager`: write 1 to 32 characters of A-Z"),
            ("PASSWORD", "challenge types: `PASSWORD`: the name is reserved"),
            ("SRP_A", "challenge types: `SRP_A`: the name is reserved"),
            ("ONE", "challenge types: `ONE` is registered twice"),
        ] {
            let registry = none().with("ONE", configure).with(name, configure);
            let error = error(&registry, "ONE:1");
            assert!(error.starts_with(message), "{error}");
        }
    }
}
