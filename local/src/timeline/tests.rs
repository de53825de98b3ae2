use serde_json::{Value, json};
use user_pools::{Error, Message};

use super::*;
use crate::console::tests::console;

fn timeline() -> Timeline {
    Timeline::new(Arc::new(console(false).0))
}

fn call(timeline: &Timeline, sign_in: Option<Uuid>, event: &Value) {
    let (event, response) = (
        event.to_string().into(),
        json!({"response": {"answerCorrect": true}}).to_string().into(),
    );
    timeline.call(&Call {
        function: "verify",
        occasion: "[]",
        decision: "right",
        elapsed: Duration::from_millis(3),
        cold: true,
        sign_in,
        event: &event,
        response: Some(&response),
    });
}

fn answer(timeline: &Timeline, sign_in: Option<Uuid>, answer: Result<&Value, &Error>) {
    timeline.answered(&Answered {
        sign_in,
        operation: "InitiateAuth",
        sent: "CUSTOM_AUTH",
        user: Some("ana"),
        answer,
        elapsed: Duration::from_millis(5),
    });
}

fn shown(timeline: &Timeline) -> Vec<Value> {
    timeline.watch().0.iter().map(|step| step.shown()).collect()
}

#[test]
fn a_sign_in_is_its_calls_messages_and_answers_without_secrets() {
    let timeline = timeline();
    let id = Uuid::from_u128(1);
    let event = json!({"triggerSource": "Verify", "request": {"challengeAnswer": "MARKER"}});
    timeline.sent(7, Medium::Sms, "+1", "123456");
    call(&timeline, Some(id), &event);
    answer(
        &timeline,
        Some(id),
        Ok(&json!({"AuthenticationResult": {"AccessToken": "MARKER"}})),
    );
    let error = Error::incorrect().because("the reason");
    answer(&timeline, Some(id), Err(&error));
    let steps = shown(&timeline);
    assert!(!json!(steps).to_string().contains("MARKER"));
    assert!(steps.iter().all(|step| step["signIn"] == id.to_string()));
    assert_eq!(
        (&steps[0]["kind"], &steps[0]["id"], &steps[0]["text"]),
        (&json!("message"), &json!(7), &json!("123456"))
    );
    assert_eq!(
        (
            &steps[1]["trigger"],
            &steps[1]["cold"],
            &steps[1]["event"]["request"]["challengeAnswer"]
        ),
        (&json!("Verify"), &json!(true), &json!("***"))
    );
    assert_eq!(steps[1]["response"], json!({"response": {"answerCorrect": true}}));
    assert!(steps[2]["challenge"].is_null() && steps[2]["error"].is_null());
    assert_eq!(
        (&steps[3]["error"], &steps[3]["why"]),
        (&json!("NotAuthorizedException"), &json!("the reason"))
    );
}

#[test]
fn a_code_of_cognitos_own_is_in_the_outbox_and_in_its_sign_in() {
    let timeline = timeline();
    let id = Uuid::from_u128(2);
    let message = Message {
        medium: Medium::Email,
        address: "ana@example.com".into(),
        user: "ana".into(),
        purpose: "EMAIL_OTP",
        code: "424242".into(),
        sign_in: Some(id),
        text: None,
    };
    timeline.send(message, Duration::ZERO);
    assert_eq!(
        shown(&timeline),
        [json!({
            "kind": "message", "id": 1, "medium": "EMAIL", "to": "ana@example.com", "text": "424242 (EMAIL_OTP)",
            "signIn": id.to_string(),
        })]
    );
    assert!(timeline.outbox().json().contains("424242"));
}

#[test]
fn old_sign_ins_and_long_ones_do_not_fill_the_memory() {
    let timeline = timeline();
    let mut live = timeline.live.subscribe();
    for number in 0..=30 {
        answer(&timeline, Some(Uuid::from_u128(number)), Ok(&json!({})));
    }
    let steps = shown(&timeline);
    assert_eq!(
        (steps.len(), &steps[0]["signIn"]),
        (30, &json!(Uuid::from_u128(1).to_string()))
    );
    let forgotten = std::iter::from_fn(|| live.try_recv().ok()).filter(|news| matches!(news, News::Forgotten(_)));
    assert_eq!(forgotten.count(), 1);
    for _ in 0..200 {
        answer(&timeline, None, Ok(&json!({})));
    }
    let elsewhere = shown(&timeline)
        .into_iter()
        .filter(|step| step["signIn"] == "elsewhere");
    assert_eq!(elsewhere.count(), 100);
}

#[tokio::test]
async fn a_viewer_gets_what_was_and_what_comes() {
    let timeline = timeline();
    answer(&timeline, None, Ok(&json!({"ChallengeName": "CUSTOM_CHALLENGE"})));
    let (kept, mut live) = timeline.watch();
    assert_eq!(kept[0].shown()["challenge"], "CUSTOM_CHALLENGE");
    call(&timeline, None, &json!({}));
    let News::Step(step) = live.recv().await.unwrap() else {
        panic!("nothing was forgotten")
    };
    assert_eq!(step.shown()["function"], "verify");
}

#[tokio::test]
async fn nothing_is_shown_beyond_this_system() {
    for (address, expected) in [("127.0.0.1", 200), ("::1", 200), ("0.0.0.0", 404), ("192.0.2.1", 404)] {
        let router = router(Arc::new(timeline()), address.parse().unwrap());
        let request = axum::http::Request::get("/debug")
            .body(axum::body::Body::empty())
            .unwrap();
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        assert_eq!(response.status(), expected, "{address}");
    }
}
