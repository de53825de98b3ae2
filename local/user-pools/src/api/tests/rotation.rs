//! Rotation of refresh tokens.

use serde_json::{Value, json};

use super::world::{Answer, CLIENT, PASSWORD, World, sums};
use crate::tokens::tests::KEYS;

fn world(grace: u64) -> World {
    let client = json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": grace}});
    World::with(json!({}), client, sums)
}

async fn sign_in(world: &World) -> Value {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    reply["AuthenticationResult"].clone()
}

async fn renew(world: &World, token: &Value) -> Answer {
    let body = json!({"ClientId": CLIENT, "RefreshToken": token});
    world.call("GetTokensFromRefreshToken", body).await
}

#[tokio::test]
async fn each_renewal_gives_the_next_token_and_ends_the_last_after_the_grace_period() {
    let world = world(10);
    let signed_in = sign_in(&world).await;
    let first = &signed_in["RefreshToken"];
    let renewed = renew(&world, first).await.ok()["AuthenticationResult"].clone();
    let second = &renewed["RefreshToken"];
    assert!(second.is_string() && second != first);
    let origin = |result: &Value| {
        let claims: Value = KEYS.access.verify(result["AccessToken"].as_str().unwrap()).unwrap();
        claims["origin_jti"].clone()
    };
    assert_eq!(origin(&signed_in), origin(&renewed));
    world.wait(9);
    // A retry returns tokens but does not extend the time.
    renew(&world, first).await.ok();
    world.wait(1);
    assert_eq!(renew(&world, first).await.error().0, "RefreshTokenReuseException");
    renew(&world, second).await.ok();
}

#[tokio::test]
async fn without_a_grace_period_a_token_works_once() {
    let world = world(0);
    let first = sign_in(&world).await["RefreshToken"].clone();
    renew(&world, &first).await.ok();
    assert_eq!(renew(&world, &first).await.error().0, "RefreshTokenReuseException");
}

#[tokio::test]
async fn the_next_token_is_good_as_long_as_the_first_would_have_been() {
    let world = world(0);
    let mut token = sign_in(&world).await["RefreshToken"].clone();
    for _ in 0..2 {
        world.wait(14 * 24 * 60 * 60);
        token = renew(&world, &token).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    }
    world.wait(2 * 24 * 60 * 60);
    assert_eq!(
        renew(&world, &token).await.error(),
        ("NotAuthorizedException", "Refresh Token has expired")
    );
}

#[tokio::test]
async fn the_flow_of_old_does_not_renew_and_revoking_ends_all() {
    let world = world(60);
    let first = sign_in(&world).await["RefreshToken"].clone();
    let old = world
        .initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": first}))
        .await;
    assert_eq!(
        old.error(),
        (
            "InvalidParameterException",
            "REFRESH_TOKEN_AUTH flow not enabled for this client"
        )
    );
    let second = renew(&world, &first).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    let revoke = json!({"ClientId": CLIENT, "Token": second});
    world.call("RevokeToken", revoke).await.ok();
    for token in [&first, &second] {
        assert_eq!(renew(&world, token).await.error().1, "Refresh Token has been revoked");
    }
}

#[tokio::test]
async fn a_client_that_rotates_says_so() {
    let world = world(30);
    let body = json!({"UserPoolId": super::world::POOL, "ClientId": CLIENT});
    let described = world.call("DescribeUserPoolClient", body).await.ok();
    assert_eq!(
        described["UserPoolClient"]["RefreshTokenRotation"],
        json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": 30})
    );
}
