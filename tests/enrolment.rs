//! Tests the enrollment over HTTP: mails with links and notices, and the information that a request for a link reveals.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::ranks::{compare, median};
use cognito_challenge::challenges::security_question::{ATTRIBUTE, Enrollment, Link};
use cognito_challenge::keys::Keys;
use cognito_challenge_runtime::Environment;
use cognito_challenge_testkit::functions::{NOW_SECONDS, now};
use enrolment::Function;
use loop_tests::dynamodb::{Fate, Network, table};
use loop_tests::functions::{ANSWERS, SECRET};
use loop_tests::local::{Client, Local};
use loop_tests::script::right_answer;
use loop_tests::services::{MAIL_TAKEN, Received, Reply, Service};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const POOL: &str = "us-east-1_LocalPool";

/// Cognito's response for a user who may get a link.
const ADA: &str = r#"{"Username":"ada","Enabled":true,"UserStatus":"CONFIRMED","UserAttributes":[
    {"Name":"sub","Value":"8a1f2b3c-0000-4000-8000-000000000001"},{"Name":"email","Value":"ada@example.org"},
    {"Name":"email_verified","Value":"true"}]}"#;

/// Cognito's response for a user without a verified address.
const BOB: &str = r#"{"Username":"bob","Enabled":true,"UserStatus":"CONFIRMED","UserAttributes":[
    {"Name":"sub","Value":"8a1f2b3c-0000-4000-8000-000000000002"},{"Name":"email","Value":"bob@example.org"},
    {"Name":"email_verified","Value":"false"}]}"#;

/// Cognito's response for a user who has answers.
static EVE: LazyLock<String> = LazyLock::new(|| {
    let answers = [
        ("first-pet", "Peccy"),
        ("birth-city", "Seattle"),
        ("first-teacher", "Ms Grace"),
    ];
    let enrolled = Enrollment::new(answers, &Keys::parse(SECRET).unwrap(), || [7; 16]).unwrap();
    let attributes = [
        ("sub", "8a1f2b3c-0000-4000-8000-000000000003"),
        ("email", "eve@example.org"),
        ("email_verified", "true"),
        (ATTRIBUTE, &enrolled.to_attribute()),
    ];
    let attributes = attributes.map(|(name, value)| json!({"Name": name, "Value": value}));
    json!({"Username": "eve", "Enabled": true, "UserStatus": "CONFIRMED", "UserAttributes": attributes}).to_string()
});

/// Cognito's response for a disabled user.
const DAN: &str = r#"{"Username":"dan","Enabled":false,"UserStatus":"CONFIRMED","UserAttributes":[
    {"Name":"sub","Value":"8a1f2b3c-0000-4000-8000-000000000004"},{"Name":"email","Value":"dan@example.org"},
    {"Name":"email_verified","Value":"true"}]}"#;

/// Cognito's response for a user who has signed up and has not confirmed the address.
const UMA: &str = r#"{"Username":"uma","Enabled":true,"UserStatus":"UNCONFIRMED","UserAttributes":[
    {"Name":"sub","Value":"8a1f2b3c-0000-4000-8000-000000000005"},{"Name":"email","Value":"uma@example.org"},
    {"Name":"email_verified","Value":"true"}]}"#;

const JSON: &str = "application/x-amz-json-1.1";

