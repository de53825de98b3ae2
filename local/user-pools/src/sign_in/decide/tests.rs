use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::challenges::OWN;
use crate::pools::Triggers;
use crate::pools::mfa::Mfa;

fn round(challenge: &'static str, result: bool) -> Round {
    Round {
        challenge,
        result,
        metadata: None,
    }
}

fn defined(challenge_name: Option<&str>, issue_tokens: bool, fail_authentication: bool) -> Defined {
    Defined {
        challenge_name: challenge_name.map(str::to_owned),
        issue_tokens,
        fail_authentication,
    }
}

fn user(status: Status) -> User {
    User {
        name: "ana".into(),
        sub: "1".into(),
        attributes: BTreeMap::new(),
        password: None,
        password_set: Duration::ZERO,
        status,
        disabled: false,
        codes: crate::users::codes::Codes::default(),
        mfa: crate::users::mfa::UserMfa::default(),
        devices: Vec::new(),
        created: Duration::ZERO,
        modified: Duration::ZERO,
    }
}

fn pool(mfa: Mfa) -> Pool {
    let properties = serde_json::json!({"MfaConfiguration": mfa.name()});
    let properties = properties.as_object().unwrap().clone();
    let none = Triggers::default();
    Pool::new("us-east-1_p".into(), "p".into(), none, properties, Duration::ZERO).unwrap()
}

fn stage(pool: &Pool, custom: bool) -> Stage<'_> {
    let device = None;
    Stage { pool, custom, device }
}

fn after_password_refusal(next: AfterPassword) -> (&'static str, String) {
    let AfterPassword::Refuse(error) = next else {
        panic!("{next:?} is no refusal")
    };
    (error.name, error.message.into_owned())
}

fn refusal(next: Next) -> (&'static str, String) {
    let Next::Refuse(error) = next else {
        panic!("{next:?} is no refusal")
    };
    (error.name, error.message.into_owned())
}

const INCORRECT: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");

#[test]
fn tokens_only_where_define_grants_them_to_a_real_user() {
    let names = [
        None,
        Some(""),
        Some(CUSTOM_CHALLENGE),
        Some(PASSWORD_VERIFIER),
        Some("SMS_MFA"),
        Some("nonsense"),
    ];
    let histories = [
        vec![],
        vec![round(SRP_A, true)],
        vec![round(SRP_A, true), round(PASSWORD_VERIFIER, true)],
    ];
    for name in names {
        for history in &histories {
            for (issue, fail, exists) in [(true, true), (true, false), (false, true), (false, false)]
                .map(|(a, b)| [(a, b, true), (a, b, false)])
                .concat()
            {
                let next = after_define(&defined(name, issue, fail), history, exists);
                let granted = matches!(next, Next::IssueTokens(_));
                assert_eq!(
                    granted,
                    issue && !fail && exists,
                    "{name:?} {history:?} {issue} {fail} {exists}"
                );
                if fail || (issue && !exists) {
                    let (name, message) = refusal(next);
                    assert_eq!((name, message.as_str()), INCORRECT);
                }
            }
        }
    }
}

#[test]
fn the_password_is_asked_for_right_after_srp_a_only() {
    let ask = defined(Some(PASSWORD_VERIFIER), false, false);
    assert_eq!(after_define(&ask, &[round(SRP_A, true)], true), Next::AskPassword);
    for history in [
        vec![],
        vec![round(CUSTOM_CHALLENGE, true)],
        vec![round(SRP_A, true), round(PASSWORD_VERIFIER, true)],
    ] {
        assert_eq!(
            refusal(after_define(&ask, &history, true)).0,
            "InvalidLambdaResponseException"
        );
    }
}

