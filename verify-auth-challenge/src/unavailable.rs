//! The operator's choice to fail open or closed if a service that verify needs is unavailable.

use std::str::FromStr;

/// Whether verify fails open or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfUnavailable {
    /// Fail closed: the answer is wrong.
    Closed,
    /// Fail open: the sign-in continues without the service.
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
