//! The user of an access token, and the age of the sign-in.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::problem::Problem;

/// The maximum age of a sign-in that changes answers.
pub(crate) const FRESH: Duration = Duration::from_mins(5);

/// The tolerance for a clock of the token issuer that is ahead.
const SKEW: Duration = Duration::from_secs(30);

/// The user of an access token. The authorizer of the API has verified its signature, issuer and expiry.
pub(crate) struct Caller<'a> {
    pub(crate) username: &'a str,
    pub(crate) sub: &'a str,
    signed_in: Option<SystemTime>,
}

impl<'a> Caller<'a> {
    /// Reads the `claims` of a token of `pool`. One of `clients` must have received the token.
    ///
    /// # Errors
    ///
    /// Returns an error if the token is not from the pool, is not an access token, or is from another client.
    pub(crate) fn of(claims: &'a HashMap<String, String>, pool: &str, clients: &[String]) -> Result<Self, Problem> {
        let claim = |name: &str| claims.get(name).map(String::as_str);
        let issued_by_pool = claim("iss").is_some_and(|issuer| issuer.rsplit('/').next() == Some(pool));
        if !issued_by_pool {
            return Err(Problem::new(
                "token-missing",
                401,
                "An access token is needed",
                "send an access token of the user pool in the header `Authorization`",
            ));
        }
        if claim("token_use") != Some("access") {
            return Err(Problem::new(
                "token-not-access",
                403,
                "An access token is needed",
                "the token is not an access token: send the access token of the same sign-in",
            ));
        }
        if !claim("client_id").is_some_and(|client| clients.iter().any(|known| known == client)) {
            return Err(Problem::new(
                "client-not-listed",
                403,
                "The app client may not change answers",
                "sign in through an app client that asks the challenges",
            ));
        }
        let (Some(username), Some(sub)) = (claim("username"), claim("sub")) else {
            return Err(Problem::user_gone());
        };
        let seconds = claim("auth_time").and_then(|time| time.parse().ok());
        Ok(Self {
            username,
            sub,
            signed_in: seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
        })
    }

    /// Checks that the sign-in is recent enough at `now` to change answers. `sign_in` is the address of the sign-in
    /// page.
    ///
    /// A refreshed token has the time of its sign-in.
    ///
    /// # Errors
    ///
    /// Returns an error if the sign-in is too old.
    pub(crate) fn is_fresh(&self, now: SystemTime, sign_in: Option<&str>) -> Result<(), Problem> {
        let fresh = self
            .signed_in
            .is_some_and(|signed_in| match now.duration_since(signed_in) {
                Ok(age) => age <= FRESH,
                Err(ahead) => ahead.duration() <= SKEW,
            });
        if fresh {
            return Ok(());
        }
        let problem = Problem::new(
            "sign-in-too-old",
            403,
            "The sign-in is too old to change answers",
            "sign in again, and change the answers within five minutes",
        );
        let problem = problem.with("maxAge", FRESH.as_secs());
        Err(match sign_in {
            Some(page) => problem.with("signIn", page),
            None => problem,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_225_600;

    fn claims(changes: &[(&str, Option<&str>)]) -> HashMap<String, String> {
        let auth_time = (NOW - 10).to_string();
        let mut claims: HashMap<_, _> = [
            ("iss", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_A"),
            ("token_use", "access"),
            ("client_id", "web"),
            ("username", "ada"),
            ("sub", "8a1f2b3c"),
            ("auth_time", &auth_time),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in changes {
            match value {
                Some(value) => claims.insert((*name).to_owned(), (*value).to_owned()),
                None => claims.remove(*name),
            };
        }
        claims
    }

    fn refused(changes: &[(&str, Option<&str>)]) -> Option<&'static str> {
        let claims = claims(changes);
        let caller = Caller::of(&claims, "us-east-1_A", &["web".to_owned()]);
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        caller
            .and_then(|caller| caller.is_fresh(now, None))
            .err()
            .map(|problem| problem.name)
    }

    #[test]
    fn only_an_access_token_of_the_pool_and_a_listed_client_is_taken() {
        assert_eq!(refused(&[]), None);
        for (name, value, problem) in [
            (
                "iss",
                Some("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_B"),
                "token-missing",
            ),
            ("iss", Some("us-east-1_A/x"), "token-missing"),
            ("iss", None, "token-missing"),
            ("token_use", Some("id"), "token-not-access"),
            ("token_use", None, "token-not-access"),
            ("client_id", Some("admin-tool"), "client-not-listed"),
            ("client_id", Some("we"), "client-not-listed"),
            ("client_id", Some(""), "client-not-listed"),
            ("client_id", None, "client-not-listed"),
            ("username", None, "user-gone"),
            ("sub", None, "user-gone"),
        ] {
            assert_eq!(refused(&[(name, value)]), Some(problem), "{name} {value:?}");
        }
    }

    #[test]
    fn a_sign_in_is_fresh_for_five_minutes_and_not_from_the_future() {
        for (auth_time, fresh) in [
            (NOW, true),
            (NOW - 300, true),
            (NOW - 301, false),
            (NOW + 30, true),
            (NOW + 31, false),
            (0, false),
            (u64::MAX, false),
        ] {
            let problem = refused(&[("auth_time", Some(&auth_time.to_string()))]);
            assert_eq!(problem, (!fresh).then_some("sign-in-too-old"), "{auth_time}");
        }
        for auth_time in [None, Some(""), Some("-1"), Some("1e10"), Some("now")] {
            assert_eq!(
                refused(&[("auth_time", auth_time)]),
                Some("sign-in-too-old"),
                "{auth_time:?}"
            );
        }
    }
}
