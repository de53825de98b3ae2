//! The API as clients see it, with trigger functions that are closures.

mod bad_input;
mod codes;
mod custom;
mod custom_attributes;
mod devices;
mod first_codes;
mod functions;
mod groups;
mod invitations;
mod messages;
mod mfa;
mod migration;
mod new_password;
mod pairs;
mod password;
mod pools;
mod removals;
mod rotation;
mod sign_out;
mod sign_up;
mod tags;
mod tokens;
mod triggers;
mod users;
mod world;
