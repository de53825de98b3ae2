//! The Cognito user pools API.

mod clock;
mod error;
mod journal;
mod random;
mod srp;
