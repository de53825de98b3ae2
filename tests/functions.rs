//! The functions with the standard challenge types, configured for tests.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cognito_challenge::challenges::security_question::Enrollment;
use cognito_challenge::keys::Keys;
use cognito_challenge_runtime::Environment;
pub use cognito_challenge_testkit::Functions;
use cognito_challenge_testkit::script::People;
use create_auth_challenge::Issuers;
use serde_json::json;
use verify_auth_challenge::Verifiers;

use crate::services::{MAIL_TAKEN, SMS_TAKEN, Service};

/// The flow that template.yaml sets.
pub const DEFAULT_FLOW: &str = "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3";

/// The secret that keys the hashes in the fixtures.
pub const SECRET: &str = "the fixtures' secret, long enough";

/// The answers in [`enrolled`].
pub const ANSWERS: [(&str, &str); 3] = [
    ("birth-city", "Seattle"),
    ("first-pet", "Peccy"),
    ("first-teacher", "Ms Ada"),
];

/// The variables that create needs for pictures. The bucket does not respond, so pictures are inline.
pub const PICTURES: [(&str, &str); 5] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("CAPTCHA_BUCKET", "pictures"),
];

/// Returns the variables that create needs for messages, with services that accept all messages.
pub fn messages() -> [(&'static str, &'static str); 6] {
    static SES: LazyLock<Service> = LazyLock::new(|| Service::taking(MAIL_TAKEN));
    static SNS: LazyLock<Service> = LazyLock::new(|| Service::taking(SMS_TAKEN));
    [
        ("AWS_ENDPOINT_URL_SESV2", &SES.endpoint),
        ("AWS_ENDPOINT_URL_SNS", &SNS.endpoint),
        ("MAGIC_LINK_URL", "https://example.com/sign-in"),
        ("MAIL_FROM", "sign-in@example.com"),
        ("MESSAGES_PER_HOUR", "unlimited"),
        ("PRODUCT_NAME", "Example"),
    ]
}

/// Returns the attribute value of a user who has enrolled [`ANSWERS`].
pub fn enrolled() -> &'static str {
    static ENROLLED: LazyLock<String> = LazyLock::new(|| enrolled_under(SECRET));
    &ENROLLED
}

/// Returns the attribute value of [`enrolled`] under another secret.
///
/// # Panics
///
/// Panics if the secret is too short.
pub fn enrolled_under(secret: &str) -> String {
    let keys = Keys::parse(secret).unwrap();
    Enrollment::new(ANSWERS, &keys, || [7; 16]).unwrap().to_attribute()
}

/// The attributes of a user who can receive messages.
pub const REACHABLE: [(&str, &str); 4] = [
    ("email", "ada@example.com"),
    ("email_verified", "true"),
    ("phone_number", "+12065550100"),
    ("phone_number_verified", "true"),
];

/// Returns the attributes of the users in scripts.
pub fn people() -> People {
    let attributes = json!({"sub": "8a1f2b3c-0000-4000-8000-00000000abcd", "cognito:user_status": "CONFIRMED"});
    let mut enrolled_attributes = attributes.clone();
    enrolled_attributes["custom:security_questions"] = enrolled().into();
    for (name, value) in REACHABLE {
        enrolled_attributes[name] = value.into();
    }
    People {
        enrolled: enrolled_attributes,
        not_enrolled: attributes,
    }
}

/// Returns define, create and verify with a flow.
///
/// # Panics
///
/// Panics if a function rejects the flow.
pub fn with_flow(flow: &str) -> Functions {
    let own = [
        ("AUTH_FLOW", flow),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
        ("PROOF_OF_WORK_TRIES", "2"),
    ];
    let environment = Environment::new(own.into_iter().chain(PICTURES).chain(messages()));
    Functions::new(&environment, &Issuers::standard(), &Verifiers::standard()).unwrap()
}

/// Returns the folder `fixtures/NAME`.
pub fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}
