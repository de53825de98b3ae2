//! Tests codes and links: sent over HTTP, counted in a table, and checked by verify.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use benches::ranks::{compare, median};
use cognito_challenge_runtime::Environment;
use cognito_challenge_runtime::log::record;
use cognito_challenge_testkit::functions::{Functions, event};
use create_auth_challenge::Issuers;
use loop_tests::dynamodb::{Fate, Network, table};
use loop_tests::functions::SECRET;
use loop_tests::services::{MAIL_TAKEN, Received, SMS_TAKEN, Service};
use serde_json::{Value, json};
use verify_auth_challenge::Verifiers;

/// Returns create and verify with a flow and the services that send messages.
fn functions(flow: &str, service: &Service, variables: &[(&str, &str)]) -> Functions {
    let own = [
        ("AUTH_FLOW", flow),
        ("AUTH_SESSION_MINUTES", "3"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_ENDPOINT_URL_SESV2", &service.endpoint),
        ("AWS_ENDPOINT_URL_SNS", &service.endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("CHALLENGE_SECRET", SECRET),
        ("MAGIC_LINK_URL", "https://example.com/sign-in"),
        ("MAIL_FROM", "sign-in@example.com"),
        ("MESSAGES_PER_HOUR", "unlimited"),
    ];
    let environment = Environment::new(own.into_iter().chain(variables.iter().copied()));
    Functions::new(&environment, &Issuers::standard(), &Verifiers::standard()).unwrap()
}

fn ada() -> Value {
    json!({"sub": "s", "cognito:user_status": "CONFIRMED", "email": "ada@example.org", "email_verified": "true",
        "phone_number": "+12065551234", "phone_number_verified": "true"})
}

/// Returns create's response for a user after the wrong answers in `session`.
fn ask(functions: &Functions, name: &str, session: &[&Value], metadata: &Value, seed: u64) -> Result<Value, String> {
    let missing = name == "missing";
    let mut event = event("CreateAuthChallenge", &if missing { json!({}) } else { ada() }, missing);
    event["userName"] = name.into();
    event["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
    event["request"]["clientMetadata"] = metadata.clone();
    let entry = |asked: &&Value| {
        json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": asked["right"] == true,
            "challengeMetadata": asked["challengeMetadata"]})
    };
    event["request"]["session"] = session.iter().map(entry).collect();
    Ok(functions.create_with(event, seed)?["response"].take())
}

fn first(functions: &Functions, name: &str, seed: u64) -> Value {
    ask(functions, name, &[], &Value::Null, seed).unwrap()
}

/// Returns whether verify accepts `answer`.
fn is_right(functions: &Functions, name: &str, asked: &Value, answer: &str) -> bool {
    let missing = name == "missing";
    let mut event = event(
        "VerifyAuthChallengeResponse",
        &if missing { json!({}) } else { ada() },
        missing,
    );
    event["userName"] = name.into();
    event["request"]["privateChallengeParameters"] = asked["privateChallengeParameters"].clone();
    event["request"]["challengeAnswer"] = answer.into();
    functions.verify(event).unwrap()["response"]["answerCorrect"] == true
}

fn code(asked: &Value) -> &str {
    asked["privateChallengeParameters"]["code"].as_str().unwrap()
}

/// Returns the only message of `service`.
fn only(service: &Service) -> Received {
    let messages = service.messages();
    let [message] = messages.as_slice() else {
        panic!("expected one message: {messages:?}")
    };
    message.clone()
}

#[test]
fn a_mail_is_one_signed_request_with_text_and_html() {
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("EMAIL_CODE:3", &ses, &[("PRODUCT_NAME", "Grüße")]);
    let asked = first(&functions, "ada", 1);
    let mail = only(&ses);
    assert_eq!(mail.line, "POST /v2/email/outbound-emails HTTP/1.1");
    assert!(mail.header("authorization").contains("/us-east-1/ses/aws4_request"));
    let body: Value = serde_json::from_str(&mail.body).unwrap();
    assert_eq!(
        body["FromEmailAddress"],
        "=?UTF-8?B?R3LDvMOfZQ==?= <sign-in@example.com>"
    );
    assert_eq!(body["Destination"], json!({"ToAddresses": ["ada@example.org"]}));
    let simple = &body["Content"]["Simple"];
    let subject = format!("{} is your code for Grüße", code(&asked));
    assert_eq!(simple["Subject"], json!({"Data": subject, "Charset": "UTF-8"}));
    for part in ["Text", "Html"] {
        assert!(
            simple["Body"][part]["Data"].as_str().unwrap().contains(code(&asked)),
            "{part}"
        );
        assert_eq!(simple["Body"][part]["Charset"], "UTF-8");
    }
    assert_eq!(
        simple["Headers"],
        json!([{"Name": "Auto-Submitted", "Value": "auto-generated"}])
    );
    assert!(!simple["Body"]["Html"]["Data"].as_str().unwrap().contains("<img"));
}

#[test]
fn a_link_is_sent_by_e_mail_and_its_token_is_right() {
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("MAGIC_LINK:3", &ses, &[]);
    let asked = first(&functions, "ada", 1);
    let body: Value = serde_json::from_str(&only(&ses).body).unwrap();
    let text = body["Content"]["Simple"]["Body"]["Text"]["Data"].as_str().unwrap();
    let (_, link) = text.split_once("\nhttps://example.com/sign-in#link=").unwrap();
    let token = link.lines().next().unwrap();
    assert!(is_right(&functions, "ada", &asked, token));
    assert!(!is_right(&functions, "ada", &asked, &token.to_lowercase()));
}

#[test]
fn a_text_message_is_one_request_to_a_phone() {
    let sns = Service::taking(SMS_TAKEN);
    let functions = functions("SMS_CODE:3", &sns, &[]);
    let asked = first(&functions, "ada", 1);
    let sms = only(&sns);
    assert_eq!(sms.line, "POST / HTTP/1.1");
    assert!(sms.header("authorization").contains("/us-east-1/sns/aws4_request"));
    let fields: Vec<_> = sms.body.split('&').collect();
    for field in [
        "Action=Publish",
        "PhoneNumber=%2B12065551234",
        "MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType",
        "MessageAttributes.entry.1.Value.StringValue=Transactional",
    ] {
        assert!(fields.contains(&field), "{}", sms.body);
    }
    assert!(sms.body.contains(&format!("Message={}", code(&asked))), "{}", sms.body);
    assert!(!sms.body.contains("TopicArn"));
    assert!(is_right(&functions, "ada", &asked, code(&asked)));
}

#[test]
fn a_code_is_right_only_for_its_user_step_and_sign_in() {
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("EMAIL_CODE:3,EMAIL_CODE:3", &ses, &[]);
    let mut asked = first(&functions, "ada", 1);
    let other_sign_in = first(&functions, "ada", 2);
    let other_user = first(&functions, "bob", 1);
    asked["right"] = true.into();
    let next_step = ask(&functions, "ada", &[&asked], &Value::Null, 1).unwrap();
    assert!(is_right(&functions, "ada", &asked, &format!(" {}\n", code(&asked))));
    for other in [&other_sign_in, &other_user, &next_step] {
        assert!(!is_right(&functions, "ada", &asked, code(other)));
        assert!(!is_right(&functions, "ada", other, code(&asked)));
    }
    for answer in ["", " ", "-", "000000000000", &"1".repeat(10 * 1024), "'; DROP TABLE"] {
        assert!(!is_right(&functions, "ada", &asked, answer), "{answer}");
    }
    let missing = first(&functions, "missing", 1);
    assert!(!is_right(&functions, "missing", &missing, code(&missing)));
    // A code that expired ten minutes after it was sent, although the challenge was shown again later.
    let expired = (cognito_challenge_testkit::functions::NOW_SECONDS - 1).to_string();
    asked["privateChallengeParameters"]["codeExpires"] = expired.into();
    assert!(!is_right(&functions, "ada", &asked, code(&asked)));
}

#[test]
fn a_service_that_rejects_or_fails_is_called_once_and_not_quoted() {
    for (status, kind) in [(400, "MessageRejected"), (500, "InternalFailure"), (503, "no answer")] {
        let ses = Service::start(move |_| {
            let body = match status {
                400 => r#"{"__type": "MessageRejected", "message": "Email address is not verified: ada@example.org"}"#,
                500 => r#"{"__type": "InternalFailure", "message": "ada@example.org"}"#,
                _ => "<html>ada@example.org</html>",
            };
            (Duration::ZERO, (status, "application/json", body))
        });
        let functions = functions("EMAIL_CODE:3", &ses, &[]);
        let error = ask(&functions, "ada", &[], &Value::Null, 1).unwrap_err();
        assert_eq!(
            error,
            format!("challenge `EMAIL_CODE`: SES did not accept the mail: {kind}")
        );
        only(&ses);
    }
}

#[test]
fn a_hanging_service_is_abandoned_within_creates_time_limit() {
    let hangs = Service::start(|_| (Duration::from_mins(1), MAIL_TAKEN));
    for (flow, challenge) in [("EMAIL_CODE:3", "EMAIL_CODE"), ("SMS_CODE:3", "SMS_CODE")] {
        let error = ask(&functions(flow, &hangs, &[]), "ada", &[], &Value::Null, 1).unwrap_err();
        assert_eq!(
            error,
            format!("challenge `{challenge}`: the service did not accept the message in time")
        );
        only(&hangs);
    }
}

/// Returns the variables to count messages in the table behind `network`.
fn counted<'a>(network: &'a Network, per_hour: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("ATTEMPTS_TABLE", "attempts"),
        ("AWS_ENDPOINT_URL_DYNAMODB", network.endpoint.as_str()),
        ("MESSAGES_PER_HOUR", per_hour),
    ]
}

