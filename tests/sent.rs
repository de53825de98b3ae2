//! Tests codes and links that the functions send with the SES and SNS of `local`, read from its outbox.

use loop_tests::local::{Client, Local, Refusal};
use serde_json::{Value, json};

const USER: &str = "demo";
const PASSWORD: &str = "Passw0rd!demo";

/// Starts a `local` with the flow `flow` and a template that can send messages.
fn start(flow: &str, more: &[&str]) -> Local {
    let flow = format!("AuthFlow={flow}");
    let parameters = [
        "--parameter",
        &flow,
        "--parameter",
        "MailFrom=sign-in@example.com",
        "--parameter",
        "SmsCodes=Enabled",
        "--parameter",
        "ProductName=Acme",
    ];
    Local::start(&[&parameters, more].concat())
}

/// Returns the sent messages, newest first.
fn outbox(local: &Local) -> Vec<Value> {
    let kept = Local::get(&format!("{}/debug/outbox", local.endpoint)).unwrap();
    let mut kept: Value = serde_json::from_slice(&kept).unwrap();
    serde_json::from_value(kept["messages"].take()).unwrap()
}

/// Returns the answer in the newest message: a token after `#link=`, or a code of six digits.
fn newest(local: &Local) -> String {
    let messages = outbox(local);
    answer_in(messages.first().expect("no message was sent"))
}

