//! Who signs in, as far as the functions are told.

use serde_json::{Value, json};

use crate::functions::event;

/// A kind of user, which nobody outside must be able to tell from the others.
pub struct Kind {
    /// What it is called here.
    pub name: &'static str,
    attributes: Value,
    missing: bool,
}

/// Users who have enrolled answers, users who have not, and nobody.
pub fn kinds() -> [Kind; 3] {
    let attributes = |fixture| event(fixture)["request"]["userAttributes"].take();
    [
        Kind {
            name: "enrolled",
            attributes: attributes("create/session-length-3-asks-the-security-question"),
            missing: false,
        },
        Kind {
            name: "not enrolled",
            attributes: attributes("create/user-without-answers-gets-a-decoy-question"),
            missing: false,
        },
        Kind {
            name: "unknown",
            attributes: json!({}),
            missing: true,
        },
    ]
}

impl Kind {
    /// `event` as Cognito sends it for a user of this kind.
    pub fn signs_in(&self, mut event: Value) -> Value {
        event["request"]["userAttributes"] = self.attributes.clone();
        event["request"]["userNotFound"] = self.missing.into();
        event
    }
}
