//! Groups, their members, and groups in tokens.

use serde_json::{Map, Value, json};

use super::world::{Answer, PASSWORD, POOL, World, object};
use crate::tokens::tests::KEYS;

const ROLE: &str = "arn:aws:iam::123456789012:role/staff";
const MISSING: (&str, &str) = ("ResourceNotFoundException", "Group not found.");

async fn call(world: &World, operation: &str, body: Value) -> Answer {
    let mut with_pool = object(body);
    with_pool.insert("UserPoolId".to_owned(), POOL.into());
    world.call(operation, with_pool.into()).await
}

async fn join(world: &World, user: &str, group: &str) -> Answer {
    call(
        world,
        "AdminAddUserToGroup",
        json!({"Username": user, "GroupName": group}),
    )
    .await
}

fn names(reply: &Value, list: &str, key: &str) -> Vec<String> {
    let items = reply[list].as_array().unwrap().iter();
    items.map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

async fn claims(world: &World) -> (Map<String, Value>, Map<String, Value>) {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    let token = |name: &str| reply["AuthenticationResult"][name].as_str().unwrap().to_owned();
    (
        KEYS.id.verify(&token("IdToken")).unwrap(),
        KEYS.access.verify(&token("AccessToken")).unwrap(),
    )
}

#[tokio::test]
async fn a_group_is_made_changed_and_removed() {
    let world = World::new();
    let made = json!({"GroupName": "staff", "Description": "who works here", "Precedence": 3, "RoleArn": ROLE});
    let group = call(&world, "CreateGroup", made.clone()).await.ok()["Group"].clone();
    assert_eq!(
        (&group["GroupName"], &group["UserPoolId"], &group["Description"]),
        (&json!("staff"), &json!(POOL), &json!("who works here"))
    );
    assert_eq!((&group["Precedence"], &group["RoleArn"]), (&json!(3), &json!(ROLE)));
    assert!(group["CreationDate"].is_f64() && group["LastModifiedDate"].is_f64());
    assert_eq!(
        call(&world, "CreateGroup", made).await.error(),
        ("GroupExistsException", "A group with the name already exists.")
    );
    let name = json!({"GroupName": "staff"});
    assert_eq!(call(&world, "GetGroup", name.clone()).await.ok()["Group"], group);
    world.wait(5);
    let change = json!({"GroupName": "staff", "Precedence": 0});
    let changed = call(&world, "UpdateGroup", change).await.ok()["Group"].clone();
    assert_eq!((&changed["Precedence"], &changed["RoleArn"]), (&json!(0), &json!(ROLE)));
    assert_ne!(changed["LastModifiedDate"], group["LastModifiedDate"]);
    call(&world, "DeleteGroup", name.clone()).await.ok();
    for operation in ["GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup"] {
        assert_eq!(call(&world, operation, name.clone()).await.error(), MISSING);
    }
    assert_eq!(join(&world, "demo", "staff").await.error(), MISSING);
}

#[tokio::test]
async fn what_cannot_be_a_group_is_refused() {
    let world = World::new();
    for wrong in [
        json!({}),
        json!({"GroupName": ""}),
        json!({"GroupName": "a b"}),
        json!({"GroupName": "a", "RoleArn": "arn:aws:iam::x:role/staff-and-more"}),
        json!({"GroupName": "a", "RoleArn": "too short"}),
        json!({"GroupName": "a", "Precedence": 2_147_483_648_u64}),
        json!({"GroupName": "a", "Precedence": -1}),
        json!({"GroupName": "a", "Description": "x".repeat(2049)}),
    ] {
        let reply = call(&world, "CreateGroup", wrong.clone()).await;
        assert_eq!(reply.error().0, "InvalidParameterException", "{wrong}");
    }
}

#[tokio::test]
async fn tokens_show_groups_by_precedence_and_roles_in_the_id_token_alone() {
    let world = World::new();
    let (id, access) = claims(&world).await;
    assert!(!id.contains_key("cognito:groups") && !access.contains_key("cognito:groups"));
    for (name, precedence) in [("a", Value::Null), ("b", json!(7)), ("c", json!(0))] {
        let role = format!("{ROLE}-{name}");
        let group = json!({"GroupName": name, "Precedence": precedence, "RoleArn": role});
        call(&world, "CreateGroup", group).await.ok();
        join(&world, "demo", name).await.ok();
    }
    let (id, access) = claims(&world).await;
    assert_eq!(id["cognito:groups"], json!(["c", "b", "a"]));
    let roles = ["c", "b", "a"].map(|name| format!("{ROLE}-{name}"));
    assert_eq!(id["cognito:roles"], json!(roles));
    assert_eq!(id["cognito:preferred_role"], json!(roles[0]));
    assert_eq!(access["cognito:groups"], json!(["c", "b", "a"]));
    assert!(!access.contains_key("cognito:roles") && !access.contains_key("cognito:preferred_role"));
    let leave = json!({"Username": "demo", "GroupName": "c"});
    call(&world, "AdminRemoveUserFromGroup", leave).await.ok();
    call(&world, "DeleteGroup", json!({"GroupName": "b"})).await.ok();
    assert_eq!(claims(&world).await.0["cognito:groups"], json!(["a"]));
}

#[tokio::test]
async fn groups_and_members_are_listed_in_pages() {
    let world = World::new();
    for name in ["ana", "bea"] {
        call(&world, "AdminCreateUser", json!({"Username": name})).await.ok();
    }
    for name in ["x", "y", "z"] {
        call(&world, "CreateGroup", json!({"GroupName": name})).await.ok();
        join(&world, "ana", name).await.ok();
    }
    join(&world, "bea", "x").await.ok();
    join(&world, "bea", "x").await.ok();
    let first = call(&world, "ListGroups", json!({"Limit": 2})).await.ok();
    assert_eq!(names(&first, "Groups", "GroupName"), ["x", "y"]);
    let more = json!({"Limit": 2, "NextToken": first["NextToken"]});
    let second = call(&world, "ListGroups", more).await.ok();
    assert_eq!(names(&second, "Groups", "GroupName"), ["z"]);
    assert!(second.get("NextToken").is_none());
    let own = call(&world, "AdminListGroupsForUser", json!({"Username": "bea"}))
        .await
        .ok();
    assert_eq!(names(&own, "Groups", "GroupName"), ["x"]);
    let members = json!({"GroupName": "x", "Limit": 1});
    let members = call(&world, "ListUsersInGroup", members).await.ok();
    assert_eq!(names(&members, "Users", "Username"), ["ana"]);
    let more = json!({"GroupName": "x", "Limit": 1, "NextToken": members["NextToken"]});
    let members = call(&world, "ListUsersInGroup", more).await.ok();
    assert_eq!(names(&members, "Users", "Username"), ["bea"]);
    for operation in [
        "AdminListGroupsForUser",
        "AdminAddUserToGroup",
        "AdminRemoveUserFromGroup",
    ] {
        let nobody = json!({"Username": "nobody", "GroupName": "x"});
        assert_eq!(
            call(&world, operation, nobody).await.error(),
            ("UserNotFoundException", "User does not exist.")
        );
    }
}

#[tokio::test]
async fn a_later_user_of_the_same_name_is_in_no_group() {
    let world = World::new();
    call(&world, "CreateGroup", json!({"GroupName": "admins"})).await.ok();
    call(&world, "AdminCreateUser", json!({"Username": "ana"})).await.ok();
    join(&world, "ana", "admins").await.ok();
    call(&world, "AdminDeleteUser", json!({"Username": "ana"})).await.ok();
    call(&world, "AdminCreateUser", json!({"Username": "ana"})).await.ok();
    let own = call(&world, "AdminListGroupsForUser", json!({"Username": "ana"}))
        .await
        .ok();
    assert_eq!(own, json!({"Groups": []}));
    let pool = world.state.directory.pool(POOL).unwrap();
    let groups = serde_json::to_value(world.state.directory.groups(&pool)).unwrap();
    assert_eq!(groups["admins"]["members"], json!([]), "a deleted user leaves nothing");
}