fn answer_in(message: &Value) -> String {
    let text = message["text"].as_str().unwrap();
    if let Some((_, link)) = text.split_once("#link=") {
        return link.split_whitespace().next().unwrap().to_owned();
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    words
        .clone()
        .find(is_code)
        .unwrap_or_else(|| panic!("no code in `{text}`"))
        .to_owned()
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

fn public<'a>(reply: &'a Value, name: &str) -> &'a str {
    reply["ChallengeParameters"][name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {reply}"))
}

fn has_tokens(reply: &Value) -> bool {
    reply["AuthenticationResult"]["AccessToken"].is_string()
}

#[test]
fn a_sign_in_ends_with_the_answer_from_the_message() {
    for (flow, medium, to, masked) in [
        ("PASSWORD,EMAIL_CODE:3", "EMAIL", "demo@example.com", "d***@e***"),
        ("EMAIL_CODE:3", "EMAIL", "demo@example.com", "d***@e***"),
        ("SMS_CODE:3", "SMS", "+12065550100", "+*******0100"),
        ("MAGIC_LINK:3", "EMAIL", "demo@example.com", "d***@e***"),
    ] {
        let local = start(flow, &[]);
        let client = Client::new(&local);
        let asked = if flow.starts_with("PASSWORD") {
            client.start_with_password(USER, PASSWORD, &Value::Null)
        } else {
            client.start(USER)
        };
        let asked = asked.unwrap();
        assert_eq!(
            (public(&asked, "medium"), public(&asked, "destination")),
            (medium, masked),
            "{flow}"
        );
        let [message] = &outbox(&local)[..] else {
            panic!("{flow}: expected one message for one step")
        };
        assert_eq!(
            (message["medium"].as_str(), message["to"].as_str()),
            (Some(medium), Some(to)),
            "{flow}"
        );
        let answer = answer_in(message);
        assert!(
            !asked.to_string().contains(&answer),
            "{flow}: the client must not receive the answer"
        );
        let signed_in = client.answer(USER, &asked, &answer, &Value::Null).unwrap();
        assert!(has_tokens(&signed_in), "{flow}: {signed_in}");
        assert_eq!(outbox(&local).len(), 1, "{flow}");
    }
}

#[test]
fn a_mail_has_text_and_html_and_says_that_it_is_automatic() {
    let local = start("EMAIL_CODE:3,MAGIC_LINK:3", &[]);
    let client = Client::new(&local);
    let asked = client.start(USER).unwrap();
    let code = newest(&local);
    client.answer(USER, &asked, &code, &Value::Null).unwrap();
    let messages = outbox(&local);
    let [link, mail] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert!(mail["subject"].as_str().unwrap().starts_with(&code), "{mail}");
    for mail in [mail, link] {
        assert_eq!(
            mail["headers"],
            json!([{"name": "Auto-Submitted", "value": "auto-generated"}])
        );
        assert!(mail["from"].as_str().unwrap().contains("sign-in@example.com"));
        assert!(mail["text"].as_str().unwrap().contains("Acme"), "{mail}");
        assert!(mail["html"].as_str().unwrap().contains(&answer_in(mail)), "{mail}");
    }
    let address = format!("{}/#link={}", local.endpoint, answer_in(link));
    assert!(link["text"].as_str().unwrap().contains(&address), "{link}");
    let shown = Local::get(&format!("{}/debug/mail/{}", local.endpoint, link["id"])).unwrap();
    assert!(String::from_utf8(shown).unwrap().contains(&address));
}

#[test]
fn wrong_answers_send_nothing_and_keep_the_code() {
    for flow in ["EMAIL_CODE:3", "SMS_CODE:3", "MAGIC_LINK:3"] {
        let local = start(flow, &[]);
        let client = Client::new(&local);
        let mut asked = client.start(USER).unwrap();
        let right = newest(&local);
        let long = "1".repeat(2_000);
        for (wrong, left) in [(other_than(&right), "2"), (&long, "1")] {
            asked = client.answer(USER, &asked, wrong, &Value::Null).unwrap();
            assert_eq!(public(&asked, "attemptsLeft"), left, "{flow}");
        }
        assert_eq!(outbox(&local).len(), 1, "{flow}");
        assert!(
            has_tokens(&client.answer(USER, &asked, &right, &Value::Null).unwrap()),
            "{flow}"
        );
    }
}

#[test]
fn the_right_code_is_wrong_after_three_wrong_ones() {
    let local = start("EMAIL_CODE:3", &[]);
    let client = Client::new(&local);
    let mut asked = client.start(USER).unwrap();
    let right = newest(&local);
    for _ in 0..2 {
        asked = client.answer(USER, &asked, other_than(&right), &Value::Null).unwrap();
    }
    let denied = client
        .answer(USER, &asked, other_than(&right), &Value::Null)
        .unwrap_err();
    assert_eq!(denied, Refusal::incorrect());
    assert!(client.answer(USER, &asked, &right, &Value::Null).is_err());
}

#[test]
fn a_code_may_be_pasted_in_any_form() {
    let local = start("EMAIL_CODE:3", &["--parameter", "MessagesPerHour=100"]);
    let client = Client::new(&local);
    let shifted = |code: &str, zero: char| -> String {
        let digits = code.chars().filter_map(|c| c.to_digit(10));
        digits
            .filter_map(|digit| char::from_u32(u32::from(zero) + digit))
            .collect()
    };
    let forms: [&dyn Fn(&str) -> String; 4] = [
        &|code| format!(" {}-{} ", &code[..3], &code[3..]),
        &|code| code.chars().flat_map(|c| [c, ' ']).collect(),
        &|code| shifted(code, '０'),
        &|code| shifted(code, '٠'),
    ];
    for form in forms {
        let asked = client.start(USER).unwrap();
        let code = form(&newest(&local));
        assert!(
            has_tokens(&client.answer(USER, &asked, &code, &Value::Null).unwrap()),
            "{code}"
        );
    }
}

#[test]
fn requesting_a_code_too_early_uses_an_attempt_and_sends_nothing() {
    for flow in ["EMAIL_CODE:3", "SMS_CODE:3", "MAGIC_LINK:3"] {
        let local = start(flow, &[]);
        let client = Client::new(&local);
        let asked = client.start(USER).unwrap();
        let wait: u64 = public(&asked, "sendAgainIn").parse().unwrap();
        assert!((1..=30).contains(&wait), "{flow}: {wait}");
        assert_eq!(public(&asked, "sendsLeft"), "2", "{flow}");
        let again = client.answer(USER, &asked, "-", &json!({"send": "again"})).unwrap();
        assert_eq!(
            (public(&again, "attemptsLeft"), public(&again, "sendsLeft")),
            ("2", "2"),
            "{flow}"
        );
        assert_eq!(outbox(&local).len(), 1, "{flow}");
        let right = newest(&local);
        assert!(
            has_tokens(&client.answer(USER, &again, &right, &Value::Null).unwrap()),
            "{flow}"
        );
    }
}

#[test]
fn the_code_of_another_sign_in_or_user_is_wrong() {
    for flow in ["EMAIL_CODE:2", "MAGIC_LINK:2"] {
        let local = start(flow, &[]);
        local.admin(
            "AdminCreateUser",
            &json!({"Username": "ada", "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD,
                "UserAttributes": [{"Name": "email", "Value": "ada@example.com"}, {"Name": "email_verified", "Value": "true"}]}),
        );
        local.admin(
            "AdminSetUserPassword",
            &json!({"Username": "ada", "Password": PASSWORD, "Permanent": true}),
        );
        let client = Client::new(&local);
        let first = client.start(USER).unwrap();
        let of_first = newest(&local);
        let second = client.start(USER).unwrap();
        let of_second = newest(&local);
        let other = client.start("ada").unwrap();
        assert_eq!(outbox(&local)[0]["to"], "ada@example.com", "{flow}");
        let of_other = newest(&local);
        assert!(
            of_first != of_second && of_second != of_other,
            "{flow}: the three codes must differ"
        );
        for (user, asked, answer) in [(USER, &first, &of_second), ("ada", &other, &of_first)] {
            let again = client.answer(user, asked, answer, &Value::Null).unwrap();
            assert_eq!(public(&again, "attemptsLeft"), "1", "{flow}");
        }
        let again = client.answer(USER, &second, &of_other, &Value::Null).unwrap();
        assert!(
            has_tokens(&client.answer(USER, &again, &of_second, &Value::Null).unwrap()),
            "{flow}"
        );
    }
}

#[test]
fn the_code_of_the_previous_step_is_wrong() {
    let local = start("EMAIL_CODE:2,SMS_CODE:2", &[]);
    let client = Client::new(&local);
    let asked = client.start(USER).unwrap();
    let first = newest(&local);
    let asked = client.answer(USER, &asked, &first, &Value::Null).unwrap();
    let second = newest(&local);
    let again = client.answer(USER, &asked, &first, &Value::Null).unwrap();
    assert_eq!(public(&again, "attemptsLeft"), "1");
    assert!(has_tokens(&client.answer(USER, &again, &second, &Value::Null).unwrap()));
}

#[test]
fn users_who_get_no_message_are_asked_the_same() {
    for flow in ["EMAIL_CODE:2", "SMS_CODE:2", "MAGIC_LINK:2"] {
        let local = start(flow, &[]);
        local.admin(
            "AdminCreateUser",
            &json!({"Username": "unverified", "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD,
                "UserAttributes": [{"Name": "email", "Value": "x@example.com"}, {"Name": "phone_number", "Value": "+12065550101"}]}),
        );
        local.admin(
            "AdminSetUserPassword",
            &json!({"Username": "unverified", "Password": PASSWORD, "Permanent": true}),
        );
        let client = Client::new(&local);
        let keys = |reply: &Value| -> Vec<String> {
            reply["ChallengeParameters"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        };
        let known = client.start(USER).unwrap();
        assert_eq!(outbox(&local).len(), 1, "{flow}");
        for user in ["unverified", "nonexistent"] {
            let asked = client.start(user).unwrap();
            assert_eq!(keys(&asked), keys(&known), "{flow} {user}");
            let again = client.answer(user, &asked, "123456", &Value::Null).unwrap();
            assert_eq!(
                public(&again, "destination"),
                public(&asked, "destination"),
                "{flow} {user}"
            );
            let denied = client.answer(user, &again, "123456", &Value::Null).unwrap_err();
            assert_eq!(denied, Refusal::incorrect(), "{flow} {user}");
        }
        assert_eq!(
            outbox(&local).len(),
            1,
            "{flow}: a user without a verified address gets no message"
        );
    }
}

#[test]
fn above_the_hourly_limit_the_step_looks_the_same_and_sends_nothing() {
    let local = start("EMAIL_CODE:1", &["--parameter", "MessagesPerHour=2"]);
    let client = Client::new(&local);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let asked = client.start(USER).unwrap();
        let mut parameters = asked["ChallengeParameters"].clone();
        parameters["sendAgainIn"].take();
        seen.push(parameters);
    }
    assert!(seen.iter().all(|parameters| *parameters == seen[0]), "{seen:?}");
    assert_eq!(outbox(&local).len(), 2);
}

#[test]
fn a_missing_sender_is_reported_at_start() {
    let (code, output) = Local::fails(&["--parameter", "AuthFlow=EMAIL_CODE:3"]);
    assert_eq!(code, Some(2), "{output}");
    assert!(output.contains("MAIL_FROM"), "{output}");
}
