//! For every input of a client, the response is Cognito's error: never a 500, never tokens, never a hang.

use axum::body::Body;
use axum::http::{Method, Request};
use bytes::Bytes;
use serde_json::{Value, json};

use super::world::{CLIENT, POOL, World};
use crate::api::OPERATIONS;

fn initiate(flow: &str, parameters: &Value) -> Value {
    json!({"AuthFlow": flow, "ClientId": CLIENT, "AuthParameters": parameters})
}

fn respond(challenge: &str, responses: &Value, session: &Value) -> Value {
    json!({"ClientId": CLIENT, "ChallengeName": challenge, "ChallengeResponses": responses, "Session": session})
}

#[tokio::test]
async fn a_refused_request_has_cognitos_words() {
    let world = World::new();
    let one = |rest: &str| format!("1 validation error detected: {rest}");
    let null = |member: &str| format!("Value null at '{member}' failed to satisfy constraint: Member must not be null");
    for (operation, body, name, message) in [
        (
            "InitiateAuth",
            json!({"AuthFlow": "CUSTOM_AUTH"}),
            "InvalidParameterException",
            one(&null("clientId")),
        ),
        (
            "InitiateAuth",
            json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": "a b"}),
            "InvalidParameterException",
            one(
                r"Value at 'clientId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+]+",
            ),
        ),
        (
            "InitiateAuth",
            json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": "nobody"}),
            "ResourceNotFoundException",
            "User pool client nobody does not exist.".into(),
        ),
        (
            "AdminInitiateAuth",
            json!({"AuthFlow": "CUSTOM_AUTH"}),
            "InvalidParameterException",
            format!(
                "2 validation errors detected: {}; {}",
                null("clientId"),
                null("userPoolId")
            ),
        ),
        (
            "AdminInitiateAuth",
            json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "UserPoolId": "us-east-1_nobody"}),
            "ResourceNotFoundException",
            "User pool us-east-1_nobody does not exist.".into(),
        ),
        (
            "InitiateAuth",
            initiate("CUSTOM_AUTH", &json!({})),
            "InvalidParameterException",
            "Missing required parameter USERNAME".into(),
        ),
        (
            "InitiateAuth",
            initiate("CUSTOM_AUTH", &json!(null)),
            "InvalidParameterException",
            "Missing required parameter USERNAME".into(),
        ),
        (
            "InitiateAuth",
            initiate("CUSTOM_AUTH", &json!({"USERNAME": null})),
            "InvalidParameterException",
            "Missing required parameter USERNAME".into(),
        ),
        (
            "InitiateAuth",
            initiate("CUSTOM_AUTH", &json!({"USERNAME": ""})),
            "InvalidParameterException",
            "Missing required parameter USERNAME".into(),
        ),
        (
            "InitiateAuth",
            initiate("CUSTOM_AUTH", &json!({"USERNAME": "a".repeat(129)})),
            "InvalidParameterException",
            one("Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 128"),
        ),
        (
            "InitiateAuth",
            initiate("USER_PASSWORD_AUTH", &json!({"USERNAME": "demo"})),
            "InvalidParameterException",
            "Missing required parameter PASSWORD".into(),
        ),
        (
            "InitiateAuth",
            initiate("USER_SRP_AUTH", &json!({"USERNAME": "demo"})),
            "InvalidParameterException",
            "Missing required parameter SRP_A".into(),
        ),
        (
            "InitiateAuth",
            initiate("CUSTOM_AUTH", &json!({"USERNAME": "demo", "DEVICE_KEY": "us-east-1_x"})),
            "ResourceNotFoundException",
            "Device does not exist.".into(),
        ),
    ] {
        let reply = world.call(operation, body.clone()).await;
        assert_eq!(reply.error(), (name, message.as_str()), "{operation} {body}");
    }
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn a_refused_answer_has_cognitos_words() {
    let world = World::new();
    let one = |rest: &str| format!("1 validation error detected: {rest}");
    let session = json!("A".repeat(40));
    for (operation, body, name, message) in [
        (
            "RespondToAuthChallenge",
            respond(
                "CUSTOM_CHALLENGE",
                &json!({"USERNAME": "demo", "ANSWER": "4".repeat(131_073)}),
                &session,
            ),
            "InvalidParameterException",
            one(
                "Value at 'challengeResponses' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 131072]",
            ),
        ),
        (
            "RespondToAuthChallenge",
            respond(
                "CUSTOM_CHALLENGE",
                &json!({"USERNAME": "demo", "ANSWER": "4"}),
                &Value::Null,
            ),
            "InvalidParameterException",
            "Missing required parameter Session".into(),
        ),
        (
            "RespondToAuthChallenge",
            respond("CUSTOM_CHALLENGE", &json!({"USERNAME": "demo"}), &session),
            "InvalidParameterException",
            "Missing required parameter ANSWER".into(),
        ),
        (
            "RespondToAuthChallenge",
            respond("CUSTOM_CHALLENGE", &json!({"ANSWER": "4"}), &session),
            "InvalidParameterException",
            "Missing required parameter USERNAME".into(),
        ),
        (
            "RespondToAuthChallenge",
            respond(
                "CUSTOM_CHALLENGE",
                &json!({"USERNAME": "demo", "ANSWER": "4"}),
                &json!("short"),
            ),
            "InvalidParameterException",
            one("Value at 'session' failed to satisfy constraint: Member must have length greater than or equal to 20"),
        ),
        (
            "RespondToAuthChallenge",
            respond(
                "CUSTOM_CHALLENGE",
                &json!({"USERNAME": "demo", "ANSWER": "4"}),
                &json!("A".repeat(8193)),
            ),
            "InvalidParameterException",
            one("Value at 'session' failed to satisfy constraint: Member must have length less than or equal to 8192"),
        ),
    ] {
        let reply = world.call(operation, body.clone()).await;
        assert_eq!(reply.error(), (name, message.as_str()), "{operation} {body}");
    }
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn errors_have_the_headers_that_clients_read() {
    let world = World::new();
    let reply = world.initiate("CUSTOM_AUTH", json!({})).await;
    let header = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("content-type").unwrap(), "application/x-amz-json-1.1");
    assert_eq!(header("x-amzn-errortype").unwrap(), "InvalidParameterException:");
    assert_eq!(
        header("x-amzn-errormessage").unwrap(),
        "Missing required parameter USERNAME"
    );
    assert!(uuid::Uuid::parse_str(&header("x-amzn-requestid").unwrap()).is_ok());
    assert_eq!(
        reply.body.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["__type", "message"]
    );
}

