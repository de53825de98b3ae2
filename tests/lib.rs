//! What the tests of this package share: the functions as values, the folders of fixtures, and scripted sign-ins.

pub mod folder;
pub mod functions;
pub mod script;
