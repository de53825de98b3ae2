//! The shared parts of the tests in this package: the functions as values, fixtures, scripted sign-ins, and `local` as
//! a process.

pub mod dynamodb;
pub mod emf;
pub use cognito_challenge_testkit::folder;
pub mod functions;
#[path = "process.rs"]
pub mod local;
pub mod oracle;
pub mod provider;
pub mod runtime_api;
pub mod script;
pub mod services;
