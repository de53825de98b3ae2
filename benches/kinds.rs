//! The kinds of users, as the functions' events describe them.

use serde_json::{Value, json};

use crate::functions::event;

/// A kind of user. Clients must not be able to distinguish the kinds.
pub struct Kind {
    /// The name in the benchmark's output.
    pub name: &'static str,
    attributes: Value,
    missing: bool,
}

/// Returns users who have enrolled answers, users who have not, and nonexistent users.
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
    /// Returns `event` as Cognito sends it for a user of this kind.
    pub fn signs_in(&self, mut event: Value) -> Value {
        event["request"]["userAttributes"] = self.attributes.clone();
        event["request"]["userNotFound"] = self.missing.into();
        event
    }
}
