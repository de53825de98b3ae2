//! Tokens are renewed and revoked, accounts are disabled, and passwords are changed.

use serde_json::{Value, json};

use super::world::{Answer, CLIENT, INCORRECT, PASSWORD, POOL, World, sums};

const INVALID_REFRESH: (&str, &str) = ("NotAuthorizedException", "Invalid Refresh Token.");
const REVOKED_REFRESH: (&str, &str) = ("NotAuthorizedException", "Refresh Token has been revoked");
const REVOKED: (&str, &str) = ("NotAuthorizedException", "Access Token has been revoked");

async fn sign_in(world: &World) -> Value {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    world.initiate("USER_PASSWORD_AUTH", parameters).await.ok()["AuthenticationResult"].clone()
}

async fn user(world: &World, tokens: &Value) -> Answer {
    world
        .call("GetUser", json!({"AccessToken": tokens["AccessToken"]}))
        .await
}

async fn renew(world: &World, tokens: &Value) -> Answer {
    let body = json!({"ClientId": CLIENT, "RefreshToken": tokens["RefreshToken"]});
    world.call("GetTokensFromRefreshToken", body).await
}

fn demo() -> Value {
    json!({"UserPoolId": POOL, "Username": "demo"})
}

#[tokio::test]
async fn a_refresh_token_gives_new_tokens_by_the_newer_operation_as_well() {
    let world = World::new();
    let tokens = sign_in(&world).await;
    let reply = renew(&world, &tokens).await.ok();
    assert_eq!(
        reply.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["AuthenticationResult"]
    );
    let renewed = &reply["AuthenticationResult"];
    user(&world, renewed).await.ok();
    assert!(renewed.get("RefreshToken").is_none());
    let garbage = json!({"RefreshToken": "garbage"});
    assert_eq!(renew(&world, &garbage).await.error(), INVALID_REFRESH);
    let other = json!({"UserPoolId": POOL, "ClientName": "c"});
    let other = world.call("CreateUserPoolClient", other).await.ok();
    let body = json!({"ClientId": other["UserPoolClient"]["ClientId"], "RefreshToken": tokens["RefreshToken"]});
    assert_eq!(
        world.call("GetTokensFromRefreshToken", body).await.error(),
        INVALID_REFRESH
    );
    let closed = World::with(
        json!({}),
        json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}),
        sums,
    );
    let tokens = sign_in(&closed).await;
    assert_eq!(renew(&closed, &tokens).await.error().0, "InvalidParameterException");
}

