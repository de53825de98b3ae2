//! The changes that `PreTokenGeneration` makes to tokens.

use serde_json::{Map, Value, json};

use super::world::{CLIENT, Outcome, PASSWORD, POOL, World};
use crate::tokens::tests::KEYS;

/// Creates a world in which `PreTokenGeneration` returns `response`.
fn world(version: &str, response: Value) -> World {
    let config = json!({"PreTokenGenerationConfig": {"LambdaVersion": version}});
    let pool = json!({"LambdaConfig": config});
    World::with_triggers(&["PreTokenGenerationConfig"], pool, json!({}), move |_, _| {
        Outcome::Response(response.clone())
    })
}

fn first(details: &Value) -> World {
    world("V1_0", json!({"claimsOverrideDetails": details}))
}

fn second(details: &Value) -> World {
    world("V2_0", json!({"claimsAndScopeOverrideDetails": details}))
}

/// Returns the claims of the ID and the access token, and the access token itself.
async fn tokens(world: &World) -> (Map<String, Value>, Map<String, Value>, Value) {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    let result = &reply["AuthenticationResult"];
    let token = |name: &str| result[name].as_str().unwrap().to_owned();
    (
        KEYS.id.verify(&token("IdToken")).unwrap(),
        KEYS.access.verify(&token("AccessToken")).unwrap(),
        result["AccessToken"].clone(),
    )
}

async fn join(world: &World, group: &str, role: &str) {
    let body = json!({"UserPoolId": POOL, "GroupName": group, "RoleArn": role});
    world.call("CreateGroup", body).await.ok();
    let body = json!({"UserPoolId": POOL, "GroupName": group, "Username": "demo"});
    world.call("AdminAddUserToGroup", body).await.ok();
}

const ROLE: &str = "arn:aws:iam::123456789012:role/staff";

#[tokio::test]
async fn version_1_changes_the_id_token_and_the_groups_of_both() {
    let world = first(&json!({
        "claimsToAddOrOverride": {"tier": "gold", "email": "other@example.com", "both": "x"},
        "claimsToSuppress": ["email_verified", "both"],
        "groupOverrideDetails": {"groupsToOverride": ["g"], "iamRolesToOverride": ["r"], "preferredRole": "r"},
    }));
    join(&world, "staff", ROLE).await;
    let (id, access, _) = tokens(&world).await;
    assert_eq!(
        (&id["tier"], &id["email"]),
        (&json!("gold"), &json!("other@example.com"))
    );
    assert!(!id.contains_key("email_verified") && !id.contains_key("both"));
    assert_eq!(id["cognito:groups"], json!(["g"]));
    assert_eq!(id["cognito:roles"], json!(["r"]));
    assert_eq!(id["cognito:preferred_role"], "r");
    assert_eq!(access["cognito:groups"], json!(["g"]));
    assert!(!access.contains_key("tier") && !access.contains_key("cognito:roles"));
    let sent = world.events("PreTokenGenerationConfig")[0]["request"]["groupConfiguration"].clone();
    assert_eq!(
        sent,
        json!({"groupsToOverride": ["staff"], "iamRolesToOverride": [ROLE], "preferredRole": ROLE})
    );
}

#[tokio::test]
async fn groups_stay_unless_the_answer_names_them_and_an_empty_or_null_naming_takes_them_away() {
    for (details, stay) in [
        (json!(null), true),
        (json!({}), true),
        (json!({"claimsToAddOrOverride": {"a": "b"}}), true),
        (json!({"groupOverrideDetails": null}), false),
        (json!({"groupOverrideDetails": {}}), false),
        (json!({"groupOverrideDetails": {"groupsToOverride": []}}), false),
    ] {
        let world = first(&details);
        join(&world, "staff", ROLE).await;
        let (id, access, _) = tokens(&world).await;
        for name in ["cognito:groups", "cognito:roles", "cognito:preferred_role"] {
            assert_eq!(id.contains_key(name), stay, "{name} {details}");
        }
        assert_eq!(access.contains_key("cognito:groups"), stay, "{details}");
    }
}

#[tokio::test]
async fn the_user_and_the_client_of_a_token_cannot_be_changed() {
    let mut fixed = Map::new();
    let names = [
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "jti",
        "auth_time",
        "origin_jti",
        "token_use",
        "cognito:username",
        "event_id",
    ];
    for name in names {
        fixed.insert(name.to_owned(), "forged".into());
    }
    fixed.insert("cognito:groups".to_owned(), "admins".into());
    fixed.insert("cognito:anything".to_owned(), "x".into());
    let world = first(&json!({"claimsToAddOrOverride": fixed, "claimsToSuppress": names}));
    let (id, _, _) = tokens(&world).await;
    for name in names {
        assert!(id.contains_key(name) && id[name] != "forged", "{name}");
    }
    assert!(!id.contains_key("cognito:groups") && !id.contains_key("cognito:anything"));
    assert!(
        world
            .log()
            .iter()
            .any(|line| line.contains("cannot change the claim `sub`"))
    );
}