/// Returns Cognito's response, or `None` if the request is not for Cognito.
fn cognito(received: &Received) -> Option<Reply> {
    let operation = received.header("x-amz-target").rsplit('.').next()?;
    match operation {
        "AdminGetUser" => {
            let users: [(_, &'static str); 5] = [("ada", ADA), ("bob", BOB), ("eve", &EVE), ("dan", DAN), ("uma", UMA)];
            let asked: Value = serde_json::from_str(&received.body).ok()?;
            let user = users.into_iter().find(|(name, _)| asked["Username"] == *name);
            Some(user.map_or(
                (
                    400,
                    JSON,
                    r#"{"__type":"UserNotFoundException","message":"User does not exist."}"#,
                ),
                |(_, user)| (200, JSON, user),
            ))
        }
        "AdminUpdateUserAttributes" => Some((200, JSON, "{}")),
        _ => None,
    }
}

struct World {
    function: Function,
    runtime: Runtime,
}

impl World {
    fn new(service: &Service, variables: &[(&str, &str)]) -> Self {
        let own = [
            ("ATTEMPTS_TABLE", "attempts"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &service.endpoint),
            ("AWS_ENDPOINT_URL_SESV2", &service.endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("CHALLENGE_SECRET", SECRET),
            ("ENROLMENT_CLIENTS", "web"),
            ("ENROLMENT_URL", "https://example.com/sign-in"),
            ("MAIL_FROM", "sign-in@example.com"),
            ("MESSAGES_PER_HOUR", "unlimited"),
            ("USER_POOL_ID", POOL),
        ];
        let environment = Environment::new(own.into_iter().chain(variables.iter().copied()));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        Self {
            function: Function::configure(&environment).unwrap(),
            runtime: runtime.enable_all().build().unwrap(),
        }
    }

    fn answer(&self, event: Value, seed: u64) -> Value {
        let mut rng = StdRng::seed_from_u64(seed);
        self.runtime
            .block_on(self.function.handle(event, now(), &mut rng))
            .unwrap()
    }

    /// Returns the response to a request for a link.
    fn ask(&self, name: &str, seed: u64) -> Value {
        self.answer(
            event("POST /enrolment/links", &json!({"username": name}), &Value::Null),
            seed,
        )
    }

    /// Sets answers and returns the status of the response.
    fn set(&self) -> u64 {
        let answers = [
            ("first-pet", "Peccy"),
            ("birth-city", "Seattle"),
            ("first-teacher", "Ms Grace"),
        ];
        let answers = answers.map(|(question, answer)| json!({"question": question, "answer": answer}));
        let claims = json!({"iss": format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL}"), "client_id": "web",
            "token_use": "access", "username": "ada", "sub": "8a1f2b3c-0000-4000-8000-000000000001",
            "auth_time": NOW_SECONDS.to_string()});
        self.answer(event("PUT /enrolment", &json!({"answers": answers}), &claims), 1)["statusCode"]
            .as_u64()
            .unwrap()
    }
}

fn event(route: &str, body: &Value, claims: &Value) -> Value {
    let (method, path) = route.split_once(' ').unwrap();
    json!({"version": "2.0", "routeKey": route, "rawPath": path, "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": method, "path": path}, "authorizer": {"jwt": {"claims": claims}}},
        "body": body.to_string(), "isBase64Encoded": false})
}

/// Starts Cognito and SES at one address. They accept everything at once.
fn services() -> Service {
    Service::start(|received| (Duration::ZERO, cognito(received).unwrap_or(MAIL_TAKEN)))
}

/// Returns the recipient, subject and text of a mail.
fn mail(received: &Received) -> [String; 3] {
    let mail: Value = serde_json::from_str(&received.body).unwrap();
    let simple = &mail["Content"]["Simple"];
    [
        &mail["Destination"]["ToAddresses"][0],
        &simple["Subject"]["Data"],
        &simple["Body"]["Text"]["Data"],
    ]
    .map(|text| text.as_str().unwrap().to_owned())
}

