//! Tests for challenge types of `cognito-challenge`.
//!
//! - [`rules::check`] runs a type through create and verify and returns the rules that it breaks.
//! - [`fixtures::run`] compares the functions' responses with JSON files.
//! - [`script`] plays whole sign-ins, written as JSON files, through the three functions.
//!
//! All tests run in one process, at a fixed time and with a seeded random generator.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed check panics"
)]

pub mod fixtures;
pub mod folder;
pub mod functions;
pub mod rules;
pub mod script;

pub use functions::Functions;
