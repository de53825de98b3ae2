//! What the three trigger functions have in common: the [`event`]s that Cognito sends, the [`flow`] that
//! decides what comes next, the [`challenges`] seen from the answering side, and the [`secret`]s they need.
//!
//! Nothing here does I/O or reads a clock, the environment or a random generator: all of these come in as values.

pub mod challenges;
pub mod event;
pub mod flow;
pub mod locale;
pub mod secret;
