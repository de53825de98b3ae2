//! Removal of attributes, and of users by themselves.

use serde_json::{Value, json};

use super::world::{PASSWORD, POOL, World, sums};

async fn tokens(world: &World) -> Value {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    world.initiate("USER_PASSWORD_AUTH", parameters).await.ok()["AuthenticationResult"].clone()
}

async fn names(world: &World) -> Vec<Value> {
    let user = json!({"UserPoolId": POOL, "Username": "demo"});
    let user = world.call("AdminGetUser", user).await.ok();
    let attributes = user["UserAttributes"].as_array().unwrap();
    attributes.iter().map(|attribute| attribute["Name"].clone()).collect()
}

#[tokio::test]
async fn an_address_goes_with_what_says_that_it_is_verified() {
    let world = World::new();
    let token = tokens(&world).await["AccessToken"].clone();
    assert_eq!(names(&world).await, ["sub", "email", "email_verified"]);
    let body = json!({"AccessToken": token, "UserAttributeNames": ["email", "nickname"]});
    world.call("DeleteUserAttributes", body).await.ok();
    assert_eq!(names(&world).await, ["sub"]);
}

#[tokio::test]
async fn what_has_to_stay_stays() {
    let schema = json!({"Schema": [
        {"Name": "email", "Required": true}, {"Name": "fixed", "Mutable": false}, {"Name": "free"},
    ]});
    let world = World::with(schema, json!({"WriteAttributes": ["email"]}), sums);
    let token = tokens(&world).await["AccessToken"].clone();
    for (name, problem) in [
        ("email", "Attribute is required and cannot be deleted."),
        ("custom:fixed", "Attribute cannot be updated."),
        ("sub", "Attribute cannot be updated."),
        ("custom:no", "Attribute does not exist in the schema."),
    ] {
        let body = json!({"UserPoolId": POOL, "Username": "demo", "UserAttributeNames": ["custom:free", name]});
        let refused = world.call("AdminDeleteUserAttributes", body).await;
        assert_eq!(
            refused.error(),
            (
                "InvalidParameterException",
                format!("user.{name}: {problem}\n").as_str()
            )
        );
    }
    let body = json!({"AccessToken": token, "UserAttributeNames": ["custom:free"]});
    let refused = world.call("DeleteUserAttributes", body).await;
    assert_eq!(refused.error().0, "NotAuthorizedException");
    let none = world.call("DeleteUserAttributes", json!({"AccessToken": token})).await;
    assert!(
        none.error().1.contains("Value null at 'userAttributeNames'"),
        "{none:?}"
    );
}

#[tokio::test]
async fn a_user_who_leaves_is_gone_with_all_tokens() {
    let world = World::new();
    let tokens = tokens(&world).await;
    let body = json!({"AccessToken": tokens["AccessToken"]});
    world.call("DeleteUser", body.clone()).await.ok();
    let refused = world.call("GetUser", body).await;
    assert_eq!(refused.status, 400);
    let renew = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
    assert_eq!(
        world.initiate("REFRESH_TOKEN_AUTH", renew).await.error().1,
        "Refresh Token has been revoked"
    );
    let user = json!({"UserPoolId": POOL, "Username": "demo"});
    assert_eq!(
        world.call("AdminGetUser", user).await.error().0,
        "UserNotFoundException"
    );
}