#[test]
fn only_a_user_without_answers_gets_a_link_and_all_responses_are_the_same() {
    let service = services();
    let world = World::new(&service, &[]);
    let mut replies = Vec::new();
    for (name, mailed) in [
        ("ada", true),
        ("bob", false),
        ("eve", false),
        ("dan", false),
        ("uma", false),
        ("missing", false),
    ] {
        replies.push(world.ask(name, 1));
        let messages = service.messages();
        assert_eq!(messages.len(), usize::from(mailed), "{name}");
        for message in messages {
            let [to, subject, text] = mail(&message);
            assert_eq!(
                (to.as_str(), subject.as_str()),
                ("ada@example.org", "Set your security questions for your account")
            );
            let (_, link) = text.split_once("https://example.com/sign-in#enrol=").unwrap();
            let token = link.lines().next().unwrap();
            let link = Link::parse(token, &Keys::parse(SECRET).unwrap(), POOL, now()).unwrap();
            assert_eq!(
                (link.username(), link.sub()),
                ("ada", "8a1f2b3c-0000-4000-8000-000000000001")
            );
        }
    }
    assert_eq!(replies[0]["statusCode"], 202);
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:?}");
}

#[test]
fn every_name_has_the_same_limit_with_the_same_response_above_it() {
    let table = table();
    let network = Network::before(&table, |_| Fate::Passed);
    let service = services();
    let variables = [
        ("AWS_ENDPOINT_URL_DYNAMODB", network.endpoint.as_str()),
        ("MESSAGES_PER_HOUR", "2"),
    ];
    let world = World::new(&service, &variables);
    let mut replies = Vec::new();
    for (name, sent) in [("ada", 2), ("eve", 0), ("missing", 0)] {
        for seed in 1..=4 {
            replies.push(world.ask(name, seed));
            let operations: Vec<_> = network.sent().into_iter().map(|(operation, _)| operation).collect();
            assert_eq!(operations, ["GetItem", "PutItem"], "{name}");
        }
        assert_eq!(service.messages().len(), sent, "{name}");
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:?}");
    // Links do not count toward the limit of notices.
    assert_eq!(world.set(), 200);
    assert_eq!(service.messages().len(), 1);
}

