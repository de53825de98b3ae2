//! A sign-in from its start to its tokens.

pub(crate) mod act;
pub(crate) mod decide;
pub(crate) mod lockout;
pub(crate) mod pending;
pub(crate) mod sessions;
