use std::net::TcpListener;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use cognito_challenge::code::digits;
use cognito_challenge::issue::Issued;
use serde_json::json;
use tokio::time::Instant;

use super::*;

/// A type whose state counts the challenges of the step.
struct Counting;

#[async_trait]
impl Issuer for Counting {
    async fn issue(&self, request: &Request<'_>, _: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let times = request.state.map_or(1, |state| state[0] + 1);
        Ok(Issued::new().public("times", times.to_string()).state([times]))
    }

    fn leaves_state(&self) -> bool {
        true
    }

    fn telemetry(&self) -> &'static Telemetry {
        &TELEMETRY
    }
}

static TELEMETRY: Telemetry = Telemetry {
    krate: "counting",
    fields: &["mood"],
    metrics: &[],
};

/// A type whose behavior depends on the client metadata `do`.
struct Moody;

#[async_trait]
impl Issuer for Moody {
    async fn issue(&self, request: &Request<'_>, _: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        match request.client_metadata.get("do").map(String::as_str) {
            Some("hang") => std::future::pending().await,
            Some("leave") => Ok(Issued::new().state([1])),
            Some(name @ ("step" | "alternatives")) => {
                let name = if name == "step" { "step" } else { "alternatives" };
                Ok(Issued::new().public(name, "x"))
            }
            Some("challenge") => Ok(Issued::new().private("challenge", "OTHER")),
            _ => Ok(Issued::new()),
        }
    }
}

/// A type with one public and one private parameter. `ONE` and `LIKE_ONE` share the private one.
struct Plain(&'static str);

#[async_trait]
impl Issuer for Plain {
    async fn issue(&self, request: &Request<'_>, _: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        if request.client_metadata.get("broken").is_some_and(|name| name == self.0) {
            return Err(IssueError::new("out of order"));
        }
        let private = if self.0 == "two" { "other" } else { "code" };
        Ok(Issued::new().public(self.0, "shown").private(private, "hidden"))
    }
}

