//! Custom authentication challenges for Amazon Cognito: the parts that every trigger function shares.
//!
//! Start with the two halves of a challenge type: [`Issuer`](issue::Issuer) asks and [`Verifier`](verify::Verifier)
//! judges the answer. [`flow`] decides what a sign-in is asked next, and [`event`] reads and answers Cognito's events.
//!
//! This crate does no I/O and reads no clock, environment or random generator: these are passed in as values. The crate
//! `cognito-challenge-runtime` runs a function on AWS Lambda; `create-auth-challenge` and `verify-auth-challenge` hold
//! the lists of challenge types.

pub mod attempts;
pub mod challenges;
pub mod code;
pub mod event;
pub mod flow;
pub mod hex;
pub mod issue;
pub mod keys;
pub mod name;
pub mod page;
pub mod private;
pub mod session;
pub mod state;
pub mod telemetry;
pub mod texts;
pub mod user;
pub mod verify;
