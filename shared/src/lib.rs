//! What the trigger functions have in common: the [`event`]s that Cognito sends, the [`flow`] that
//! decides what comes next, the [`challenges`] seen from the answering side, and the [`secret`]s they need.
//!
//! Nothing here but [`lambda`] does I/O, and nothing reads a clock, the environment or a random generator: these
//! come in as values.

pub mod challenges;
pub mod event;
pub mod flow;
pub mod hex;
pub mod lambda;
pub mod locale;
pub mod secret;
pub mod session;
