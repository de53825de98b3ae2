//! Extracts from an event the identifiers that the log may contain.

use std::collections::HashMap;

use cognito_challenge::event::printable;
use cognito_challenge::hex;
use cognito_challenge::keys::Keys;
use cognito_challenge::user::{Existence, User};
use serde_json::Value;

/// The identifiers of an event, in printable form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) trigger: Option<String>,
    pub(super) pool: Option<String>,
    pub(super) client: Option<String>,
    pub(super) user: Option<String>,
}

impl Origin {
    /// Reads the identifiers of `event`, which comes from a user pool or an HTTP API. Without `pseudonyms`, `user` is
    /// `None`.
    pub(super) fn of(event: &Value, pseudonyms: Option<&Pseudonyms>) -> Self {
        if let Some(route) = event.get("routeKey") {
            return Self::of_request(event, route, pseudonyms);
        }
        let text = |path: &[&str]| path.iter().try_fold(event, |value, name| value.get(name))?.as_str();
        let not_found = event.pointer("/request/userNotFound") == Some(&Value::Bool(true));
        let sub = text(&["request", "userAttributes", "sub"]).map(str::to_owned);
        let name = text(&["userName"]).map(|name| {
            let existence = Existence::from_not_found(not_found);
            User::new("", name, existence, &HashMap::new()).identity()
        });
        // A nonexistent user has no `sub`.
        let user = sub.filter(|_| !not_found).or(name);
        Self {
            trigger: text(&["triggerSource"]).map(printable),
            pool: text(&["userPoolId"]).map(printable),
            client: text(&["callerContext", "clientId"]).map(printable),
            user: pseudonyms.zip(user).map(|(pseudonyms, user)| pseudonyms.of(&user)),
        }
    }

    /// Reads the identifiers of a request to an HTTP API, from the claims that its authorizer verified. The route
    /// replaces the trigger.
    fn of_request(event: &Value, route: &Value, pseudonyms: Option<&Pseudonyms>) -> Self {
        let claims = event.pointer("/requestContext/authorizer/jwt/claims");
        let claim = |name| claims?.get(name)?.as_str();
        let user = pseudonyms.zip(claim("sub"));
        let printable_words = |route: &str| {
            let words: Vec<_> = route.split_whitespace().map(printable).collect();
            words.join(" ")
        };
        Self {
            trigger: route.as_str().map(printable_words),
            pool: claim("iss").and_then(|issuer| issuer.rsplit('/').next()).map(printable),
            client: claim("client_id").map(printable),
            user: user.map(|(pseudonyms, sub)| pseudonyms.of(sub)),
        }
    }
}

/// The pseudonyms of users in the log. A user has the same pseudonym in every line.
///
/// They are keyed with the secret, so that a reader of the log cannot guess usernames and compare.
pub(super) struct Pseudonyms(Keys);

impl Pseudonyms {
    /// Parses the secret. Returns `None` if it is invalid; the function itself reports the reason.
    pub(super) fn parse(secret: &str) -> Option<Self> {
        Keys::parse(secret).ok().map(Self)
    }

    fn of(&self, user: &str) -> String {
        pseudonym(&self.0, user)
    }
}

/// Returns the pseudonym of a user in the log.
///
/// `user` is the attribute `sub`, or the [identity](User::identity) of a nonexistent user.
pub fn pseudonym(keys: &Keys, user: &str) -> String {
    let hash = keys.mac("log: user", &[user.as_bytes()]);
    hash.get(..8).map(hex::encode).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pseudonyms(letter: &str) -> Pseudonyms {
        Pseudonyms::parse(&letter.repeat(32)).unwrap()
    }

    fn event(name: &str, sub: Option<&str>) -> Value {
        json!({"triggerSource": "T_A", "userPoolId": "p", "userName": name, "callerContext": {"clientId": "c"},
            "request": {"userAttributes": {"sub": sub}}})
    }

    #[test]
    fn one_user_has_one_pseudonym_under_any_name() {
        let of = |name, sub, letter| Origin::of(&event(name, sub), Some(&pseudonyms(letter))).user.unwrap();
        assert_eq!(of("ada", Some("1"), "k"), of("Ada@example.com", Some("1"), "k"));
        assert_ne!(of("ada", Some("1"), "k"), of("ada", Some("2"), "k"));
        assert_ne!(of("ada", Some("1"), "k"), of("ada", Some("1"), "x"));
        assert_ne!(of("nobody", None, "k"), of("no one", None, "k"));
    }

    #[test]
    fn case_variants_of_a_nonexistent_name_have_one_pseudonym() {
        let of = |name, sub: Option<&str>, not_found: Value| {
            let mut event = event(name, sub);
            event["request"]["userNotFound"] = not_found;
            Origin::of(&event, Some(&pseudonyms("k"))).user.unwrap()
        };
        assert_eq!(of("Ada", None, json!(true)), of("aDA", None, json!(true)));
        assert_ne!(of("Ada", None, json!(true)), of("Bob", None, json!(true)));
        // A nonexistent user has no attributes, whatever the event says.
        assert_eq!(of("Ada", Some("1"), json!(true)), of("ada", None, json!(true)));
        // For an existing user, the event has the name as the pool stores it.
        for not_found in [json!(false), json!(null), json!("true"), json!(1)] {
            assert_ne!(of("Ada", None, not_found.clone()), of("ada", None, not_found));
        }
    }

    #[test]
    fn the_pseudonym_is_hkdf_and_hmac_truncated_to_64_bits() {
        // Python: key = h(h(bytes(32), b"k" * 32), b"log: user\x01"); h(key, (3).to_bytes(8, "big") + b"ada").hex()[:16],
        // with h = lambda key, text: hmac.digest(key, text, "sha256")
        assert_eq!(pseudonyms("k").of("ada"), "28e91fb0d317d504");
    }

    #[test]
    fn without_the_secret_the_log_has_no_user() {
        let origin = Origin::of(&event("ada", Some("1")), None);
        assert_eq!(origin.user, None);
        assert_eq!(origin.client.as_deref(), Some("c"));
    }

    #[test]
    fn a_request_to_an_api_has_the_same_pseudonym_as_the_sign_in() {
        let claims = json!({"sub": "1", "client_id": "c", "iss": "https://cognito-idp.us-east-1.amazonaws.com/p",
            "username": "ada"});
        let mut event =
            json!({"routeKey": "PUT /enrolment", "requestContext": {"authorizer": {"jwt": {"claims": claims}}}});
        let origin = Origin::of(&event, Some(&pseudonyms("k")));
        assert_eq!(origin.trigger.as_deref(), Some("PUT /enrolment"));
        assert_eq!(origin.pool.as_deref(), Some("p"));
        assert_eq!(origin.client.as_deref(), Some("c"));
        assert_eq!(
            origin.user,
            Origin::of(&self::event("ada", Some("1")), Some(&pseudonyms("k"))).user
        );
        event["requestContext"] = json!({});
        assert_eq!(Origin::of(&event, Some(&pseudonyms("k"))).user, None);
    }

    #[test]
    fn a_value_that_is_not_an_event_has_no_origin() {
        for event in [json!(null), json!([1]), json!({"triggerSource": 1, "request": "x"})] {
            assert_eq!(Origin::of(&event, Some(&pseudonyms("k"))), Origin::default(), "{event}");
        }
    }
}
