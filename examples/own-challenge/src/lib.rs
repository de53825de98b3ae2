//! A challenge type of my own.

pub mod pager_code;