fn configure(flow: &str, locale: &str) -> Result<Function, ConfigError> {
    let issuers = Issuers::none()
        .with("COUNTING", |_| Ok(Box::new(Counting)))
        .with("MOODY", |_| Ok(Box::new(Moody)))
        .with("ONE", |_| Ok(Box::new(Plain("one"))))
        .with("TWO", |_| Ok(Box::new(Plain("two"))))
        .with("LIKE_ONE", |_| Ok(Box::new(Plain("three"))))
        .language("nl", r#"{"CAPTCHA.alt": "Beeld"}"#);
    let variables = [
        ("AUTH_FLOW", flow),
        ("CHALLENGE_SECRET", "at least thirty-two bytes of secret"),
        ("DEFAULT_LOCALE", locale),
    ];
    Function::configure(&Environment::new(variables), &issuers)
}

/// Returns the response of create after a session of wrong answers with this metadata.
async fn create(flow: &str, user: &str, session: &[&str], metadata: Value) -> Result<Value, String> {
    let session: Vec<_> = session
        .iter()
        .map(|metadata| {
            json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": metadata})
        })
        .collect();
    let event = json!({"userPoolId": "p", "userName": user, "request": {"challengeName": "CUSTOM_CHALLENGE",
        "session": session, "clientMetadata": metadata, "userAttributes": {}}});
    let function = configure(flow, "en").unwrap();
    let created = function.handle(event, UNIX_EPOCH, &mut StdRng::seed_from_u64(1)).await;
    created
        .map(|mut created| created["response"].take())
        .map_err(|error| error.to_string())
}

fn metadata(created: &Value) -> &str {
    created["challengeMetadata"].as_str().unwrap()
}

#[tokio::test]
async fn a_state_reaches_only_the_next_attempt_of_its_step_and_challenge() {
    const FLOW: &str = "COUNTING|MOODY:9,COUNTING:3";
    let first = create(FLOW, "ada", &[], json!(null)).await.unwrap();
    let second = create(FLOW, "ada", &[metadata(&first), "MOODY"], json!(null))
        .await
        .unwrap();
    assert_eq!(second["publicChallengeParameters"]["times"], "2");
    let other = create(FLOW, "ada", &[metadata(&first)], json!({"challenge": "MOODY"}))
        .await
        .unwrap();
    assert_eq!(metadata(&other), "MOODY");
    let third = create(
        FLOW,
        "ada",
        &[metadata(&first), "MOODY", metadata(&second)],
        json!(null),
    )
    .await
    .unwrap();
    assert_eq!(third["publicChallengeParameters"]["times"], "3");
}

/// A type whose code is derived from its state, as in types that send codes.
struct Coded;

#[async_trait]
impl Issuer for Coded {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let mut drawn = [0; 8];
        rng.fill_bytes(&mut drawn);
        let nonce = request.state.map_or(drawn.to_vec(), <[u8]>::to_vec);
        let code = digits(request.keys.mac("CODED: code", &[&nonce]), 8);
        Ok(Issued::new().private("code", code).state(nonce))
    }

    fn leaves_state(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_code_stays_the_same_during_a_rotation_of_the_secret() {
    let (a, b) = ("a".repeat(32), "b".repeat(32));
    let next = format!(r#"{{"current":"{a}","next":"{b}","first":"{a}"}}"#);
    let switched = format!(r#"{{"current":"{b}","previous":"{a}","first":"{a}"}}"#);
    let finished = format!(r#"{{"current":"{b}","first":"{a}"}}"#);
    // Any two successive values may serve one sign-in, in either order, because a rotation can be rolled back.
    let values = [&a, &next, &switched, &finished];
    for pair in values.windows(2) {
        for order in [[pair[0], pair[1], pair[0]], [pair[1], pair[0], pair[1]]] {
            let (mut left, mut codes) = (Vec::new(), Vec::new());
            for secret in order {
                let issuers = Issuers::none().with("CODED", |_| Ok(Box::new(Coded)));
                let variables = [("AUTH_FLOW", "CODED:9"), ("CHALLENGE_SECRET", secret.as_str())];
                let function = Function::configure(&Environment::new(variables), &issuers).unwrap();
                let session: Vec<_> = left
                    .iter()
                    .map(|metadata: &String| {
                        json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": false,
                            "challengeMetadata": metadata})
                    })
                    .collect();
                let event = json!({"userPoolId": "p", "userName": "ada", "request": {
                    "challengeName": "CUSTOM_CHALLENGE", "session": session, "userAttributes": {}}});
                let rng = &mut StdRng::seed_from_u64(left.len() as u64);
                let created = function.handle(event, UNIX_EPOCH, rng).await.unwrap()["response"].take();
                left.push(metadata(&created).to_owned());
                codes.push(created["privateChallengeParameters"]["code"].clone());
            }
            assert!(
                codes.iter().all(|code| code.is_string() && *code == codes[0]),
                "{codes:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_state_that_does_not_verify_is_an_error_that_does_not_quote_it() {
    const FLOW: &str = "COUNTING:9";
    let left = create(FLOW, "ada", &[], json!(null)).await.unwrap();
    let left = metadata(&left);
    let altered = format!(
        "{}{}",
        &left[..left.len() - 1],
        if left.ends_with('A') { "E" } else { "A" }
    );
    for (user, metadata, message) in [
        ("bob", left, "does not verify"),
        ("ada", &altered, "does not verify"),
        ("ada", "COUNTING", "has no state"),
        ("ada", &format!("COUNTING.{}", "A".repeat(10_240)), "nothing to ask"),
    ] {
        let error = create(FLOW, user, &[metadata], json!(null)).await.unwrap_err();
        assert!(error.contains(message), "{error}");
        assert!(
            !error.contains(metadata.rsplit('.').next().unwrap()) || metadata == "COUNTING",
            "{error}"
        );
    }
    let error = create("MOODY:9", "ada", &["MOODY.AAAA"], json!(null))
        .await
        .unwrap_err();
    assert!(error.contains("has none"), "{error}");
}

/// Returns the types' public parameters, the public `challenge` and `together`, and the private `challenge`.
fn shown(created: &Value) -> (Vec<&str>, [&str; 3]) {
    let (public, private) = (
        &created["publicChallengeParameters"],
        &created["privateChallengeParameters"],
    );
    let types = ["one", "two", "three", "times"];
    let set = types.into_iter().filter(|name| public.get(name).is_some()).collect();
    let names = [&public["challenge"], &public["together"], &private["challenge"]];
    (set, names.map(|name| name.as_str().unwrap_or_default()))
}

#[tokio::test]
async fn all_alternatives_are_in_one_challenge_if_the_client_requests_it() {
    let all = || json!({"challenge": "all"});
    let created = create("ONE|TWO:3", "ada", &[], all()).await.unwrap();
    assert_eq!(shown(&created), (vec!["one", "two"], ["ONE", "ONE,TWO", "ONE,TWO"]));
    assert_eq!(metadata(&created), "ONE");
    assert_eq!(created["privateChallengeParameters"]["code"], "hidden");
    assert_eq!(created["privateChallengeParameters"]["other"], "hidden");
    assert_eq!(created["privateChallengeParameters"]["alternatives"], "ONE,TWO");
    assert_eq!(created["publicChallengeParameters"]["attemptsLeft"], "3");
    // The next attempt counts for all alternatives.
    let created = create("ONE|TWO:3", "ada", &["ONE"], all()).await.unwrap();
    assert_eq!(created["publicChallengeParameters"]["attemptsLeft"], "2");
    let created = create("ONE|TWO:3", "ada", &[], json!(null)).await.unwrap();
    assert_eq!(shown(&created), (vec!["one"], ["ONE", "", "ONE"]));
    let created = create("ONE:3", "ada", &[], all()).await.unwrap();
    assert_eq!(shown(&created), (vec!["one"], ["ONE", "", "ONE"]));
}

#[tokio::test]
async fn an_alternative_that_cannot_be_combined_is_omitted() {
    let all = |broken: &str| json!({"challenge": "all", "broken": broken});
    for (flow, broken, expected) in [
        (
            "ONE|COUNTING|TWO:3",
            "",
            (vec!["one", "two"], ["ONE", "ONE,TWO", "ONE,TWO"]),
        ),
        (
            "COUNTING|ONE:3",
            "",
            (vec!["one", "times"], ["COUNTING", "COUNTING,ONE", "COUNTING,ONE"]),
        ),
        (
            "ONE|LIKE_ONE|TWO:3",
            "",
            (vec!["one", "two"], ["ONE", "ONE,TWO", "ONE,TWO"]),
        ),
        ("ONE|TWO:3", "one", (vec!["two"], ["TWO", "", "TWO"])),
        ("ONE|TWO:3", "two", (vec!["one"], ["ONE", "", "ONE"])),
    ] {
        let created = create(flow, "ada", &[], all(broken)).await.unwrap();
        assert_eq!(shown(&created), expected, "{flow} {broken}");
    }
    let created = create("COUNTING|ONE:3", "ada", &[], all("")).await.unwrap();
    let again = create("COUNTING|ONE:3", "ada", &[metadata(&created)], all(""))
        .await
        .unwrap();
    assert_eq!(again["publicChallengeParameters"]["times"], "2");
    let error = create(
        "ONE|LIKE_ONE:3",
        "ada",
        &[],
        json!({"challenge": "ONE", "broken": "one"}),
    );
    assert_eq!(error.await.unwrap_err(), "challenge `ONE`: out of order");
}

#[tokio::test(start_paused = true)]
async fn a_type_that_hangs_or_breaks_a_rule_causes_an_error_with_its_name() {
    for (wish, message) in [
        ("hang", "challenge `MOODY`: the challenge was not made in time"),
        (
            "leave",
            "challenge `MOODY`, step 1: the challenge must return a state if `leaves_state` is true, and none if it is false",
        ),
        (
            "step",
            "challenge `MOODY` sets the parameter `step`, which create sets itself: choose another name",
        ),
        ("alternatives", "challenge `MOODY` sets the parameter `alternatives`"),
        ("challenge", "challenge `MOODY` sets the parameter `challenge`"),
    ] {
        let started = Instant::now();
        let error = create("MOODY:9", "ada", &[], json!({"do": wish})).await.unwrap_err();
        assert!(error.starts_with(message), "{error}");
        // Cognito waits five seconds.
        let seconds = started.elapsed().as_secs();
        assert_eq!(seconds, if wish == "hang" { 4 } else { 0 }, "{wish}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_delays_the_start_by_a_second_or_two() {
    // It accepts connections and never responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    // S3 and the table have a second each, a whole type has two seconds. All are prepared at once.
    for (flow, per_hour, seconds) in [
        ("CAPTCHA:3", "unlimited", 1),
        ("EMAIL_CODE:3", "unlimited", 2),
        ("CAPTCHA|EMAIL_CODE:3", "5", 2),
    ] {
        let variables = [
            ("ATTEMPTS_TABLE", "attempts"),
            ("AUTH_FLOW", flow),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("CAPTCHA_BUCKET", "captchas"),
            ("CHALLENGE_SECRET", "at least thirty-two bytes of secret"),
            ("MAIL_FROM", "sign-in@example.com"),
            ("MESSAGES_PER_HOUR", per_hour),
        ];
        let function = Function::configure(&Environment::new(variables), &Issuers::standard()).unwrap();
        let started = Instant::now();
        function.prepare().await;
        assert_eq!(started.elapsed().as_secs(), seconds, "{flow}");
    }
}

/// Returns the challenge of the standard types for a user without an enrollment, after `wrong` wrong answers.
async fn standard(flow: &str, user: &str, wrong: usize, now: SystemTime) -> Value {
    let variables = [
        ("AUTH_FLOW", flow),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", "at least thirty-two bytes of secret"),
    ];
    let function = Function::configure(&Environment::new(variables), &Issuers::standard()).unwrap();
    let challenge = flow.split(':').next().unwrap();
    let answered =
        json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": challenge});
    let event = json!({"userPoolId": "p", "userName": user, "request": {"challengeName": "CUSTOM_CHALLENGE",
        "session": vec![answered; wrong], "userAttributes": {}}});
    let created = function.handle(event, now, &mut StdRng::seed_from_u64(1)).await;
    created.unwrap()["response"]["publicChallengeParameters"].take()
}

#[tokio::test]
async fn a_user_is_asked_the_same_question_for_thirty_days() {
    const DAYS: u64 = 24 * 60 * 60;
    let asked = async |seconds| {
        let mut questions = Vec::new();
        for user in ["ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal"] {
            let now = UNIX_EPOCH + Duration::from_secs(seconds);
            questions.push(standard("SECURITY_QUESTION:3", user, 0, now).await["questionId"].take());
        }
        questions
    };
    // The windows of 30 days start in 1970.
    let start = 20_460 * DAYS;
    let first = asked(start).await;
    assert_eq!(asked(start + 30 * DAYS - 1).await, first);
    assert_ne!(asked(start + 30 * DAYS).await, first);
    assert_ne!(asked(start - 1).await, first);
}

#[tokio::test]
async fn a_puzzle_takes_400_tries_at_most_and_twice_as_many_after_each_of_four_wrong_answers() {
    let mut most = Vec::new();
    for wrong in 0..7 {
        let mut asked = standard("PROOF_OF_WORK:9", "ada", wrong, UNIX_EPOCH).await;
        most.push(asked["mostTries"].take());
    }
    assert_eq!(most, ["400", "800", "1600", "3200", "6400", "6400", "6400"]);
}

#[tokio::test(start_paused = true)]
async fn the_order_of_alternatives_does_not_affect_errors() {
    for flow in ["ONE|MOODY:3", "MOODY|ONE:3"] {
        let all = |wish: &str| json!({"challenge": "all", "do": wish});
        let created = create(flow, "ada", &[], all("hang")).await.unwrap();
        assert_eq!(shown(&created), (vec!["one"], ["ONE", "", "ONE"]), "{flow}");
        let error = create(flow, "ada", &[], all("step")).await.unwrap_err();
        assert!(
            error.starts_with("challenge `MOODY` sets the parameter `step`"),
            "{error}"
        );
    }
    // If no alternative can be created, the error of the first one is returned.
    for (flow, message) in [
        ("ONE|MOODY:3", "challenge `ONE`: out of order"),
        ("MOODY|ONE:3", "challenge `MOODY`: the challenge was not made in time"),
    ] {
        let neither = json!({"challenge": "all", "do": "hang", "broken": "one"});
        assert_eq!(create(flow, "ada", &[], neither).await.unwrap_err(), message);
    }
}

#[test]
fn telemetry_of_the_flows_types_is_declared() {
    let telemetry = |flow| configure(flow, "en").unwrap().telemetry();
    assert!(telemetry("COUNTING|MOODY:1").contains(&&TELEMETRY));
    assert!(!telemetry("MOODY:1").contains(&&TELEMETRY));
}

#[test]
fn any_language_that_has_texts_can_be_the_default() {
    for locale in ["en", "es", "pt-PT", "nl", "nl-BE", "NL_aw"] {
        assert!(configure("MOODY:1", locale).is_ok(), "{locale}");
    }
    let standard: Vec<_> = cognito_challenge::texts::STANDARD.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(
        configure("MOODY:1", "zh-TW").err().unwrap().to_string(),
        format!(
            "variable `DEFAULT_LOCALE`: unknown language `zh-TW`; known: {}, nl",
            standard.join(", ")
        )
    );
}

#[test]
fn only_the_types_of_the_flow_need_their_variables() {
    let variables = |flow| {
        [
            ("AUTH_FLOW", flow),
            ("CHALLENGE_SECRET", "at least thirty-two bytes of secret"),
        ]
    };
    let configured = |flow| Function::configure(&Environment::new(variables(flow)), &Issuers::standard());
    assert!(configured("SECURITY_QUESTION:1").is_ok());
    assert!(configured("CAPTCHA:1").is_err());
    let error = configured("CAPTHA:1").err().unwrap().to_string();
    assert_eq!(
        error,
        "variable `AUTH_FLOW`: unknown challenge `CAPTHA`; known: PASSWORD, CAP, CAPTCHA, EMAIL_CODE, HCAPTCHA, \
         MAGIC_LINK, PROOF_OF_WORK, RECAPTCHA, SECURITY_QUESTION, SMS_CODE, TURNSTILE"
    );
}
