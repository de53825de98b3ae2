//! The answering half of the standard challenge types.
//!
//! The asking half is in `create-auth-challenge`, so that verify does not link a renderer or a client for S3.

pub mod captcha;
pub mod codes;
pub mod email_code;
pub mod magic_link;
pub mod proof_of_work;
pub mod security_question;
pub mod siteverify;
pub mod sms_code;
