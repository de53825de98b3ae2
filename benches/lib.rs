//! The shared parts of the benchmarks: the functions as they are deployed, the Runtime API, the services that the
//! functions call, and the unit of `local`'s processor time.

pub mod functions;
pub mod kinds;
pub mod lambda;
pub mod ranks;
pub mod services;
pub mod signature;
pub mod throttle;
