//! Pools and clients are listed, changed and deleted.

use serde_json::{Value, json};

use super::world::{CLIENT, PASSWORD, POOL, World};

#[tokio::test]
async fn a_pool_is_changed_and_keeps_what_cannot_change() {
    let pool =
        json!({"Schema": [{"Name": "x"}], "EnabledMfas": ["SOFTWARE_TOKEN_MFA"], "MfaConfiguration": "OPTIONAL"});
    let world = World::with(pool, json!({}), super::world::sums);
    let devices = json!({"ChallengeRequiredOnNewDevice": true});
    let functions = json!({
        "DefineAuthChallenge": "arn:aws:lambda:us-east-1:123456789012:function:Define", "CreateAuthChallenge": "arn:aws:lambda:us-east-1:123456789012:function:Create",
    });
    let body = json!({
        "UserPoolId": POOL, "PoolName": "new", "DeviceConfiguration": devices, "LambdaConfig": functions,
        "Policies": {"PasswordPolicy": {"MinimumLength": 20}}, "Schema": [], "EnabledMfas": ["SMS_MFA"],
    });
    assert_eq!(world.call("UpdateUserPool", body).await.ok(), json!({}));
    let pool = world.call("DescribeUserPool", json!({"UserPoolId": POOL})).await.ok()["UserPool"].clone();
    assert_eq!(
        (&pool["Name"], &pool["MfaConfiguration"]),
        (&json!("new"), &json!("OPTIONAL"))
    );
    assert_eq!(pool["Policies"]["PasswordPolicy"]["MinimumLength"], 20);
    assert_eq!(pool["LambdaConfig"].as_object().unwrap().len(), 2);
    let names = pool["SchemaAttributes"].as_array().unwrap().iter();
    assert!(names.clone().any(|attribute| attribute["Name"] == "custom:x"));
    let mfa = world
        .call("GetUserPoolMfaConfig", json!({"UserPoolId": POOL}))
        .await
        .ok();
    assert_eq!(mfa["SoftwareTokenMfaConfiguration"], json!({"Enabled": true}));
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    assert!(reply["AuthenticationResult"]["NewDeviceMetadata"].is_object());
    let wrong = json!({"UserPoolId": POOL, "MfaConfiguration": "MAYBE"});
    assert_eq!(
        world.call("UpdateUserPool", wrong).await.error().0,
        "InvalidParameterException"
    );
    let gate = json!({"UserPoolId": POOL, "LambdaConfig": {"InboundFederation": {
        "LambdaVersion": "V1_0", "LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:F",
    }}});
    assert_eq!(
        world.call("UpdateUserPool", gate).await.error().0,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn a_client_is_changed_and_keeps_its_secret() {
    let world = World::with(json!({}), json!({"GenerateSecret": true}), super::world::sums);
    let (_, before) = world.state.directory.client(CLIENT).unwrap();
    let body = json!({
        "UserPoolId": POOL, "ClientId": CLIENT, "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"], "AuthSessionValidity": 15,
    });
    let client = world.call("UpdateUserPoolClient", body).await.ok()["UserPoolClient"].clone();
    assert_eq!(client["ClientSecret"], json!(before.secret));
    assert_eq!(client["AuthSessionValidity"], 15);
    assert_eq!(client["PreventUserExistenceErrors"], "LEGACY");
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await;
    assert_eq!(reply.error().1, "USER_PASSWORD_AUTH flow not enabled for this client");
    let wrong = json!({"UserPoolId": POOL, "ClientId": CLIENT, "AuthSessionValidity": 16});
    let reply = world.call("UpdateUserPoolClient", wrong).await;
    assert_eq!(reply.error().0, "InvalidParameterException");
    let other = world.call("CreateUserPool", json!({"PoolName": "p"})).await.ok();
    for operation in ["UpdateUserPoolClient", "DeleteUserPoolClient"] {
        let body = json!({"UserPoolId": other["UserPool"]["Id"], "ClientId": CLIENT});
        assert_eq!(world.call(operation, body).await.error().0, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_with_all_that_it_had() {
    for operation in ["DeleteUserPool", "DeleteUserPoolClient"] {
        let world = World::new();
        let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
        let tokens = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok()["AuthenticationResult"].clone();
        let asked = world.start("demo").await;
        let body = json!({"UserPoolId": POOL, "ClientId": CLIENT});
        world.call(operation, body.clone()).await.ok();
        assert_eq!(world.call(operation, body).await.error().0, "ResourceNotFoundException");
        let reply = world.answer("demo", &asked["Session"], "4").await;
        assert_eq!(reply.error().0, "ResourceNotFoundException");
        let token = json!({"AccessToken": tokens["AccessToken"]});
        assert_eq!(world.call("GetUser", token).await.error().0, "NotAuthorizedException");
    }
    let world = World::with(json!({"DeletionProtection": "ACTIVE"}), json!({}), super::world::sums);
    let reply = world.call("DeleteUserPool", json!({"UserPoolId": POOL})).await;
    assert_eq!(reply.error().0, "InvalidParameterException");
}

#[tokio::test]
async fn pools_and_clients_are_listed_page_by_page() {
    let world = World::new();
    for name in ["a", "b"] {
        world.call("CreateUserPool", json!({"PoolName": name})).await.ok();
        let client = json!({"UserPoolId": POOL, "ClientName": name});
        world.call("CreateUserPoolClient", client).await.ok();
    }
    for (operation, list, name) in [
        ("ListUserPools", "UserPools", "Name"),
        ("ListUserPoolClients", "UserPoolClients", "ClientName"),
    ] {
        let mut found = Vec::new();
        let mut next = Value::Null;
        loop {
            let body = json!({"UserPoolId": POOL, "MaxResults": 1, "NextToken": next});
            let page = world.call(operation, body).await.ok();
            assert_eq!(page[list].as_array().unwrap().len(), 1);
            found.push(page[list][0][name].as_str().unwrap().to_owned());
            next = page["NextToken"].clone();
            if next.is_null() {
                break;
            }
        }
        found.sort_unstable();
        assert_eq!(found.len(), 3);
        assert!(found.contains(&"a".to_owned()) && found.contains(&"b".to_owned()));
        for size in [0, 61] {
            let body = json!({"UserPoolId": POOL, "MaxResults": size});
            assert_eq!(world.call(operation, body).await.error().0, "InvalidParameterException");
        }
    }
}

#[tokio::test]
async fn a_pool_shows_the_texts_of_its_messages() {
    let world = World::new();
    let texts = json!({
        "EmailVerificationMessage": "mail {####}", "EmailVerificationSubject": "subject",
        "SmsAuthenticationMessage": "sign-in {####}", "SmsVerificationMessage": "number {####}",
    });
    let mut body = texts.clone();
    body["PoolName"] = "texts".into();
    let made = world.call("CreateUserPool", body).await.ok()["UserPool"].clone();
    for (name, text) in texts.as_object().unwrap() {
        assert_eq!(&made[name], text);
    }
}
