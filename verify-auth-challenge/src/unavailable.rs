//! Whether to fail open or closed when a service that verify depends on is unavailable.

use std::str::FromStr;

/// The operator's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfUnavailable {
    /// Fail closed: the answer is wrong.
    Closed,
    /// Fail open: the sign-in goes on without the service.
    Open,
}

impl FromStr for IfUnavailable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "closed" => Ok(Self::Closed),
            "open" => Ok(Self::Open),
            _ => Err("write `closed` or `open`"),
        }
    }
}
