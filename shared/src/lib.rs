//! Custom authentication challenges for Amazon Cognito: the parts that every trigger function shares.
//!
//! Start with the two halves of a challenge type: [`Issuer`](issue::Issuer) creates challenges, and
//! [`Verifier`](verify::Verifier) checks answers. [`flow`] decides the next challenge of a sign-in. [`event`] reads and
//! answers Cognito's events.
//!
//! This crate does no I/O. It does not read the clock, the environment or a random generator: callers pass these
//! values. The crate `cognito-challenge-runtime` runs a function on AWS Lambda. `create-auth-challenge` and
//! `verify-auth-challenge` have the lists of challenge types.

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
