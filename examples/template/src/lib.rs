//! A challenge type of my own.

pub mod {{ challenge_name }};
