//! The API as clients see it, with trigger functions that are closures.

mod bad_input;
mod codes;
mod custom;
mod devices;
mod functions;
mod mfa;
mod new_password;
mod pairs;
mod password;
mod pool_changes;
mod sign_out;
mod users;
mod world;
