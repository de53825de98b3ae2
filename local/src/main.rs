//! A local Amazon Cognito for one machine: it runs the real trigger functions and answers real AWS clients.

mod args;
mod cargo;
mod cognito;
mod console;
mod functions;
mod lambda;
mod launch;
mod page;
mod s3;
mod server;
mod template;

fn main() {}