#[tokio::test]
async fn a_client_with_a_secret_sends_it() {
    let world = World::with(json!({}), json!({"GenerateSecret": true}), sums);
    let (_, client) = world.state.directory.client(CLIENT).unwrap();
    for operation in ["GetTokensFromRefreshToken", "RevokeToken"] {
        for (secret, message) in [
            (Value::Null, "Unable to verify secret for client"),
            (json!("w".repeat(24)), "Unable to verify secret for client"),
            (json!(client.secret), "Invalid Refresh Token."),
        ] {
            let body = json!({"ClientId": CLIENT, "RefreshToken": "x", "Token": "x", "ClientSecret": secret});
            let reply = world.call(operation, body).await;
            if reply.status == 200 {
                assert_eq!((operation, message), ("RevokeToken", "Invalid Refresh Token."));
            } else {
                assert!(reply.error().1.starts_with(message), "{reply:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_revoked_token_ends_its_sign_in_and_no_other() {
    let world = World::new();
    let (one, two) = (sign_in(&world).await, sign_in(&world).await);
    let renewed = renew(&world, &one).await.ok()["AuthenticationResult"].clone();
    let revoke = |token: &Value| world.call("RevokeToken", json!({"ClientId": CLIENT, "Token": token}));
    assert_eq!(
        revoke(&one["AccessToken"]).await.error().0,
        "UnsupportedTokenTypeException"
    );
    revoke(&json!("garbage")).await.ok();
    user(&world, &one).await.ok();
    revoke(&one["RefreshToken"]).await.ok();
    for tokens in [&one, &renewed] {
        assert_eq!(user(&world, tokens).await.error(), REVOKED);
    }
    assert_eq!(renew(&world, &one).await.error(), REVOKED_REFRESH);
    user(&world, &two).await.ok();
    renew(&world, &two).await.ok();
}

#[tokio::test]
async fn a_global_sign_out_ends_every_sign_in_of_the_user() {
    for admin in [false, true] {
        let world = World::new();
        let (one, two) = (sign_in(&world).await, sign_in(&world).await);
        if admin {
            world.call("AdminUserGlobalSignOut", demo()).await.ok();
        } else {
            let body = json!({"AccessToken": one["AccessToken"]});
            world.call("GlobalSignOut", body).await.ok();
        }
        for tokens in [&one, &two] {
            assert_eq!(user(&world, tokens).await.error(), REVOKED);
            assert_eq!(renew(&world, tokens).await.error(), REVOKED_REFRESH);
        }
        // Within the same second.
        user(&world, &sign_in(&world).await).await.ok();
    }
}

#[tokio::test]
async fn a_disabled_user_gets_nowhere_until_enabled() {
    let world = World::new();
    let tokens = sign_in(&world).await;
    let asked = world.start("demo").await;
    world.call("AdminDisableUser", demo()).await.ok();
    let disabled = ("NotAuthorizedException", "User is disabled.");
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    for flow in ["USER_PASSWORD_AUTH", "CUSTOM_AUTH"] {
        assert_eq!(world.initiate(flow, parameters.clone()).await.error(), disabled);
    }
    assert_eq!(world.answer("demo", &asked["Session"], "4").await.error(), disabled);
    assert_eq!(user(&world, &tokens).await.error(), REVOKED);
    assert_eq!(renew(&world, &tokens).await.error(), REVOKED_REFRESH);
    assert_eq!(world.call("AdminGetUser", demo()).await.ok()["Enabled"], false);
    world.call("AdminEnableUser", demo()).await.ok();
    sign_in(&world).await;
    assert_eq!(user(&world, &tokens).await.error(), REVOKED);
}

#[tokio::test]
async fn a_password_is_changed_with_the_old_one() {
    let world = World::new();
    let tokens = sign_in(&world).await;
    let change = |previous: &str, proposed: &str| {
        let body = json!({
            "AccessToken": tokens["AccessToken"], "PreviousPassword": previous, "ProposedPassword": proposed,
        });
        world.call("ChangePassword", body)
    };
    assert_eq!(change("Wr0ng!pass", "An0ther!pw").await.error(), INCORRECT);
    assert_eq!(change(PASSWORD, "weakweak").await.error().0, "InvalidPasswordException");
    change(PASSWORD, "An0ther!pw").await.ok();
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    assert_eq!(
        world.initiate("USER_PASSWORD_AUTH", parameters).await.error(),
        INCORRECT
    );
    let parameters = json!({"USERNAME": "demo", "PASSWORD": "An0ther!pw"});
    world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    // Wrong passwords count as in sign-ins.
    for _ in 0..5 {
        assert_eq!(change(PASSWORD, "An0ther!pw").await.error(), INCORRECT);
    }
    assert_eq!(
        change("An0ther!pw", PASSWORD).await.error().1,
        "Password attempts exceeded"
    );
}

#[tokio::test]
async fn users_change_what_their_client_may_write() {
    let schema = json!({"Schema": [{"Name": "secret", "Mutable": true}]});
    let world = World::with(schema, json!({}), sums);
    let tokens = sign_in(&world).await;
    let update = |name: &str, value: &str| {
        let attributes = json!([{"Name": name, "Value": value}]);
        let body = json!({"AccessToken": tokens["AccessToken"], "UserAttributes": attributes});
        world.call("UpdateUserAttributes", body)
    };
    for name in ["custom:secret", "email_verified", "nonsense"] {
        assert_eq!(update(name, "true").await.error().0, "NotAuthorizedException");
    }
    update("email", "new@example.com").await.ok();
    let attributes = user(&world, &tokens).await.ok()["UserAttributes"].clone();
    let attributes = attributes.as_array().unwrap();
    for expected in [("email", "new@example.com"), ("email_verified", "false")] {
        assert!(
            attributes.contains(&json!({"Name": expected.0, "Value": expected.1})),
            "{attributes:?}"
        );
    }
}
