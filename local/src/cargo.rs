//! Builds the function binaries with cargo.
