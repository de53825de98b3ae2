//! The API as clients see it, with trigger functions that are closures.

mod bad_input;
mod custom;
mod devices;
mod functions;
mod mfa;
mod new_password;
mod pairs;
mod password;
mod users;
mod world;
