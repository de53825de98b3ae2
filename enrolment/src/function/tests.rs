use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use cognito_challenge::challenges::security_question::{ATTRIBUTE, CATALOGUE, Question};
use cognito_challenge::verify::Verdict;
use cognito_challenge_runtime::log::record;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

const POOL: &str = "us-east-1_A";
const NOW: u64 = 1_767_225_600;
const SUB: &str = "8a1f2b3c-0000-4000-8000-00000000abcd";

/// A pool and a table in memory.
#[derive(Clone, Default)]
struct World {
    users: Arc<Mutex<BTreeMap<String, User>>>,
    marks: Arc<Mutex<BTreeMap<String, u64>>>,
    /// The values of the attribute that were written.
    written: Arc<Mutex<Vec<String>>>,
    /// The operations that fail from now on: `find`, `set`, `read`, `replace`.
    failing: Arc<Mutex<Vec<&'static str>>>,
    /// Whether another change is written before each write of a mark.
    overtaken: Arc<Mutex<bool>>,
}

impl World {
    fn with_ada() -> Self {
        let world = Self::default();
        let attributes = [
            ("sub", SUB),
            ("email", "ada.lovelace@example.com"),
            ("email_verified", "true"),
            ("name", "Ada Byron"),
        ];
        let ada = User {
            name: "ada".into(),
            enabled: true,
            status: "CONFIRMED".into(),
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        world.users.lock().unwrap().insert("ada".into(), ada);
        world
    }

    fn change(&self, change: impl FnOnce(&mut User)) {
        change(self.users.lock().unwrap().get_mut("ada").unwrap());
    }

    fn enrolled(&self) -> Enrollment {
        self.users.lock().unwrap()["ada"].enrollment()
    }

    fn fails(&self, what: &[&'static str]) {
        *self.failing.lock().unwrap() = what.to_vec();
    }

    fn failing(&self, what: &str) -> bool {
        self.failing.lock().unwrap().contains(&what)
    }

    fn function(&self) -> Function {
        let mut texts = Texts::standard();
        Mails::add_texts(&mut texts).unwrap();
        Function {
            users: Box::new(self.clone()),
            marks: Box::new(self.clone()),
            keys: keys(),
            pool: POOL.into(),
            clients: vec!["web".into(), "app".into()],
            texts,
            default_locale: "en".into(),
            mails: None,
            page: Some(Page::parse("https://example.com/sign-in").unwrap()),
        }
    }

    /// Returns the status and the body of the reply at `seconds`.
    async fn at(&self, seconds: u64, event: &Value) -> (u16, Value) {
        let now = UNIX_EPOCH + Duration::from_secs(NOW + seconds);
        let mut rng = StdRng::seed_from_u64(seconds);
        let reply = self.function().handle(event.clone(), now, &mut rng).await.unwrap();
        let status = u16::try_from(reply["statusCode"].as_u64().unwrap()).unwrap();
        let kind = if status < 400 {
            "application/json"
        } else {
            "application/problem+json"
        };
        assert_eq!(reply["headers"]["cache-control"], "no-store");
        assert_eq!(reply["isBase64Encoded"], false);
        let Some(body) = reply["body"].as_str() else {
            assert_eq!(status, 204);
            return (status, Value::Null);
        };
        assert_eq!(reply["headers"]["content-type"], kind);
        let body: Value = serde_json::from_str(body).unwrap();
        if status >= 400 {
            assert_eq!(body["status"], status);
            for member in ["title", "detail"] {
                assert!(!body[member].as_str().unwrap().is_empty(), "{body}");
            }
        }
        (status, body)
    }

    async fn now(&self, event: &Value) -> (u16, Value) {
        self.at(0, event).await
    }

    /// Returns the last segment of the problem's type.
    async fn problem(&self, event: &Value) -> (u16, String) {
        self.problem_at(0, event).await
    }

    async fn problem_at(&self, seconds: u64, event: &Value) -> (u16, String) {
        let (status, body) = self.at(seconds, event).await;
        let kind = body["type"].as_str().unwrap_or_default();
        (status, kind.strip_prefix("/problems/").unwrap_or_default().to_owned())
    }
}

#[async_trait]
impl Users for World {
    async fn find(&self, name: &str) -> Result<Option<User>, PoolError> {
        if self.failing("find") {
            return Err(PoolError::new("AdminGetUser", "TooManyRequestsException"));
        }
        Ok(self.users.lock().unwrap().get(name).cloned())
    }

    async fn set(&self, name: &str, enrollment: &str) -> Result<(), PoolError> {
        if self.failing("set") {
            return Err(PoolError::new("AdminUpdateUserAttributes", "InternalErrorException"));
        }
        self.written.lock().unwrap().push(enrollment.to_owned());
        let mut users = self.users.lock().unwrap();
        let user = users.get_mut(name).unwrap();
        user.attributes.insert(ATTRIBUTE.to_owned(), enrollment.to_owned());
        Ok(())
    }
}

#[async_trait]
impl Marks for World {
    async fn read(&self, key: &str) -> Result<Option<u64>, Unreachable> {
        if self.failing("read") {
            return Err(Unreachable {
                what: "GetItem",
                code: "no answer".into(),
            });
        }
        Ok(self.marks.lock().unwrap().get(key).copied())
    }

    async fn replace(&self, key: &str, before: Option<u64>, after: u64, _: u64) -> Result<bool, Unreachable> {
        if self.failing("replace") {
            return Err(Unreachable {
                what: "PutItem",
                code: "no answer".into(),
            });
        }
        let mut marks = self.marks.lock().unwrap();
        if *self.overtaken.lock().unwrap() || marks.get(key).copied() != before {
            return Ok(false);
        }
        marks.insert(key.to_owned(), after);
        Ok(true)
    }
}

fn keys() -> Keys {
    Keys::parse(&"k".repeat(32)).unwrap()
}

/// Returns a request in the form of API Gateway.
fn event(route: &str, headers: &Value, claims: &Value, body: Option<&str>) -> Value {
    let (method, path) = route.split_once(' ').unwrap();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "api", "domainName": "api.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": route, "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64
        },
        "isBase64Encoded": false
    });
    if !claims.is_null() {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    }
    if let Some(body) = body {
        event["body"] = body.into();
    }
    event
}

