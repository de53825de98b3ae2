use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;

use super::*;

/// Calls an operation. Returns the HTTP status and the body.
fn call(server: &Server, operation: &str, body: &Value) -> (u16, Value) {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let request = agent.post(server.endpoint()).header("x-amz-target", target);
    let mut response = request.send_json(body).unwrap();
    (response.status().as_u16(), response.body_mut().read_json().unwrap())
}

fn start(server: &Server) -> (u16, Value) {
    let body = json!({
        "AuthFlow": "CUSTOM_AUTH", "ClientId": server.client_id(), "AuthParameters": {"USERNAME": "ana"},
    });
    call(server, "InitiateAuth", &body)
}

/// Returns a pool with one user, whose sign-in ends at once.
fn with_ana() -> ServerBuilder {
    let builder = Server::builder().user(
        "ana",
        "Passw0rd!",
        [("email", "ana@example.com"), ("email_verified", "true")],
    );
    builder.define(|mut event: Value| async move {
        event["response"] = json!({"challengeName": null, "issueTokens": true, "failAuthentication": false});
        Ok(event)
    })
}

/// Requests a code by e-mail. Returns it.
fn code(server: &Server) -> String {
    let body = json!({"ClientId": server.client_id(), "Username": "ana"});
    let (status, body) = call(server, "ForgotPassword", &body);
    assert_eq!(status, 200, "{body}");
    server.messages().pop().unwrap().code
}

#[test]
fn a_dropped_server_listens_no_more_and_others_do() {
    let (one, other) = (with_ana().start().unwrap(), with_ana().start().unwrap());
    let address = one.endpoint().trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    drop(one);
    assert!(TcpStream::connect(&address).is_err());
    assert_eq!(start(&other).0, 200);
}

#[test]
fn a_closure_that_fails_or_panics_ends_as_a_function_does() {
    for (text, message) in [
        ("error", "DefineAuthChallenge failed with error no luck."),
        (
            "panic",
            "DefineAuthChallenge failed with error Error: Runtime exited with error: panic.",
        ),
    ] {
        let server = with_ana()
            .define(move |event: Value| async move {
                assert_eq!(text, "error");
                let _ = event;
                Err::<Value, _>("no luck".into())
            })
            .start()
            .unwrap();
        let (_, body) = start(&server);
        assert_eq!(body["message"], message, "{text}");
    }
}

#[test]
fn a_closure_may_take_a_type_and_is_told_if_it_is_another() {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(rename = "userName")]
        user: String,
    }
    #[derive(Deserialize)]
    struct Other {
        #[serde(rename = "notThere")]
        _other: String,
    }
    let answer = |asked: Asked| async move {
        let event = json!({
            "version": "1", "triggerSource": "DefineAuthChallenge_Authentication", "region": REGION,
            "userPoolId": POOL_ID, "userName": asked.user, "callerContext": {}, "request": {},
            "response": {"challengeName": null, "issueTokens": true, "failAuthentication": false},
        });
        Ok(event)
    };
    let server = with_ana().define(answer).start().unwrap();
    assert!(start(&server).1["AuthenticationResult"].is_object());
    let server = with_ana().define(|_: Other| async { Ok(()) }).start().unwrap();
    let message = start(&server).1["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("the closure expects another event: missing field `notThere`"),
        "{message}"
    );
}

#[test]
fn the_clock_is_the_one_of_the_test() {
    let now = Arc::new(AtomicU64::new(1_700_000_000));
    let shown = Arc::clone(&now);
    let clock = Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(shown.load(Ordering::Relaxed)));
    let server = with_ana().client("app", json!({})).clock(clock).start().unwrap();
    let code = code(&server);
    now.fetch_add(2 * 3600, Ordering::Relaxed);
    let body = json!({
        "ClientId": server.client_id(), "Username": "ana", "ConfirmationCode": code, "Password": "Passw0rd!2",
    });
    let (_, late) = call(&server, "ConfirmForgotPassword", &body);
    assert_eq!(late["__type"], "ExpiredCodeException", "{late}");
}

#[test]
fn the_same_random_bytes_make_the_same_codes_and_identifiers() {
    let made = |random: Random| {
        let server = with_ana().random(random).start().unwrap();
        let body = json!({"UserPoolId": server.pool_id(), "Username": "ana"});
        let user = call(&server, "AdminGetUser", &body).1;
        (user["UserAttributes"].clone(), code(&server))
    };
    let counted = || {
        let count = AtomicU64::new(0);
        Random::from_fn(move |bytes| {
            let count = count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            bytes
                .iter_mut()
                .rev()
                .zip(count.iter().rev())
                .for_each(|(byte, count)| *byte = *count);
        })
    };
    assert_eq!(made(counted()), made(counted()));
    assert_ne!(made(counted()).0, made(Random::system()).0);
}

#[test]
fn what_cannot_be_right_is_refused_at_the_start() {
    let error = |builder: ServerBuilder| builder.start().unwrap_err().to_string();
    assert_eq!(
        error(with_ana().trigger("DefineAuthChalenge", |event: Value| async { Ok(event) })),
        "`DefineAuthChalenge` is not a supported trigger: write its name in `LambdaConfig`, such as `PreSignUp`"
    );
    assert_eq!(
        error(with_ana().pool(json!([]))),
        "the properties of the pool must be a JSON object, as in CloudFormation"
    );
    assert_eq!(
        error(Server::builder().user("ana", "short", [])),
        "user `ana`: Password did not conform with policy: Password not long enough"
    );
}

#[test]
fn the_first_client_is_the_one_that_is_named() {
    let flows = json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]});
    let server = with_ana()
        .client("web", flows.clone())
        .client("app", flows)
        .start()
        .unwrap();
    assert_eq!(server.client_id(), "web");
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "app",
        "AuthParameters": {"USERNAME": "ana", "PASSWORD": "Passw0rd!"},
    });
    assert_eq!(call(&server, "InitiateAuth", &body).0, 200);
    assert!(
        start(&server).1["message"]
            .as_str()
            .unwrap()
            .contains("flow not enabled")
    );
}