#[tokio::test]
async fn version_2_changes_both_tokens_and_the_scopes() {
    let world = second(&json!({
        "idTokenGeneration": {"claimsToAddOrOverride": {"level": 3, "list": ["a"]}, "claimsToSuppress": ["email"]},
        "accessTokenGeneration": {
            "claimsToAddOrOverride": {"tenant": {"id": 7}, "aud": CLIENT, "username": "forged", "scope": "all"},
            "claimsToSuppress": ["sub", "client_id"],
            "scopesToAdd": ["read", "read"], "scopesToSuppress": ["openid"],
        },
        "groupOverrideDetails": {"groupsToOverride": ["g"]},
    }));
    let (id, access, token) = tokens(&world).await;
    assert_eq!((&id["level"], &id["list"]), (&json!(3), &json!(["a"])));
    assert!(!id.contains_key("email"));
    assert_eq!(access["tenant"], json!({"id": 7}));
    assert_eq!(access["aud"], CLIENT);
    assert_eq!(access["username"], "demo");
    assert_eq!(access["client_id"], CLIENT);
    assert!(access.contains_key("sub") && !access.contains_key("level"));
    assert_eq!(access["scope"], "aws.cognito.signin.user.admin read");
    assert_eq!(
        (&id["cognito:groups"], &access["cognito:groups"]),
        (&json!(["g"]), &json!(["g"]))
    );
    assert_eq!(
        world.call("GetUser", json!({"AccessToken": token})).await.ok()["Username"],
        "demo"
    );
    let event = &world.events("PreTokenGenerationConfig")[0];
    assert_eq!(event["version"], "2");
    assert_eq!(event["request"]["scopes"], json!(["aws.cognito.signin.user.admin"]));
    assert_eq!(event["response"], json!({"claimsAndScopeOverrideDetails": null}));
}

#[tokio::test]
async fn an_audience_that_is_another_client_is_not_added() {
    let claims = json!({"claimsToAddOrOverride": {"aud": "another"}});
    let (_, access, _) = tokens(&second(&json!({"accessTokenGeneration": claims}))).await;
    assert!(!access.contains_key("aud"));
}

#[tokio::test]
async fn an_access_token_without_its_scope_is_of_no_use_here() {
    let none = json!({"scopesToSuppress": ["aws.cognito.signin.user.admin"]});
    let world = second(&json!({"accessTokenGeneration": none}));
    let (_, access, token) = tokens(&world).await;
    assert!(!access.contains_key("scope"));
    let reply = world.call("GetUser", json!({"AccessToken": token})).await;
    assert_eq!(
        reply.error(),
        ("NotAuthorizedException", "Access Token does not have required scopes")
    );
}

#[tokio::test]
async fn version_3_is_as_version_2() {
    let claims = json!({"claimsToAddOrOverride": {"a": true}});
    let details = json!({"claimsAndScopeOverrideDetails": {"accessTokenGeneration": claims}});
    let world = world("V3_0", details);
    let (_, access, _) = tokens(&world).await;
    assert_eq!(access["a"], true);
    assert_eq!(world.events("PreTokenGenerationConfig")[0]["version"], "3");
}

#[tokio::test]
async fn an_answer_of_another_version_or_with_a_blank_scope_is_refused() {
    for (response, why) in [
        (
            json!({"claimsOverrideDetails": {}}),
            "`response.claimsOverrideDetails` is not a field",
        ),
        (
            json!({"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": ["a b"]}}}),
            "a scope to add",
        ),
        (
            json!({"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"scopesToAdd": ["a"]}}}),
            "`response.claimsAndScopeOverrideDetails.idTokenGeneration.scopesToAdd` is not a field",
        ),
        (
            json!({"claimsAndScopeOverrideDetails": {"claimsToSuppress": []}}),
            "`response.claimsAndScopeOverrideDetails.claimsToSuppress` is not a field",
        ),
    ] {
        let world = world("V2_0", response);
        let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
        let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await;
        assert_eq!(
            reply.error(),
            ("InvalidLambdaResponseException", "Unrecognizable lambda output"),
            "{why}"
        );
        assert!(world.log().iter().any(|line| line.contains(why)), "{:?}", world.log());
    }
}