#[test]
fn the_response_to_a_request_for_a_link_hides_a_failing_service() {
    let service = Service::start(|received| {
        let refused = (500, "application/json", r#"{"__type":"InternalFailure"}"#);
        (Duration::ZERO, cognito(received).unwrap_or(refused))
    });
    let world = World::new(&service, &[]);
    for name in ["ada", "eve", "missing", "ada", "missing"] {
        assert_eq!(world.ask(name, 1)["statusCode"], 202, "{name}");
    }
    // Without Cognito or the table, all names get the same error.
    let world = World::new(
        &services(),
        &[("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://127.0.0.1:1")],
    );
    for name in ["ada", "missing"] {
        assert_eq!(world.ask(name, 1)["statusCode"], 503, "{name}");
    }
}

#[test]
fn an_invalid_name_is_rejected() {
    let world = World::new(&services(), &[]);
    for name in ["", "  ", "a\nb", &"x".repeat(129)] {
        assert_eq!(world.ask(name, 1)["statusCode"], 400, "{name}");
    }
    for body in [
        json!({}),
        json!({"username": 1}),
        json!({"username": "ada", "email": "eve@example.org"}),
        json!([]),
    ] {
        let reply = world.answer(event("POST /enrolment/links", &body, &Value::Null), 1);
        assert_eq!(reply["statusCode"], 400, "{body}");
    }
}

#[test]
fn users_are_notified_of_a_change_unless_notices_are_disabled() {
    let table = table();
    let network = Network::before(&table, |_| Fate::Passed);
    let service = services();
    let dynamodb = ("AWS_ENDPOINT_URL_DYNAMODB", network.endpoint.as_str());
    let world = World::new(&service, &[dynamodb, ("PRODUCT_NAME", "Peccy & Co.")]);
    assert_eq!(world.set(), 200);
    let [to, subject, text] = mail(&service.messages()[0]);
    assert_eq!(to, "ada@example.org");
    assert_eq!(subject, "Your security questions for Peccy & Co. were changed");
    for hidden in ["Seattle", "Ms Grace", "first-pet", "http"] {
        assert!(!text.contains(hidden), "{text}");
    }
    let world = World::new(&service, &[dynamodb, ("ENROLMENT_NOTICES", "Disabled")]);
    assert_eq!(world.set(), 200);
    assert!(service.messages().is_empty());
}

#[test]
fn a_change_succeeds_even_if_the_notice_cannot_be_sent() {
    let table = table();
    let network = Network::before(&table, |_| Fate::Passed);
    let service = Service::start(|received| {
        let refused = (400, "application/json", r#"{"__type":"MessageRejected"}"#);
        (Duration::ZERO, cognito(received).unwrap_or(refused))
    });
    let world = World::new(&service, &[("AWS_ENDPOINT_URL_DYNAMODB", network.endpoint.as_str())]);
    assert_eq!(world.set(), 200);
}

/// The number of timed requests of each kind.
const TIMED: u64 = 300;

#[test]
fn the_time_does_not_reveal_who_got_a_link() {
    // The service is mostly fast, sometimes slow, and gets slower over time.
    let asked = AtomicU64::new(0);
    let service = Service::start(move |received| match cognito(received) {
        Some(reply) => (Duration::ZERO, reply),
        None => {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            let micros = 2_000 + number * 7919 % 3_000 + 4_000 * u64::from(number.is_multiple_of(7)) + number * 5;
            (Duration::from_micros(micros), MAIL_TAKEN)
        }
    });
    let world = World::new(&service, &[]);
    // The first message opens the connection.
    world.ask("ada", 0);
    let names = ["ada", "missing", "eve", "bob"];
    let mut times = [const { Vec::new() }; 4];
    for seed in 0..TIMED {
        for (name, times) in names.iter().zip(&mut times) {
            let started = Instant::now();
            world.ask(name, seed);
            times.push(started.elapsed().as_secs_f64());
        }
    }
    assert_eq!(service.messages().len() as u64, TIMED + 1);
    let [reached, others @ ..] = &times;
    for (kind, other) in ["nonexistent", "enrolled", "without a verified address"]
        .iter()
        .zip(others)
    {
        let ranks = compare(reached, other);
        let medians = [median(reached), median(other)];
        println!("{kind}: {ranks:?}, medians {medians:?}");
        assert!(ranks.p > 1e-4, "{kind}: {ranks:?}, medians {medians:?}");
    }
}

/// A `local` that sends mails, and the address of its HTTP API.
struct Deployed {
    local: Local,
    api: String,
}

impl Deployed {
    fn start() -> Self {
        let args = [
            "--flow",
            "CAPTCHA:3,SECURITY_QUESTION:3",
            "--parameter",
            "MailFrom=sign-in@example.com",
        ];
        let local = Local::start(&args);
        let config = Local::get(&format!("{}/page/config.json", local.endpoint)).unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        Self {
            api: config["enrolment"].as_str().unwrap().to_owned(),
            local,
        }
    }

    /// Creates a user in the role of an administrator.
    fn make(&self, user: &str) {
        let attributes = json!([{"Name": "email", "Value": format!("{user}@example.com")},
            {"Name": "email_verified", "Value": "true"}]);
        let created = json!({"Username": user, "MessageAction": "SUPPRESS", "UserAttributes": attributes});
        self.local.admin("AdminCreateUser", &created);
        let password = json!({"Username": user, "Password": "Passw0rd!demo", "Permanent": true});
        self.local.admin("AdminSetUserPassword", &password);
    }

    /// Returns the status and the body of the response.
    fn call(&self, route: &str, authorization: &str, body: &Value) -> (u16, Value) {
        let (method, path) = route.split_once(' ').unwrap();
        Local::send(method, &format!("{}{path}", self.api), authorization, body)
    }

    /// Returns subject and text of the sent mails, newest first.
    fn outbox(&self) -> Vec<(String, String)> {
        let kept = Local::get(&format!("{}/debug/outbox", self.local.endpoint)).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        let text = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let messages = kept["messages"].as_array().unwrap().iter();
        messages
            .map(|message| (text(message, "subject"), text(message, "text")))
            .collect()
    }

    /// Signs in and returns the tokens, if the test's answers are right.
    fn sign_in(&self, user: &str) -> Option<Value> {
        let client = Client::new(&self.local);
        let asked = client.start(user).unwrap();
        let picture = right_answer(&asked["ChallengeParameters"], &client.private_parameters(&asked));
        let asked = client.answer(user, &asked, &picture, &Value::Null).unwrap();
        let id = asked["ChallengeParameters"]["questionId"].as_str().unwrap();
        let answer = ANSWERS
            .iter()
            .find(|(question, _)| *question == id)
            .map_or("?", |(_, answer)| answer);
        let answered = client.answer(user, &asked, answer, &Value::Null).unwrap();
        answered.get("AuthenticationResult").cloned()
    }
}

fn own_answers() -> Value {
    let answers = ANSWERS.map(|(question, answer)| json!({"question": question, "answer": answer}));
    json!({"answers": answers})
}

fn bearer(tokens: &Value, kind: &str) -> String {
    format!("Bearer {}", tokens[kind].as_str().unwrap())
}

#[test]
fn a_user_created_by_an_administrator_enrolls_with_a_mailed_link_and_signs_in() {
    let deployed = Deployed::start();
    deployed.make("late");
    assert_eq!(deployed.sign_in("late"), None);
    let ask = || deployed.call("POST /enrolment/links", "", &json!({"username": "LATE@example.com"}));
    let (status, reply) = ask();
    assert_eq!(status, 202, "{reply}");
    let (subject, text) = deployed.outbox().remove(0);
    assert_eq!(subject, "Set your security questions for your account");
    let (page, link) = text.split_once("#enrol=").unwrap();
    assert!(page.ends_with(&format!("{}/", deployed.local.endpoint)), "{page}");
    let link = format!("Link {}", link.split_whitespace().next().unwrap());

    assert_eq!(deployed.call("GET /enrolment/link", &link, &Value::Null).0, 200);
    let (status, reply) = deployed.call("PUT /enrolment/link", &link, &own_answers());
    assert_eq!(status, 200, "{reply}");
    assert_eq!(
        deployed.outbox().remove(0).0,
        "Your security questions for your account were changed"
    );
    let (status, reply) = deployed.call("PUT /enrolment/link", &link, &own_answers());
    assert_eq!((status, &reply["type"]), (403, &json!("/problems/link-used")));
    // A user with answers gets no further link.
    let mails = deployed.outbox().len();
    assert_eq!(ask().0, 202);
    assert_eq!(deployed.outbox().len(), mails);

    let tokens = deployed.sign_in("late").expect("the answers are right");
    let token = bearer(&tokens, "AccessToken");
    let (status, reply) = deployed.call("PUT /enrolment", &token, &own_answers());
    assert_eq!(status, 200, "{reply}");
    assert!(deployed.sign_in("late").is_some());
    assert_eq!(deployed.call("DELETE /enrolment", &token, &Value::Null).0, 204);
    assert_eq!(deployed.sign_in("late"), None);
}

#[test]
fn only_an_access_token_of_the_app_client_sets_answers() {
    let deployed = Deployed::start();
    deployed.make("late");
    let lines: String = ANSWERS
        .iter()
        .map(|(question, answer)| format!("{question}={answer}\n"))
        .collect();
    let enroll = ["enroll", "--stdin", "--username", "late"];
    assert_eq!(deployed.local.admin_questions(&enroll, &lines).0, Some(0));
    let tokens = deployed.sign_in("late").unwrap();
    // A token of another pool, which signs with the same keys.
    let flows = ["ALLOW_USER_PASSWORD_AUTH"];
    let other = Client::of_new_pool(&deployed.local, &flows, "late", "Passw0rd!demo");
    let parameters = json!({"USERNAME": "late", "PASSWORD": "Passw0rd!demo"});
    let foreign = other.initiate("USER_PASSWORD_AUTH", &parameters).unwrap()["AuthenticationResult"].clone();
    // A token of another app client of the same pool.
    let client =
        json!({"UserPoolId": POOL, "ClientName": "other", "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]});
    let client = deployed.local.admin("CreateUserPoolClient", &client)["UserPoolClient"]["ClientId"].clone();
    let elsewhere = json!({"ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters});
    let elsewhere = deployed.local.admin("AdminInitiateAuth", &elsewhere)["AuthenticationResult"].clone();

    let access = bearer(&tokens, "AccessToken");
    let altered = |at: usize| {
        let mut token = access.clone().into_bytes();
        token[at] ^= 1;
        String::from_utf8(token).unwrap()
    };
    let unauthorized = json!({"message": "Unauthorized"});
    let refused = [
        ("no token", String::new(), None),
        ("an ID token", bearer(&tokens, "IdToken"), Some("token-not-access")),
        ("a refresh token", bearer(&tokens, "RefreshToken"), None),
        ("of another pool", bearer(&foreign, "AccessToken"), None),
        ("an ID token of another pool", bearer(&foreign, "IdToken"), None),
        ("of another client", bearer(&elsewhere, "AccessToken"), None),
        ("an ID token of another client", bearer(&elsewhere, "IdToken"), None),
        ("a bit of the header", altered(20), None),
        ("a bit of the claims", altered(access.len() / 2), None),
        ("a bit of the signature", altered(access.len() - 40), None),
        ("a link", access.replace("Bearer", "Link"), None),
    ];
    for (what, authorization, problem) in &refused {
        for route in ["GET /enrolment", "PUT /enrolment", "DELETE /enrolment"] {
            let body = if route.starts_with("PUT") {
                own_answers()
            } else {
                Value::Null
            };
            let (status, reply) = deployed.call(route, authorization, &body);
            match problem {
                Some(problem) => {
                    let kind = format!("/problems/{problem}");
                    assert_eq!((status, &reply["type"]), (403, &json!(kind)), "{what} {route}");
                }
                None => assert_eq!((status, &reply), (401, &unauthorized), "{what} {route}"),
            }
        }
    }
    let (status, reply) = deployed.call("GET /enrolment", &access, &Value::Null);
    let set = reply["questions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|question| question["set"] == true);
    assert_eq!((status, set.count()), (200, 3), "{reply}");
    // Cognito signs the user out, and API Gateway does not know.
    let token = json!({"AccessToken": tokens["AccessToken"]});
    Client::new(&deployed.local).call("GlobalSignOut", &token).unwrap();
    assert_eq!(deployed.call("GET /enrolment", &access, &Value::Null).0, 200);
}

#[test]
fn a_link_from_admin_is_valid_until_other_answers_are_set() {
    let deployed = Deployed::start();
    deployed.make("late");
    let invite = [
        "invite",
        "--json",
        "--username",
        "late",
        "--page",
        "https://example.com/in",
    ];
    let (code, printed) = deployed.local.admin_questions(&invite, "");
    assert_eq!(code, Some(0), "{printed}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let link = printed["link"].as_str().unwrap();
    let token = link.strip_prefix("https://example.com/in#enrol=").unwrap();
    let link = format!("Link {token}");
    assert_eq!(deployed.call("GET /enrolment/link", &link, &Value::Null).0, 200);
    let lines: String = ANSWERS
        .iter()
        .map(|(question, answer)| format!("{question}={answer}\n"))
        .collect();
    let enroll = ["enroll", "--stdin", "--username", "late"];
    assert_eq!(deployed.local.admin_questions(&enroll, &lines).0, Some(0));
    let (status, reply) = deployed.call("PUT /enrolment/link", &link, &own_answers());
    assert_eq!((status, &reply["type"]), (403, &json!("/problems/link-used")));
    let (code, printed) = deployed.local.admin_questions(&invite, "");
    assert_eq!(code, Some(2), "{printed}");
}
