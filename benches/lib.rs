//! What the benchmarks share: the functions as they are deployed, and the Runtime API and the services that they talk to.

pub mod functions;
pub mod kinds;
pub mod lambda;
pub mod ranks;
pub mod services;
pub mod throttle;
