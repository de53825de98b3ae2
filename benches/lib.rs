//! The shared parts of the benchmarks: the functions as they are deployed, the Runtime API, and the services that the
//! functions call.

pub mod functions;
pub mod kinds;
pub mod lambda;
pub mod ranks;
pub mod services;
pub mod throttle;
