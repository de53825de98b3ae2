//! Tags of pools.

use serde_json::{Value, json};

use super::world::{POOL, World, sums};

fn arn() -> String {
    format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{POOL}")
}

async fn tags(world: &World) -> Value {
    let body = json!({"ResourceArn": arn()});
    world.call("ListTagsForResource", body).await.ok()["Tags"].clone()
}

#[tokio::test]
async fn tags_are_added_replaced_and_taken_away() {
    let world = World::with(json!({"UserPoolTags": {"stage": "test", "team": "a"}}), json!({}), sums);
    assert_eq!(tags(&world).await, json!({"stage": "test", "team": "a"}));
    let body = json!({"ResourceArn": arn(), "Tags": {"team": "b", "cost": ""}});
    world.call("TagResource", body).await.ok();
    let body = json!({"ResourceArn": arn(), "TagKeys": ["stage", "none"]});
    world.call("UntagResource", body).await.ok();
    let left = json!({"team": "b", "cost": ""});
    assert_eq!(tags(&world).await, left);
    let pool = world.call("DescribeUserPool", json!({"UserPoolId": POOL})).await.ok();
    assert_eq!(pool["UserPool"]["UserPoolTags"], left);
}

#[tokio::test]
async fn a_pool_has_at_most_fifty_tags() {
    let world = World::new();
    let many: serde_json::Map<String, Value> = (0..51).map(|number| (format!("k{number}"), "v".into())).collect();
    let body = json!({"ResourceArn": arn(), "Tags": many});
    assert_eq!(
        world.call("TagResource", body).await.error().0,
        "InvalidParameterException"
    );
    assert_eq!(tags(&world).await, json!({}));
    let other = arn().replace(POOL, "us-east-1_Nothing");
    let refused = world.call("ListTagsForResource", json!({"ResourceArn": other})).await;
    assert_eq!(refused.error().0, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_is_outside_is_refused_by_its_name() {
    let world = World::new();
    for (operation, what) in [
        ("CreateResourceServer", "resource servers"),
        ("CreateIdentityProvider", "identity providers"),
        ("CreateUserPoolDomain", "domains of OAuth 2.0 pages"),
        ("AdminLinkProviderForUser", "identity providers"),
    ] {
        let reply = world.call(operation, json!({})).await;
        let expected = format!("operation `{operation}` is not supported by local, which has no {what}");
        assert_eq!(reply.error(), ("UnknownOperationException", expected.as_str()));
    }
    let page = world.get("/oauth2/authorize?client_id=x").await;
    assert_eq!(page.status, 404);
    assert_eq!(page.body["message"], "OAuth 2.0 pages are not supported by local");
}