#[tokio::test]
async fn wrong_types_everywhere_are_refused_everywhere() {
    let world = World::new();
    let junk = [
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!([null]),
        json!({"a": {}}),
        json!("\u{0}"),
        json!("é\n"),
        Value::Null,
    ];
    let keys = [
        "AuthFlow",
        "ClientId",
        "UserPoolId",
        "AuthParameters",
        "ClientMetadata",
        "ChallengeName",
        "ChallengeResponses",
        "Session",
        "Username",
        "Password",
        "UserAttributes",
        "AccessToken",
        "TemporaryPassword",
        "Permanent",
        "Filter",
        "Limit",
        "PaginationToken",
        "PoolName",
        "ClientName",
        "LambdaConfig",
        "Schema",
        "Policies",
        "ExplicitAuthFlows",
        "AuthSessionValidity",
        "SecretHash",
        "MessageAction",
        "ReadAttributes",
        "TokenValidityUnits",
        "GenerateSecret",
    ];
    for operation in OPERATIONS {
        for key in keys {
            for value in &junk {
                let mut body = json!({
                    "AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "UserPoolId": POOL, "ChallengeName": "CUSTOM_CHALLENGE",
                    "AuthParameters": {"USERNAME": "nobody"}, "Username": "ana", "Password": "x", "PoolName": "p",
                    "ChallengeResponses": {"USERNAME": "demo", "ANSWER": "4"}, "ClientName": "c", "AccessToken": "x",
                    "Session": "A".repeat(40),
                });
                body[key] = value.clone();
                let reply = world.call(operation, body).await;
                assert!(
                    [200, 400].contains(&reply.status),
                    "{operation} {key} {value}: {reply:?}"
                );
                assert!(
                    reply.body.get("AuthenticationResult").is_none(),
                    "{operation} {key} {value}"
                );
            }
        }
    }
}

