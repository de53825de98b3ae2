//! The Cognito user pools API.

mod clients;
mod clock;
mod error;
mod fields;
mod journal;
mod pools;
mod random;
mod session;
mod sign_in;
mod srp;
mod store;
mod tokens;
mod triggers;
mod users;