#[test]
fn a_message_is_counted_for_an_hour_by_a_consistent_read_and_a_conditional_write() {
    const NOW: u64 = cognito_challenge_testkit::functions::NOW_SECONDS;
    let network = Network::before(&table(), |_| Fate::Passed);
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("EMAIL_CODE:3", &ses, &counted(&network, "2"));
    for times in [vec![NOW], vec![NOW, NOW], vec![NOW, NOW]] {
        first(&functions, "ada", 1);
        let sent = network.sent();
        let [(_, get), (_, put)] = &sent[..] else {
            panic!("{sent:?}")
        };
        assert_eq!(get["ConsistentRead"], true);
        assert!(put["ConditionExpression"].is_string());
        let item = &put["Item"];
        let times: Vec<_> = times.iter().map(u64::to_string).collect();
        assert_eq!(item["sent"]["S"], times.join(" "));
        assert_eq!(item["expires"]["N"], (NOW + 3600).to_string());
        assert_eq!(item["id"], get["Key"]["id"]);
        assert_eq!(
            item.as_object().unwrap().len(),
            4,
            "the fourth attribute is a token: {item}"
        );
        assert!(!put.to_string().contains("ada"), "{put}");
    }
}

#[test]
fn five_messages_within_an_hour_are_the_limit_unless_the_operator_sets_another() {
    let network = Network::before(&table(), |_| Fate::Passed);
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("EMAIL_CODE:3", &ses, &counted(&network, ""));
    for seed in 1..=7 {
        first(&functions, "ada", seed);
    }
    assert_eq!(ses.messages().len(), 5);
}