fn claims(auth_time: u64) -> Value {
    json!({"iss": format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL}"), "token_use": "access",
        "client_id": "web", "username": "ada", "sub": SUB, "auth_time": auth_time.to_string()})
}

const JSON: &str = "application/json";

fn body(answers: &[(&str, &str)]) -> String {
    let answers: Vec<_> = answers
        .iter()
        .map(|(question, answer)| json!({"question": question, "answer": answer}))
        .collect();
    json!({"answers": answers}).to_string()
}

const GOOD: [(&str, &str); 3] = [
    ("first-pet", "Peccy"),
    ("birth-city", "Seattle"),
    ("first-teacher", "Ms Grace"),
];

fn put(body: &str) -> Value {
    event(
        "PUT /enrolment",
        &json!({"content-type": JSON}),
        &claims(NOW),
        Some(body),
    )
}

fn delete() -> Value {
    event("DELETE /enrolment", &json!({}), &claims(NOW), None)
}

fn with_link(route: &str, token: &str, body: Option<&str>) -> Value {
    let headers = json!({"authorization": format!("Link {token}"), "content-type": JSON});
    event(route, &headers, &Value::Null, body)
}

fn token(name: &str, sub: &str, seconds: u64) -> String {
    let now = UNIX_EPOCH + Duration::from_secs(NOW + seconds);
    Link::new(name, sub, now, Duration::from_hours(1)).token(&keys(), POOL)
}

fn verdict(enrolled: &Enrollment, id: &str, answer: &str) -> Option<Verdict> {
    let hash = enrolled.hash(Question::with_id(id).unwrap())?;
    Some(hash.verify(answer, &keys()))
}

