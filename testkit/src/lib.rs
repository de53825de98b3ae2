//! Tests for challenge types of `cognito-challenge`.
//!
//! - [`rules::check`] runs a type through create and verify and returns the rules that it breaks.
//! - [`fixtures::run`] compares the functions' responses with JSON files.
//! - [`script`] plays whole sign-ins, written as JSON files, through the three functions.
//!
//! All tests run in one process, at a fixed time and with a seeded random generator.
//!
//! This tests a type that asks for eight letters backwards:
//!
//! ```
//! use async_trait::async_trait;
//! use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
//! use cognito_challenge::private::same;
//! use cognito_challenge::verify::{Answer, CannotJudge, Verdict, Verifier};
//! use cognito_challenge_testkit::rules::{Subject, assert_holds};
//! use cognito_challenge_testkit::script::People;
//! use create_auth_challenge::Issuers;
//! use rand::CryptoRng;
//! use serde_json::json;
//! use verify_auth_challenge::Verifiers;
//!
//! struct Backwards;
//!
//! #[async_trait]
//! impl Issuer for Backwards {
//!     async fn issue(&self, _: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
//!         let letters: String = (0..8).map(|_| char::from(b'a' + (rng.next_u32() % 26) as u8)).collect();
//!         let answer: String = letters.chars().rev().collect();
//!         Ok(Issued::new().public("letters", letters).private("answer", answer))
//!     }
//! }
//!
//! #[async_trait]
//! impl Verifier for Backwards {
//!     async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
//!         let expected = answer.private.get("answer");
//!         Ok(Verdict::of(expected.is_some_and(|expected| same(expected, answer.text))))
//!     }
//!
//!     fn personal(&self) -> bool {
//!         false
//!     }
//! }
//!
//! assert_holds(&Subject {
//!     challenge: "BACKWARDS",
//!     variables: &[],
//!     issuers: Issuers::none().with("BACKWARDS", |_| Ok(Box::new(Backwards))),
//!     verifiers: Verifiers::none().with("BACKWARDS", |_| Ok(Box::new(Backwards))),
//!     people: People { enrolled: json!({"sub": "1"}), not_enrolled: json!({"sub": "2"}) },
//!     right: &|_, private| private["answer"].as_str().unwrap().to_owned(),
//!     secrets: &[],
//!     varying: &[],
//! });
//! ```

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed check panics"
)]

pub mod fixtures;
pub mod folder;
pub mod functions;
pub mod rules;
pub mod script;

pub use functions::Functions;
