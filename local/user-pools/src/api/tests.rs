//! The API as clients see it, with trigger functions that are closures.

mod bad_input;
mod codes;
mod custom;
mod custom_attributes;
mod devices;
mod functions;
mod groups;
mod mfa;
mod migration;
mod new_password;
mod pairs;
mod password;
mod pool_changes;
mod sign_out;
mod sign_up;
mod tokens;
mod triggers;
mod users;
mod world;