#[test]
fn a_concurrent_message_counts_too() {
    let table = table();
    let ses = Service::taking(MAIL_TAKEN);
    let between = Arc::new(Mutex::new(None::<Functions>));
    let slot = Arc::clone(&between);
    let network = Network::before(&table, move |operation| {
        if operation == "PutItem"
            && let Some(other) = slot.lock().unwrap().take()
        {
            first(&other, "ada", 1);
        }
        Fate::Passed
    });
    let direct = Network::before(&table, |_| Fate::Passed);
    let ours = functions("EMAIL_CODE:3", &ses, &counted(&network, "3"));
    // The first round starts without an item, the second with one.
    for sent in [2, 1] {
        *between.lock().unwrap() = Some(functions("EMAIL_CODE:3", &ses, &counted(&direct, "3")));
        network.sent();
        first(&ours, "ada", 2);
        let operations: Vec<_> = network.sent().into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(operations, ["GetItem", "PutItem", "GetItem", "PutItem"]);
        assert_eq!(ses.messages().len(), sent);
    }
}

#[test]
fn a_hanging_table_is_abandoned_within_creates_time_limit() {
    let ses = Service::taking(MAIL_TAKEN);
    for hangs in ["GetItem", "PutItem"] {
        let network = Network::before(&table(), move |operation| {
            if operation == hangs {
                Fate::Unanswered
            } else {
                Fate::Passed
            }
        });
        let functions = functions("EMAIL_CODE:3", &ses, &counted(&network, "2"));
        let error = ask(&functions, "ada", &[], &Value::Null, 1).unwrap_err();
        assert_eq!(
            error,
            "challenge `EMAIL_CODE`: the message could not be counted: no answer in time"
        );
    }
    assert!(ses.messages().is_empty());
}