#[test]
fn a_challenge_that_is_not_offered_is_named() {
    for name in OWN {
        let (_, message) = refusal(after_define(&defined(Some(name), false, false), &[], true));
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_wrong_password_or_no_user_is_the_same_refusal() {
    for (correct, user) in [(false, Some(user(Status::Confirmed))), (true, None), (false, None)] {
        for custom in [true, false] {
            let (name, message) =
                after_password_refusal(after_password(correct, user.as_ref(), stage(&pool(Mfa::Off), custom)));
            assert_eq!((name, message.as_str()), INCORRECT);
        }
    }
}

#[test]
fn a_right_password_is_not_enough_for_those_who_owe_more() {
    for custom in [true, false] {
        let temporary = user(Status::ForceChangePassword);
        for mfa in [Mfa::Off, Mfa::Optional, Mfa::On] {
            let next = after_password(true, Some(&temporary), stage(&pool(mfa), custom));
            assert_eq!(next, AfterPassword::NewPassword);
        }
        let confirmed = user(Status::Confirmed);
        let (_, message) =
            after_password_refusal(after_password(true, Some(&confirmed), stage(&pool(Mfa::On), custom)));
        assert!(message.contains("MFA"));
        let (name, _) = after_password_refusal(after_password(
            true,
            Some(&user(Status::Unconfirmed)),
            stage(&pool(Mfa::Off), custom),
        ));
        assert_eq!(name, "UserNotConfirmedException");
        let reset = user(Status::ResetRequired);
        let (name, _) = after_password_refusal(after_password(true, Some(&reset), stage(&pool(Mfa::Off), custom)));
        assert_eq!(name, "PasswordResetRequiredException");
    }
    let confirmed = user(Status::Confirmed);
    assert_eq!(
        after_password(true, Some(&confirmed), stage(&pool(Mfa::Off), true)),
        AfterPassword::Define
    );
    assert!(matches!(
        after_password(true, Some(&confirmed), stage(&pool(Mfa::Off), false)),
        AfterPassword::IssueTokens(_)
    ));
}

#[test]
fn a_new_password_is_enough_only_for_those_who_owe_nothing_else() {
    let confirmed = user(Status::Confirmed);
    assert!(matches!(
        after_new_password(&confirmed, stage(&pool(Mfa::Off), true)),
        AfterPassword::IssueTokens(_)
    ));
    assert!(
        after_password_refusal(after_new_password(&confirmed, stage(&pool(Mfa::On), true)))
            .1
            .contains("MFA")
    );
    for status in [Status::ForceChangePassword, Status::Unconfirmed] {
        let (name, message) = after_password_refusal(after_new_password(&user(status), stage(&pool(Mfa::Off), true)));
        assert_eq!((name, message.as_str()), INCORRECT);
    }
}

#[test]
fn a_challenge_without_a_secret_is_refused() {
    assert_eq!(after_create(&Created::default()).unwrap_err().message, INCORRECT.1);
    let private = [("answer".to_owned(), "x".to_owned())].into();
    assert!(
        after_create(&Created {
            private,
            ..Created::default()
        })
        .is_ok()
    );
}

#[test]
fn a_disabled_user_neither_starts_nor_goes_on_nor_refreshes() {
    for status in [Status::Confirmed, Status::ForceChangePassword, Status::Unconfirmed] {
        let mut user = user(status);
        assert!(may_go_on(&user).is_ok());
        user.disabled = true;
        for refused in [
            may_start(&user),
            may_go_on(&user),
            after_refresh("1", Some(&user), Device::default()).map(drop),
        ] {
            assert_eq!(refused.unwrap_err().message, "User is disabled.");
        }
    }
}

#[test]
fn a_device_that_was_named_has_to_be_proved_before_there_are_tokens() {
    let confirmed = user(Status::Confirmed);
    let pool = pool(Mfa::Off);
    let stage = |custom| Stage {
        device: Some("r_1"),
        ..stage(&pool, custom)
    };
    assert_eq!(
        after_password(true, Some(&confirmed), stage(false)),
        AfterPassword::Device
    );
    assert_eq!(after_new_password(&confirmed, stage(true)), AfterPassword::Device);
    assert_eq!(
        after_password(true, Some(&confirmed), stage(true)),
        AfterPassword::Define
    );
    assert_eq!(before_tokens(Granted(()), Some("r_1")), AfterPassword::Device);
    assert!(after_device(true).is_ok() && after_device(false).is_err());
    let confirmed = Some(&confirmed);
    for shown in [None, Some("r_1"), Some("r_2")] {
        let signed_in = Some("r_1");
        assert!(after_refresh("1", confirmed, Device { signed_in, shown }).is_err());
    }
}

#[test]
fn a_refresh_is_for_the_user_who_signed_in_and_not_for_a_namesake() {
    assert!(after_refresh("1", Some(&user(Status::Confirmed)), Device::default()).is_ok());
    assert!(after_refresh("2", Some(&user(Status::Confirmed)), Device::default()).is_err());
    assert!(after_refresh("1", Some(&user(Status::Unconfirmed)), Device::default()).is_err());
    assert!(after_refresh("1", None, Device::default()).is_err());
}