#[tokio::test]
async fn answers_are_listed_set_replaced_and_removed_and_never_shown() {
    let world = World::with_ada();
    let get = event("GET /enrolment", &json!({}), &claims(NOW - 3000), None);
    let set = |body: &Value| -> Vec<String> {
        let questions = body["questions"].as_array().unwrap().iter();
        let set = questions.filter(|question| question["set"] == true);
        set.map(|question| question["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (status, listed) = world.now(&get).await;
    assert_eq!((status, set(&listed)), (200, vec![]));
    assert_eq!(listed["questions"].as_array().unwrap().len(), CATALOGUE.len());
    assert_eq!(
        [&listed["fewest"], &listed["shortest"], &listed["longest"]],
        [3, 3, 1024]
    );

    let (status, after) = world.now(&put(&body(&GOOD))).await;
    assert_eq!((status, set(&after).len()), (200, 3));
    let (_, listed) = world.now(&get).await;
    assert_eq!(set(&listed), ["birth-city", "first-pet", "first-teacher"]);
    assert_eq!(verdict(&world.enrolled(), "first-pet", " PECCY"), Some(Verdict::Right));
    for shown in [&after, &listed] {
        let shown = shown.to_string().to_lowercase();
        assert!(!shown.contains("peccy") && !shown.contains("argon2"), "{shown}");
    }

    let other = [
        ("oldest-cousin", "Blaise"),
        ("first-job-city", "Lyon"),
        ("first-pet", "Rex"),
    ];
    assert_eq!(world.now(&put(&body(&other))).await.0, 200);
    assert_eq!(verdict(&world.enrolled(), "birth-city", "Seattle"), None);
    assert_eq!(verdict(&world.enrolled(), "first-pet", "Rex"), Some(Verdict::Right));

    for _ in 0..2 {
        assert_eq!(world.now(&delete()).await, (204, Value::Null));
        assert!(world.enrolled().is_empty());
    }
    // Each change is one write; there was nothing to remove the second time.
    assert_eq!(world.written.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn the_same_answers_again_are_the_same() {
    let world = World::with_ada();
    let replies = [
        world.now(&put(&body(&GOOD))).await,
        world.at(60, &put(&body(&GOOD))).await,
    ];
    assert_eq!(replies[0], replies[1]);
    assert_eq!(verdict(&world.enrolled(), "first-pet", "Peccy"), Some(Verdict::Right));
}

#[tokio::test]
async fn questions_come_in_the_wanted_language() {
    let world = World::with_ada();
    let mut get = event(
        "GET /enrolment",
        &json!({"accept-language": "nl, es-MX;q=0.9, en"}),
        &claims(NOW),
        None,
    );
    assert_eq!(world.now(&get).await.1["locale"], "es");
    get["queryStringParameters"] = json!({"locale": "en-GB"});
    assert_eq!(world.now(&get).await.1["locale"], "en");
    get["queryStringParameters"] = json!({"locale": "no tag"});
    get["headers"] = json!({"accept-language": "*, ,;q=1,xx"});
    world.change(|ada| {
        ada.attributes.insert("locale".into(), "es".into());
    });
    let (_, listed) = world.now(&get).await;
    assert_eq!(listed["locale"], "es");
    assert!(listed["questions"][0]["text"].as_str().unwrap().starts_with('¿'));
}

#[tokio::test]
async fn a_change_needs_a_recent_sign_in_and_a_way_back_is_given() {
    let world = World::with_ada();
    for mut event in [put(&body(&GOOD)), delete()] {
        event["requestContext"]["authorizer"]["jwt"]["claims"] = claims(NOW - 301);
        let (status, problem) = world.now(&event).await;
        assert_eq!((status, &problem["type"]), (403, &json!("/problems/sign-in-too-old")));
        assert_eq!(problem["signIn"], "https://example.com/sign-in");
        assert_eq!(problem["maxAge"], 300);
        event["requestContext"]["authorizer"]["jwt"]["claims"] = claims(NOW - 300);
        assert!(world.now(&event).await.0 < 300);
    }
}

#[tokio::test]
async fn tokens_of_another_kind_client_or_user_change_and_show_nothing() {
    let world = World::with_ada();
    let events = [
        event("GET /enrolment", &json!({}), &claims(NOW), None),
        put(&body(&GOOD)),
        delete(),
    ];
    for (claim, value, status, problem) in [
        ("token_use", json!("id"), 403, "token-not-access"),
        ("client_id", json!("other"), 403, "client-not-listed"),
        (
            "iss",
            json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_B"),
            401,
            "token-missing",
        ),
        ("sub", json!("8a1f2b3c-0000-4000-8000-00000000ffff"), 403, "user-gone"),
        ("username", json!("bob"), 403, "user-gone"),
    ] {
        for event in &events {
            let mut event = event.clone();
            event["requestContext"]["authorizer"]["jwt"]["claims"][claim] = value.clone();
            assert_eq!(world.problem(&event).await, (status, problem.to_owned()), "{claim}");
        }
    }
    for event in &events {
        let mut event = event.clone();
        event["requestContext"]["authorizer"] = Value::Null;
        assert_eq!(world.problem(&event).await, (401, "token-missing".to_owned()));
    }
    world.change(|ada| ada.enabled = false);
    for event in &events {
        assert_eq!(world.problem(event).await, (403, "user-gone".to_owned()));
    }
    assert!(world.written.lock().unwrap().is_empty());
}

#[tokio::test]
async fn answers_that_may_not_be_set_change_nothing_and_say_which_and_why() {
    let world = World::with_ada();
    world.now(&put(&body(&GOOD))).await;
    let before = world.written.lock().unwrap().clone();
    let long = "x1".repeat(513);
    let first = |answer| [("first-pet", answer), GOOD[1], GOOD[2]];
    let many: Vec<_> = (0..200).map(|_| ("first-pet", "Peccy")).collect();
    for (answers, problem, question) in [
        (first(&long[..1025]).to_vec(), "answer-too-long", Some("first-pet")),
        (first(" \u{3000}\t").to_vec(), "answer-too-short", Some("first-pet")),
        (first("").to_vec(), "answer-too-short", Some("first-pet")),
        (first(" SEATTLE ").to_vec(), "answer-twice", Some("birth-city")),
        (
            first("ADA.Lovelace@EXAMPLE.com").to_vec(),
            "answer-known-to-others",
            Some("first-pet"),
        ),
        (first("ada").to_vec(), "answer-known-to-others", Some("first-pet")),
        (
            first("ada  byron").to_vec(),
            "answer-known-to-others",
            Some("first-pet"),
        ),
        (first("qwerty").to_vec(), "answer-too-common", Some("first-pet")),
        (first("Pet").to_vec(), "answer-from-question", Some("first-pet")),
        (
            vec![GOOD[0], GOOD[0], GOOD[1], GOOD[2]],
            "question-twice",
            Some("first-pet"),
        ),
        (
            vec![("no-such", "hunter2"), GOOD[0], GOOD[1], GOOD[2]],
            "question-unknown",
            None,
        ),
        (
            vec![("hunter2", "first-pet"), GOOD[0], GOOD[1]],
            "question-unknown",
            None,
        ),
        (GOOD[..2].to_vec(), "too-few-questions", None),
        (vec![], "too-few-questions", None),
        (many, "too-many-questions", None),
    ] {
        let (status, body) = world.now(&put(&body(&answers))).await;
        assert_eq!(
            (status, &body["type"]),
            (422, &json!(format!("/problems/{problem}"))),
            "{body}"
        );
        assert_eq!(body.get("question").and_then(Value::as_str), question, "{body}");
        let text = body.to_string().to_lowercase();
        for answer in answers
            .iter()
            .map(|(_, answer)| answer.trim().to_lowercase())
            .filter(|answer| answer.len() > 3)
        {
            let of_the_texts = ["first-pet"].contains(&answer.as_str());
            assert!(of_the_texts || !text.contains(&answer), "{text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert_eq!(*world.written.lock().unwrap(), before);
}

#[tokio::test]
async fn all_questions_with_the_longest_answers_can_be_set_and_one_byte_too_many_cannot() {
    let world = World::with_ada();
    // Each letter takes four bytes of UTF-8.
    let letters = ["𐐨", "𐐩", "𐐪", "𐐫", "𐐬", "𐐭", "𐐮", "𐐯"];
    let longest: Vec<String> = letters
        .iter()
        .map(|letter| format!("{}a", letter.repeat(1023)))
        .collect();
    let answers: Vec<_> = CATALOGUE
        .iter()
        .map(|question| question.id)
        .zip(longest.iter().map(String::as_str))
        .collect();
    assert_eq!(world.now(&put(&body(&answers))).await.0, 200);
    let padded = |length: usize| {
        let body = body(&GOOD);
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert_eq!(world.now(&put(&padded(65_536))).await.0, 200);
    for length in [65_537, 1_000_000] {
        assert_eq!(
            world.problem(&put(&padded(length))).await,
            (413, "body-too-large".to_owned())
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_as_described_is_refused() {
    use base64::Engine;
    let world = World::with_ada();
    for (kind, body, problem) in [
        (json!("text/plain"), body(&GOOD), (415, "not-json")),
        (json!("application/jsonp"), body(&GOOD), (415, "not-json")),
        (
            json!("application/x-www-form-urlencoded"),
            "answers=1".into(),
            (415, "not-json"),
        ),
        (Value::Null, body(&GOOD), (415, "not-json")),
        (json!(JSON), String::new(), (400, "wrong-form")),
        (json!(JSON), "null".into(), (400, "wrong-form")),
        (json!(JSON), "hunter2".into(), (400, "wrong-form")),
        (
            json!(JSON),
            r#"{"answers": {"first-pet": "hunter2"}}"#.into(),
            (400, "wrong-form"),
        ),
        (
            json!(JSON),
            r#"{"answers": [], "answers": []}"#.into(),
            (400, "wrong-form"),
        ),
        (
            json!(JSON),
            r#"{"answers": [{"question": "first-pet"}]}"#.into(),
            (400, "wrong-form"),
        ),
        (
            json!(JSON),
            r#"{"answers": [{"question": "first-pet", "answer": 7}]}"#.into(),
            (400, "wrong-form"),
        ),
        (
            json!(JSON),
            r#"{"answers": [{"question": "a", "answer": "b", "answer": "c"}]}"#.into(),
            (400, "wrong-form"),
        ),
        (
            json!(JSON),
            r#"{"answers": [], "user": "bob"}"#.into(),
            (400, "wrong-form"),
        ),
        (json!(JSON), "[".repeat(10_000), (400, "wrong-form")),
    ] {
        let headers = if kind.is_null() {
            json!({})
        } else {
            json!({"content-type": kind})
        };
        let event = event("PUT /enrolment", &headers, &claims(NOW), Some(&body));
        let (status, name) = world.problem(&event).await;
        assert_eq!((status, name.as_str()), problem, "{kind} {body}");
        let (_, shown) = world.now(&event).await;
        assert!(!shown.to_string().contains("hunter2"), "{shown}");
    }
    let mut encoded = put(&base64::engine::general_purpose::STANDARD.encode(body(&GOOD)));
    encoded["headers"]["content-type"] = "Application/JSON; charset=utf-8".into();
    encoded["isBase64Encoded"] = true.into();
    assert_eq!(world.now(&encoded).await.0, 200);
    encoded["body"] = "%%%".into();
    assert_eq!(world.problem(&encoded).await, (400, "wrong-form".to_owned()));
}

#[tokio::test]
async fn a_link_sets_the_first_answers_once() {
    let world = World::with_ada();
    let token = token("ada", SUB, 0);
    let (status, listed) = world.at(10, &with_link("GET /enrolment/link", &token, None)).await;
    assert_eq!(status, 200, "{listed}");
    let put = with_link("PUT /enrolment/link", &token, Some(&body(&GOOD)));
    // A rejected request does not spend the link.
    let few = with_link("PUT /enrolment/link", &token, Some(&body(&GOOD[..2])));
    assert_eq!(world.problem_at(10, &few).await, (422, "too-few-questions".to_owned()));
    assert_eq!(world.at(20, &put).await.0, 200);
    assert_eq!(verdict(&world.enrolled(), "first-pet", "Peccy"), Some(Verdict::Right));
    let used = (403, "link-used".to_owned());
    for event in [&put, &with_link("GET /enrolment/link", &token, None)] {
        assert_eq!(world.problem_at(30, event).await, used);
        assert_eq!(world.at(30, event).await.1["signIn"], "https://example.com/sign-in");
    }
    // The link stays void after an administrator has removed the answers.
    world.change(|ada| {
        ada.attributes.remove(ATTRIBUTE);
    });
    for event in [&put, &with_link("GET /enrolment/link", &token, None)] {
        assert_eq!(world.problem_at(40, event).await, used);
    }
    // A new link is valid.
    let again = with_link("PUT /enrolment/link", &self::token("ada", SUB, 50), Some(&body(&GOOD)));
    assert_eq!(world.at(60, &again).await.0, 200);
}

#[tokio::test]
async fn a_link_is_void_after_answers_were_set_in_another_way_also_if_they_were_removed_since() {
    let world = World::with_ada();
    let token = token("ada", SUB, 0);
    let event = with_link("PUT /enrolment/link", &token, Some(&body(&GOOD)));
    world.at(10, &put(&body(&GOOD))).await;
    assert_eq!(world.problem_at(20, &event).await, (403, "link-used".to_owned()));
    world.at(30, &delete()).await;
    assert!(world.enrolled().is_empty());
    assert_eq!(world.problem_at(40, &event).await, (403, "link-used".to_owned()));
    assert_eq!(world.written.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn of_two_requests_with_a_link_at_once_one_is_refused() {
    let world = World::with_ada();
    let event = with_link("PUT /enrolment/link", &token("ada", SUB, 0), Some(&body(&GOOD)));
    *world.overtaken.lock().unwrap() = true;
    assert_eq!(world.problem_at(1, &event).await, (403, "link-used".to_owned()));
    assert!(world.written.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_link_that_is_late_altered_or_of_another_user_pool_or_scheme_sets_nothing() {
    let world = World::with_ada();
    let good = token("ada", SUB, 0);
    let week = Duration::from_hours(1);
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let of_pool = Link::new("ada", SUB, now, week).token(&keys(), "us-east-1_B");
    let of_keys = Link::new("ada", SUB, now, week).token(&Keys::parse(&"x".repeat(32)).unwrap(), POOL);
    for (token, seconds, problem) in [
        (good.as_str(), 3600, "link-expired"),
        (&good[1..], 0, "link-invalid"),
        (&good.to_lowercase(), 0, "link-invalid"),
        (&format!("{good}A"), 0, "link-invalid"),
        ("", 0, "link-invalid"),
        (&of_pool, 0, "link-invalid"),
        (&of_keys, 0, "link-invalid"),
        (&token("bob", SUB, 0), 0, "user-gone"),
        // A deleted user had the same username.
        (&token("ada", "8a1f2b3c-0000-4000-8000-00000000ffff", 0), 0, "user-gone"),
    ] {
        for route in ["GET /enrolment/link", "PUT /enrolment/link"] {
            let event = with_link(route, token, Some(&body(&GOOD)));
            assert_eq!(
                world.problem_at(seconds, &event).await,
                (403, problem.to_owned()),
                "{token}"
            );
        }
    }
    for authorization in [json!(good), json!(format!("Bearer {good}")), Value::Null] {
        let mut event = with_link("PUT /enrolment/link", &good, Some(&body(&GOOD)));
        event["headers"] = json!({"content-type": JSON});
        if !authorization.is_null() {
            event["headers"]["authorization"] = authorization;
        }
        assert_eq!(world.problem(&event).await, (403, "link-invalid".to_owned()));
    }
    // A link is not a token of a sign-in.
    let mut event = put(&body(&GOOD));
    event["requestContext"]["authorizer"] = Value::Null;
    event["headers"]["authorization"] = format!("Link {good}").into();
    assert_eq!(world.problem(&event).await, (401, "token-missing".to_owned()));
    world.change(|ada| ada.enabled = false);
    let event = with_link("PUT /enrolment/link", &good, Some(&body(&GOOD)));
    assert_eq!(world.problem(&event).await, (403, "user-gone".to_owned()));
    assert!(world.written.lock().unwrap().is_empty());
}

#[tokio::test]
async fn if_a_service_fails_nothing_is_changed_and_the_link_is_still_good() {
    let world = World::with_ada();
    let token = token("ada", SUB, 0);
    let by_link = with_link("PUT /enrolment/link", &token, Some(&body(&GOOD)));
    for what in ["find", "set", "read", "replace"] {
        world.fails(&[what]);
        for event in [&put(&body(&GOOD)), &by_link] {
            assert_eq!(
                world.problem_at(10, event).await,
                (503, "unavailable".to_owned()),
                "{what}"
            );
            assert!(world.enrolled().is_empty());
        }
    }
    world.fails(&[]);
    assert_eq!(world.at(20, &by_link).await.0, 200);
}

#[tokio::test]
async fn a_removal_that_fails_leaves_the_answers() {
    let world = World::with_ada();
    world.now(&put(&body(&GOOD))).await;
    for what in ["find", "set", "read", "replace"] {
        world.fails(&[what]);
        assert_eq!(world.problem_at(10, &delete()).await.0, 503);
        assert_eq!(verdict(&world.enrolled(), "first-pet", "Peccy"), Some(Verdict::Right));
    }
}

#[tokio::test]
async fn without_mails_no_link_can_be_asked_for_by_anybody() {
    let world = World::with_ada();
    for name in ["ada", "nobody"] {
        let body = json!({"username": name}).to_string();
        let event = event(LINKS, &json!({"content-type": JSON}), &Value::Null, Some(&body));
        assert_eq!(world.problem(&event).await, (404, "links-not-mailed".to_owned()));
    }
}

#[tokio::test]
async fn other_routes_and_other_events_are_refused() {
    let world = World::with_ada();
    for route in [
        "POST /enrolment",
        "PATCH /enrolment",
        "GET /",
        "GET /enrolment/links",
        "$default x",
    ] {
        assert_eq!(
            world.problem(&event(route, &json!({}), &claims(NOW), None)).await.0,
            404,
            "{route}"
        );
    }
    let (function, mut rng) = (world.function(), StdRng::seed_from_u64(1));
    for event in [
        json!(null),
        json!({}),
        json!({"triggerSource": "DefineAuthChallenge_Authentication"}),
    ] {
        let handled = function.handle(event, UNIX_EPOCH, &mut rng).await;
        assert_eq!(handled, Err(EventError));
    }
}

#[test]
fn a_change_is_one_line_of_the_log_with_a_metric_and_without_names_and_answers() {
    // With one subscriber, `tracing` asks the first thread that reaches an event. Threads of the other tests have no
    // subscriber.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = World::with_ada();
    let token = token("ada", SUB, 0);
    let few = put(&body(&GOOD[..2]));
    let by_link = with_link("PUT /enrolment/link", &token, Some(&body(&GOOD)));
    for (seconds, event, metric, decision) in [
        (1, &few, "EnrolmentsRefused", "refuse"),
        (2, &by_link, "AnswersSet", "set"),
        (3, &by_link, "EnrolmentsRefused", "refuse"),
        (4, &put(&body(&GOOD)), "AnswersSet", "set"),
        (5, &delete(), "AnswersRemoved", "remove"),
    ] {
        let ((), lines) = record(&[&TELEMETRY], || {
            runtime.block_on(async {
                world.at(seconds, event).await;
            });
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(
            (&line[metric], &line["decision"]),
            (&json!(1), &json!(decision)),
            "{line}"
        );
        let text = lines[0].to_lowercase();
        for hidden in [
            "peccy",
            "seattle",
            "lovelace",
            "byron",
            SUB,
            "\"ada\"",
            &token.to_lowercase(),
        ] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
}

#[test]
fn a_variable_that_is_missing_or_wrong_stops_the_function_with_what_would_have_been_right() {
    let good: HashMap<&str, &str> = [
        ("ATTEMPTS_TABLE", "attempts"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("CHALLENGE_SECRET", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"),
        ("ENROLMENT_CLIENTS", "web, app"),
        ("ENROLMENT_URL", "https://example.com/sign-in"),
        ("MAIL_FROM", "sign-in@example.com"),
        ("USER_POOL_ID", POOL),
    ]
    .into();
    let configure = |name: &'static str, value: Option<&'static str>| {
        let mut variables = good.clone();
        variables.remove(name);
        variables.extend(value.map(|value| (name, value)));
        Function::configure(&Environment::new(variables))
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(configure("NONE", None), None);
    for optional in ["ENROLMENT_URL", "MAIL_FROM"] {
        assert_eq!(configure(optional, None), None);
    }
    for required in [
        "ATTEMPTS_TABLE",
        "CHALLENGE_SECRET",
        "ENROLMENT_CLIENTS",
        "USER_POOL_ID",
    ] {
        let error = configure(required, None).unwrap();
        assert_eq!(
            error,
            format!("variable `{required}` is missing: template.yaml sets it")
        );
    }
    for (name, value, right) in [
        (
            "ENROLMENT_CLIENTS",
            "web,,app",
            "write ids of app clients, separated by commas",
        ),
        (
            "ENROLMENT_CLIENTS",
            "w eb",
            "write ids of app clients, separated by commas",
        ),
        (
            "ENROLMENT_URL",
            "http://example.com",
            "such as `https://example.com/sign-in`",
        ),
        ("ENROLMENT_NOTICES", "off", "write `Enabled` or `Disabled`"),
        ("MAIL_FROM", "Ada <ada@example.com>", "write an address alone"),
        ("DEFAULT_LOCALE", "xx", "unknown language `xx`; known: en, "),
    ] {
        let error = configure(name, Some(value)).unwrap();
        assert!(error.contains(name) && error.contains(right), "{error}");
    }
}