#[tokio::test]
async fn wrong_types_inside_maps_are_refused() {
    let world = World::new();
    for value in [json!(1), json!(true), json!([]), json!({})] {
        let reply = world
            .initiate("CUSTOM_AUTH", json!({"USERNAME": "demo", "x": value}))
            .await;
        assert_eq!(
            reply.error(),
            ("SerializationException", "`AuthParameters.x` must be a string")
        );
    }
    world
        .initiate(
            "CUSTOM_AUTH",
            json!({"USERNAME": "demo", "DEVICE_KEY": null, "SECRET_HASH": null}),
        )
        .await
        .ok();
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let world = World::new();
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "x",
        "{",
        "[]",
        "null",
        "1",
        "\"x\"",
        "\u{feff}{}",
        "{\"a\":1}}",
        deep.as_str(),
    ] {
        let reply = world.send("InitiateAuth", Body::from(body.to_owned())).await;
        assert_eq!(
            reply.error().0,
            "SerializationException",
            "{}",
            body.get(..10).unwrap_or(body)
        );
    }
    let reply = world.send("InitiateAuth", Body::from(vec![0xff, 0xfe])).await;
    assert_eq!(reply.error().0, "SerializationException");
}

#[tokio::test]
async fn unusable_public_numbers_are_refused_before_any_function_runs() {
    let world = World::new();
    let n = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";
    let twice = format!("1{}", "FFFFFFFFFFFFFFFF".repeat(48));
    for srp_a in [
        "0",
        "",
        "000",
        n,
        &n.to_lowercase(),
        &twice,
        "not hex",
        "-2",
        "0x2",
        &"1".repeat(500_000),
    ] {
        for flow in ["CUSTOM_AUTH", "USER_SRP_AUTH"] {
            let parameters = json!({"USERNAME": "demo", "CHALLENGE_NAME": "SRP_A", "SRP_A": srp_a});
            let reply = world.initiate(flow, parameters).await;
            assert_eq!(reply.error().0, "InvalidParameterException");
        }
    }
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn a_body_of_200_megabytes_is_refused() {
    let world = World::new();
    let body = Bytes::from(vec![b'f'; 200 * 1024 * 1024]);
    let reply = world.send("InitiateAuth", Body::from(body)).await;
    assert_eq!(
        (reply.status, reply.body["message"].as_str()),
        (413, Some("Request body must be less than 1 MB"))
    );
    let almost = format!("{{\"x\":\"{}\"}}", "f".repeat(1024 * 1024 - 8));
    let reply = world.send("InitiateAuth", Body::from(almost)).await;
    assert_eq!(reply.error().0, "InvalidParameterException");
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_named() {
    let world = World::new();
    for operation in ["AdminLinkProviderForUser", "", "initiateauth", "InitiateAuth2"] {
        let reply = world.call(operation, json!({})).await;
        let (name, message) = reply.error();
        assert_eq!(name, "UnknownOperationException");
        assert!(
            message.starts_with(&format!("operation `{operation}` is not supported")),
            "{message}"
        );
    }
    let plain = world.request(Request::post("/").body(Body::from("{}")).unwrap()).await;
    assert_eq!(plain.error().0, "UnknownOperationException");
}

#[tokio::test]
async fn pages_on_this_machine_may_call_and_others_may_not() {
    let world = World::new();
    let ask = |origin: &'static str| {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri("/")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "content-type,x-amz-target,x-amz-user-agent,cache-control",
            );
        world.request(request.body(Body::empty()).unwrap())
    };
    for origin in [
        "http://localhost:3000",
        "http://127.0.0.1:9229",
        "https://localhost",
        "http://[::1]:80",
        "http://app.localhost:5173",
    ] {
        let reply = ask(origin).await;
        assert_eq!(reply.headers["access-control-allow-origin"], origin);
        let allowed = reply.headers["access-control-allow-headers"].to_str().unwrap();
        for header in ["x-amz-target", "amz-sdk-request", "authorization"] {
            assert!(allowed.contains(header), "{allowed}");
        }
    }
    for origin in [
        "https://example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com:80",
        "null",
        "localhost",
    ] {
        assert!(
            ask(origin).await.headers.get("access-control-allow-origin").is_none(),
            "{origin}"
        );
    }
    let request = Request::post("/")
        .header("origin", "http://localhost:3000")
        .body(Body::from("{}"))
        .unwrap();
    let reply = world.request(request).await;
    assert!(
        reply.headers["access-control-expose-headers"]
            .to_str()
            .unwrap()
            .contains("x-amzn-errortype")
    );
}
