//! What the benchmarks share: the functions as they are deployed, and the Runtime API and the S3 that they talk to.

pub mod functions;
pub mod kinds;
pub mod lambda;
pub mod ranks;
pub mod s3;
pub mod throttle;
