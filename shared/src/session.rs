//! The time limit for a client to answer one challenge.

use std::str::FromStr;
use std::time::Duration;

/// The app client's `AuthSessionValidity`: Cognito allows 3 to 15 minutes for each answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionMinutes(u8);

impl SessionMinutes {
    /// Returns the duration.
    pub fn duration(self) -> Duration {
        Duration::from_mins(self.0.into())
    }
}

impl FromStr for SessionMinutes {
    type Err = SessionMinutesError;

    fn from_str(minutes: &str) -> Result<Self, SessionMinutesError> {
        match minutes.parse() {
            Ok(minutes @ 3..=15) => Ok(Self(minutes)),
            _ => Err(SessionMinutesError),
        }
    }
}

/// The session length is outside Cognito's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the app client's AuthSessionValidity, 3 to 15 minutes, such as `3`")]
pub struct SessionMinutesError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_that_cognito_accepts_are_accepted() {
        for (minutes, seconds) in [("3", 180), ("15", 900)] {
            let minutes: SessionMinutes = minutes.parse().unwrap();
            assert_eq!(minutes.duration(), Duration::from_secs(seconds));
        }
        for minutes in ["", "2", "16", "-3", "3.5", "256", "x"] {
            assert!(minutes.parse::<SessionMinutes>().is_err(), "{minutes}");
        }
    }
}