#[test]
fn above_the_limit_responses_look_the_same_and_nothing_is_sent() {
    let table = table();
    let network = Network::before(&table, |_| Fate::Passed);
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("EMAIL_CODE:3", &ses, &counted(&network, "2"));
    let shape = |asked: &Value| {
        let lengths = |half: &Value| {
            let fields = half.as_object().unwrap().iter();
            fields
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().len()))
                .collect::<Vec<_>>()
        };
        let halves = ["publicChallengeParameters", "privateChallengeParameters"];
        (
            halves.map(|half| lengths(&asked[half])),
            asked["challengeMetadata"].as_str().unwrap().len(),
        )
    };
    let mut shapes = Vec::new();
    for (name, sent) in [("ada", 2), ("missing", 0)] {
        for seed in 1..=4 {
            shapes.push(shape(&first(&functions, name, seed)));
            let operations: Vec<_> = network.sent().into_iter().map(|(operation, _)| operation).collect();
            assert_eq!(operations, ["GetItem", "PutItem"], "{name}");
        }
        assert_eq!(ses.messages().len(), sent, "{name}");
    }
    shapes.dedup();
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    // A wrong answer and a repeated challenge do not change the table.
    let asked = first(&functions, "bob", 1);
    network.sent();
    ask(&functions, "bob", &[&asked], &Value::Null, 2).unwrap();
    assert!(network.sent().is_empty());
}

#[test]
fn the_metrics_count_messages_that_were_sent_and_users_that_got_none() {
    const SENT: (u64, Option<u64>) = (1, None);
    const ABOVE_THE_LIMIT: (u64, Option<u64>) = (0, Some(1));
    const NO_ADDRESS: (u64, Option<u64>) = (0, None);
    let network = Network::before(&table(), |_| Fate::Passed);
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("EMAIL_CODE:3", &ses, &counted(&network, "1"));
    let unverified = json!({"sub": "s", "cognito:user_status": "CONFIRMED", "email": "eve@example.org",
        "email_verified": "false"});
    for (name, attributes, missing, not_enrolled, expected) in [
        ("ada", ada(), false, 0, [SENT, ABOVE_THE_LIMIT]),
        ("eve", unverified, false, 1, [NO_ADDRESS, ABOVE_THE_LIMIT]),
        ("missing", json!({}), true, 0, [NO_ADDRESS, ABOVE_THE_LIMIT]),
    ] {
        for (round, (sent, limited)) in expected.into_iter().enumerate() {
            let mut event = event("CreateAuthChallenge", &attributes, missing);
            event["userName"] = name.into();
            event["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
            let (asked, lines) = record(&functions.telemetry(), || functions.create_with(event, 1));
            asked.unwrap();
            let [line] = lines.as_slice() else {
                panic!("{name}, round {round}: {lines:?}")
            };
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["NotEnrolled"], not_enrolled, "{name}, round {round}: {line}");
            assert_eq!(line["MessagesSent"], sent, "{name}, round {round}: {line}");
            assert_eq!(
                line.get("MessagesLimited").and_then(Value::as_u64),
                limited,
                "{name}, round {round}: {line}"
            );
        }
    }
}

