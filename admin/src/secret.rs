//! The values of `CHALLENGE_SECRET` during a rotation.

use cognito_challenge::keys::{KeyError, Keys};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::args::Secret;
use crate::said::Said;

/// A value of `CHALLENGE_SECRET` in the form that [`Keys::parse`] reads.
#[derive(Serialize, Deserialize)]
struct Secrets {
    current: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    first: String,
}

/// Performs `step` on the current `value`. The first step adds the secret `random`.
///
/// # Errors
///
/// Returns an error if the functions would reject the value, or if `step` is not the next step.
pub(crate) fn step(step: Secret, value: &str, random: impl FnOnce() -> String) -> Result<Said, SecretError> {
    // Before serde, because this error is more precise and quotes no secret.
    Keys::parse(value)?;
    let secrets: Secrets = serde_json::from_str(value).unwrap_or_else(|_| Secrets {
        current: value.to_owned(),
        next: None,
        previous: None,
        first: value.to_owned(),
    });
    let after = match (step, &secrets.next, &secrets.previous) {
        (Secret::Show, ..) => return ids(&secrets),
        (Secret::Next, None, None) => Secrets {
            next: Some(random()),
            ..secrets
        },
        (Secret::Switch, Some(next), None) => Secrets {
            current: next.clone(),
            next: None,
            previous: Some(secrets.current),
            first: secrets.first,
        },
        (Secret::Finish, None, Some(_)) => Secrets {
            previous: None,
            ..secrets
        },
        (_, Some(_), _) => return Err(SecretError::Order("switch")),
        (_, None, Some(_)) => return Err(SecretError::Order("finish")),
        (_, None, None) => return Err(SecretError::Order("next")),
    };
    let value = serde_json::to_value(&after).unwrap_or_default();
    Ok(Said::new(value.to_string(), value))
}

fn ids(secrets: &Secrets) -> Result<Said, SecretError> {
    let members = [
        ("current", Some(&secrets.current)),
        ("next", secrets.next.as_ref()),
        ("previous", secrets.previous.as_ref()),
        ("first", Some(&secrets.first)),
    ];
    let (mut lines, mut ids) = (Vec::new(), json!({}));
    for (member, secret) in members {
        let Some(secret) = secret else { continue };
        let alone = json!({"current": secret, "first": secret}).to_string();
        let id = Keys::parse(&alone)?.current().id().to_string();
        lines.push(format!("{member:10}{id}"));
        if let Value::Object(ids) = &mut ids {
            ids.insert(member.to_owned(), id.into());
        }
    }
    Ok(Said::new(lines.join("\n"), ids))
}

/// The reason why there is no next value. It never contains a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("`CHALLENGE_SECRET`: {0}")]
    Key(#[from] KeyError),
    #[error("the next step for the value in `CHALLENGE_SECRET` is `admin secret {0}`")]
    Order(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(by: Secret, value: &str) -> Result<String, SecretError> {
        step(by, value, || "n".repeat(32)).map(|said| said.printed(false))
    }

    #[test]
    fn a_change_takes_three_steps_and_the_first_secret_stays() {
        let (a, n) = ("a".repeat(32), "n".repeat(32));
        let next = after(Secret::Next, &a).unwrap();
        assert_eq!(next, format!(r#"{{"current":"{a}","next":"{n}","first":"{a}"}}"#));
        let switched = after(Secret::Switch, &next).unwrap();
        assert_eq!(
            switched,
            format!(r#"{{"current":"{n}","previous":"{a}","first":"{a}"}}"#)
        );
        let finished = after(Secret::Finish, &switched).unwrap();
        assert_eq!(finished, format!(r#"{{"current":"{n}","first":"{a}"}}"#));
        let again = step(Secret::Next, &finished, || "m".repeat(32)).unwrap().printed(false);
        assert_eq!(
            again,
            format!(r#"{{"current":"{n}","next":"{}","first":"{a}"}}"#, "m".repeat(32))
        );
        for value in [&a, &next, &switched, &finished, &again] {
            assert!(Keys::parse(value).is_ok());
        }
    }

    #[test]
    fn no_step_is_left_out_or_done_twice() {
        let a = "a".repeat(32);
        let next = after(Secret::Next, &a).unwrap();
        let switched = after(Secret::Switch, &next).unwrap();
        for (by, value, right) in [
            (Secret::Switch, &a, "next"),
            (Secret::Finish, &a, "next"),
            (Secret::Next, &next, "switch"),
            (Secret::Finish, &next, "switch"),
            (Secret::Next, &switched, "finish"),
            (Secret::Switch, &switched, "finish"),
        ] {
            assert_eq!(after(by, value), Err(SecretError::Order(right)));
        }
        let error = after(Secret::Next, "hunter2").unwrap_err().to_string();
        assert_eq!(
            error,
            "`CHALLENGE_SECRET`: the secret has 7 bytes: use at least 32 random ones"
        );
    }

    #[test]
    fn show_prints_ids_and_no_secret() {
        let (a, n) = ("a".repeat(32), "n".repeat(32));
        let id = |secret: &str| Keys::parse(secret).unwrap().current().id().to_string();
        let next = after(Secret::Next, &a).unwrap();
        let shown = after(Secret::Show, &next).unwrap();
        assert_eq!(
            shown,
            format!("current   {}\nnext      {}\nfirst     {}", id(&a), id(&n), id(&a))
        );
    }
}