#[test]
fn a_count_whose_response_is_lost_counts_once_and_sends_once() {
    let table = table();
    let lost = std::sync::atomic::AtomicBool::new(false);
    let network = Network::before(&table, move |operation| {
        let first = operation == "PutItem" && !lost.swap(true, std::sync::atomic::Ordering::Relaxed);
        if first { Fate::ReplyLost } else { Fate::Passed }
    });
    let ses = Service::taking(MAIL_TAKEN);
    let functions = functions("EMAIL_CODE:3", &ses, &counted(&network, "2"));
    for sent in [1, 1, 0] {
        first(&functions, "ada", 1);
        assert_eq!(ses.messages().len(), sent);
    }
}

#[test]
fn without_the_table_no_user_gets_a_message_or_a_challenge() {
    let ses = Service::taking(MAIL_TAKEN);
    let variables = [
        ("ATTEMPTS_TABLE", "attempts"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
        ("MESSAGES_PER_HOUR", "2"),
    ];
    let functions = functions("EMAIL_CODE:3", &ses, &variables);
    for name in ["ada", "missing"] {
        let error = ask(&functions, name, &[], &Value::Null, 1).unwrap_err();
        assert_eq!(
            error,
            "challenge `EMAIL_CODE`: the message could not be counted: GetItem: no response"
        );
    }
    assert!(ses.messages().is_empty());
}

#[test]
fn a_flow_without_messages_does_not_read_their_variables() {
    let unread = [
        ("AUTH_FLOW", "PASSWORD,PROOF_OF_WORK:3,SECURITY_QUESTION:3"),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
        ("CODE_DIGITS", "none"),
        ("MAIL_FROM", "none"),
        ("MAGIC_LINK_URL", "none"),
        ("MAIL_TEMPLATE", "/nowhere"),
        ("MESSAGES_PER_HOUR", "none"),
    ];
    // Without credentials, a client of AWS could not be created.
    let create = create_auth_challenge::Function::configure(&Environment::new(unread), &Issuers::standard());
    assert!(create.is_ok());
}

/// The number of timed sign-ins of each kind.
const TIMED: u64 = 300;

#[test]
fn the_time_does_not_reveal_whether_a_message_was_sent() {
    // The service is mostly fast, sometimes slow, and gets slower over time.
    let asked = std::sync::atomic::AtomicU64::new(0);
    let ses = Service::start(move |_| {
        let number = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let micros = 2_000 + number * 7919 % 3_000 + 4_000 * u64::from(number.is_multiple_of(7)) + number * 5;
        (Duration::from_micros(micros), MAIL_TAKEN)
    });
    let functions = functions("EMAIL_CODE:3", &ses, &[]);
    let unverified = json!({"sub": "s", "cognito:user_status": "CONFIRMED", "email": "ada@example.org",
        "email_verified": "false"});
    let kinds = [(ada(), false), (unverified, false), (json!({}), true)].map(|(attributes, missing)| {
        let mut event = event("CreateAuthChallenge", &attributes, missing);
        event["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
        event
    });
    // The first message opens the connection.
    functions.create(kinds[0].clone()).unwrap();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for seed in 0..TIMED {
        for (event, times) in kinds.iter().zip(&mut times) {
            let started = Instant::now();
            functions.create_with(event.clone(), seed).unwrap();
            times.push(started.elapsed().as_secs_f64());
        }
    }
    assert_eq!(ses.messages().len() as u64, TIMED + 1);
    let [reached, others @ ..] = &times;
    for (kind, other) in ["not enrolled", "nonexistent"].iter().zip(others) {
        let ranks = compare(reached, other);
        let medians = [median(reached), median(other)];
        assert!(ranks.p > 1e-4, "{kind}: {ranks:?}, medians {medians:?}");
    }
}
