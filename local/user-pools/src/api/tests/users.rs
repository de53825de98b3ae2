//! The operations on users, pools and clients, and the published keys.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::world::{CLIENT, PASSWORD, POOL, World, sums};

fn target(name: &str) -> Value {
    json!({"UserPoolId": POOL, "Username": name})
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(super::world::object(more));
    body
}

fn attribute<'a>(attributes: &'a Value, name: &str) -> Option<&'a str> {
    attributes
        .as_array()
        .unwrap()
        .iter()
        .find(|attribute| attribute["Name"] == name)?["Value"]
        .as_str()
}

#[tokio::test]
async fn a_user_is_made_changed_and_removed() {
    let world = World::new();
    let made = with(
        target("ana"),
        json!({"UserAttributes": [{"Name": "email", "Value": "a@example.com"}]}),
    );
    let user = world.call("AdminCreateUser", made.clone()).await.ok()["User"].clone();
    assert_eq!(
        (&user["Username"], &user["UserStatus"], &user["Enabled"]),
        (&json!("ana"), &json!("FORCE_CHANGE_PASSWORD"), &json!(true))
    );
    assert!(user["UserCreateDate"].is_f64());
    assert_eq!(
        world.call("AdminCreateUser", made).await.error(),
        ("UsernameExistsException", "User account already exists")
    );
    let password = with(target("ana"), json!({"Password": "Passw0rd!ana", "Permanent": true}));
    world.call("AdminSetUserPassword", password).await.ok();
    let change = with(
        target("ana"),
        json!({"UserAttributes": [{"Name": "email", "Value": ""}, {"Name": "name", "Value": "Ana"}]}),
    );
    world.call("AdminUpdateUserAttributes", change).await.ok();
    let user = world.call("AdminGetUser", target("ana")).await.ok();
    assert_eq!(user["UserStatus"], "CONFIRMED");
    assert_eq!(attribute(&user["UserAttributes"], "name"), Some("Ana"));
    assert_eq!(attribute(&user["UserAttributes"], "email"), None);
    assert!(attribute(&user["UserAttributes"], "sub").is_some());
    let sign_in = json!({"USERNAME": "ana", "PASSWORD": "Passw0rd!ana"});
    world.initiate("USER_PASSWORD_AUTH", sign_in).await.ok();
    world.call("AdminDeleteUser", target("ana")).await.ok();
    for operation in ["AdminGetUser", "AdminDeleteUser"] {
        assert_eq!(
            world.call(operation, target("ana")).await.error(),
            ("UserNotFoundException", "User does not exist.")
        );
    }
}

#[tokio::test]
async fn weak_passwords_are_refused() {
    let world = World::new();
    let weak = with(target("demo"), json!({"Password": "password", "Permanent": true}));
    let reply = world.call("AdminSetUserPassword", weak).await;
    let text = "Password did not conform with policy: Password must have uppercase characters";
    assert_eq!(reply.error(), ("InvalidPasswordException", text));
    let blank = with(target("demo"), json!({"Password": "Pass w0rd!"}));
    let text = r"1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\S]+";
    assert_eq!(
        world.call("AdminSetUserPassword", blank).await.error(),
        ("InvalidParameterException", text)
    );
}

#[tokio::test]
async fn a_new_account_is_confirmed_by_an_administrator_before_signing_in() {
    let world = World::with(
        json!({"Schema": [{"Name": "x"}]}),
        json!({"WriteAttributes": ["email", "name"]}),
        sums,
    );
    let up = |attributes: Value| {
        world.call(
            "SignUp",
            json!({"ClientId": CLIENT, "Username": "ana", "Password": PASSWORD, "UserAttributes": attributes}),
        )
    };
    let text = "A client attempted to write unauthorized attribute";
    assert_eq!(
        up(json!([{"Name": "custom:x", "Value": "1"}])).await.error(),
        ("NotAuthorizedException", text)
    );
    assert_eq!(
        up(json!([{"Name": "email_verified", "Value": "true"}])).await.error().1,
        text
    );
    let reply = up(json!([{"Name": "email", "Value": "a@example.com"}])).await.ok();
    assert_eq!(reply["UserConfirmed"], false);
    assert_eq!(
        up(json!([])).await.error(),
        ("UsernameExistsException", "User already exists")
    );
    let unconfirmed = ("UserNotConfirmedException", "User is not confirmed.");
    for (flow, parameters) in [
        ("CUSTOM_AUTH", json!({"USERNAME": "ana"})),
        ("USER_PASSWORD_AUTH", json!({"USERNAME": "ana", "PASSWORD": "wrong"})),
        ("USER_SRP_AUTH", json!({"USERNAME": "ana", "SRP_A": "2"})),
    ] {
        assert_eq!(world.initiate(flow, parameters).await.error(), unconfirmed);
    }
    world.call("AdminConfirmSignUp", target("ana")).await.ok();
    world
        .initiate("USER_PASSWORD_AUTH", json!({"USERNAME": "ana", "PASSWORD": PASSWORD}))
        .await
        .ok();
    let reply = world.call("AdminConfirmSignUp", target("ana")).await;
    assert_eq!(reply.error().1, "User cannot be confirmed. Current status is CONFIRMED");
}

#[tokio::test]
async fn get_user_shows_what_the_client_may_read_to_the_bearer_of_a_good_token() {
    let world = World::with(
        json!({"Schema": [{"Name": "secret"}]}),
        json!({"ReadAttributes": ["email"]}),
        sums,
    );
    let change =
        json!({"UserAttributes": [{"Name": "custom:secret", "Value": "hash"}, {"Name": "name", "Value": "D"}]});
    world
        .call("AdminUpdateUserAttributes", with(target("demo"), change))
        .await
        .ok();
    let sign_in = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let result = world.initiate("USER_PASSWORD_AUTH", sign_in).await.ok()["AuthenticationResult"].clone();
    let get = |token: &Value| world.call("GetUser", json!({"AccessToken": token}));
    let user = get(&result["AccessToken"]).await.ok();
    let names: Vec<&str> = user["UserAttributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["Name"].as_str().unwrap())
        .collect();
    assert_eq!(
        (user["Username"].as_str(), names.as_slice()),
        (Some("demo"), ["sub", "email"].as_slice())
    );
    for bad in [
        &result["IdToken"],
        &result["RefreshToken"],
        &json!("x"),
        &json!("a.b.c"),
    ] {
        assert_eq!(
            get(bad).await.error(),
            ("NotAuthorizedException", "Invalid Access Token")
        );
    }
    world.wait(3600);
    assert_eq!(get(&result["AccessToken"]).await.error().1, "Access Token has expired");
}

#[tokio::test]
async fn users_are_listed_in_pages_and_filtered() {
    let world = World::new();
    for name in ["ana", "bea", "cleo"] {
        let email = format!("{name}@example.com");
        let made = with(
            target(name),
            json!({"UserAttributes": [{"Name": "email", "Value": email}]}),
        );
        world.call("AdminCreateUser", made).await.ok();
    }
    let list = |more: Value| world.call("ListUsers", with(json!({"UserPoolId": POOL}), more));
    let names = |page: &Value| -> Vec<String> {
        page["Users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["Username"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = list(json!({"Limit": 2})).await.ok();
    assert_eq!(names(&first), ["ana", "bea"]);
    let second = list(json!({"Limit": 2, "PaginationToken": first["PaginationToken"]}))
        .await
        .ok();
    assert_eq!(names(&second), ["cleo", "demo"]);
    assert!(second.get("PaginationToken").is_none());
    assert_eq!(
        names(&list(json!({"Filter": "email = \"bea@example.com\""})).await.ok()),
        ["bea"]
    );
    assert_eq!(
        names(
            &list(json!({"Filter": "cognito:user_status = \"CONFIRMED\""}))
                .await
                .ok()
        ),
        ["demo"]
    );
    let page = list(json!({"Filter": "username ^= \"a\"", "AttributesToGet": ["sub"]}))
        .await
        .ok();
    assert_eq!(page["Users"][0]["Attributes"].as_array().unwrap().len(), 1);
    assert_eq!(
        list(json!({"Filter": "email"})).await.error().0,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn no_user_is_lost_between_pages_where_names_are_folded() {
    let world = World::with(
        json!({"UsernameConfiguration": {"CaseSensitive": false}}),
        json!({}),
        super::world::sums,
    );
    for name in ["alice", "Bob", "carol", "Dave"] {
        world.call("AdminCreateUser", target(name)).await.ok();
    }
    world
        .call("CreateGroup", json!({"UserPoolId": POOL, "GroupName": "all"}))
        .await
        .ok();
    for name in ["alice", "Bob", "carol", "Dave", "demo"] {
        let joins = with(target(name), json!({"GroupName": "all"}));
        world.call("AdminAddUserToGroup", joins).await.ok();
    }
    for (operation, token) in [("ListUsers", "PaginationToken"), ("ListUsersInGroup", "NextToken")] {
        let mut found = Vec::new();
        let mut next = Value::Null;
        loop {
            let request = json!({"UserPoolId": POOL, "GroupName": "all", "Limit": 1, token: next});
            let page = world.call(operation, request).await.ok();
            found.push(page["Users"][0]["Username"].as_str().unwrap().to_owned());
            next = page[token].clone();
            if next.is_null() {
                break;
            }
        }
        found.sort();
        assert_eq!(found, ["Bob", "Dave", "alice", "carol", "demo"], "{operation}");
    }
}

#[tokio::test]
async fn users_are_found_by_whether_they_are_turned_off() {
    let world = World::new();
    world.call("AdminCreateUser", target("ana")).await.ok();
    world.call("AdminDisableUser", target("ana")).await.ok();
    let found = async |status: &str| {
        let filter = json!({"UserPoolId": POOL, "Filter": format!("status = \"{status}\"")});
        world.call("ListUsers", filter).await.ok()["Users"].clone()
    };
    for (status, names) in [
        ("Enabled", vec!["demo"]),
        ("Disabled", vec!["ana"]),
        ("disabled", vec![]),
    ] {
        let users = found(status).await;
        let users: Vec<_> = users.as_array().unwrap().iter().map(|user| &user["Username"]).collect();
        assert_eq!(users, names, "{status}");
    }
}

#[tokio::test]
async fn a_flag_may_be_written_in_capitals_and_counts() {
    let world = World::with(json!({"AliasAttributes": ["email"]}), json!({}), super::world::sums);
    let attributes = json!([
        {"Name": "email", "Value": "ana@example.com"}, {"Name": "email_verified", "Value": "True"},
    ]);
    let made = with(target("ana"), json!({"UserAttributes": attributes}));
    world.call("AdminCreateUser", made).await.ok();
    let found = world.call("AdminGetUser", target("ana@example.com")).await.ok();
    assert_eq!(found["Username"], "ana");
    let change = with(
        target("ana"),
        json!({"UserAttributes": [{"Name": "email_verified", "Value": "FALSE"}]}),
    );
    world.call("AdminUpdateUserAttributes", change).await.ok();
    let found = world.call("AdminGetUser", target("ana@example.com")).await;
    assert_eq!(found.error().0, "UserNotFoundException");
    let wrong = with(
        target("ana"),
        json!({"UserAttributes": [{"Name": "email_verified", "Value": "yes"}]}),
    );
    let refused = world.call("AdminUpdateUserAttributes", wrong).await;
    assert_eq!(refused.error().0, "InvalidParameterException");
}

#[tokio::test]
async fn whether_a_client_uses_the_hosted_pages_is_described() {
    let world = World::new();
    for (given, described) in [
        (Value::Null, false),
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
    ] {
        let made = json!({"UserPoolId": POOL, "ClientName": "c", "AllowedOAuthFlowsUserPoolClient": given});
        let client = world.call("CreateUserPoolClient", made).await.ok()["UserPoolClient"].clone();
        let id = json!({"UserPoolId": POOL, "ClientId": client["ClientId"]});
        let client = world.call("DescribeUserPoolClient", id).await.ok()["UserPoolClient"].clone();
        assert_eq!(client["AllowedOAuthFlowsUserPoolClient"], described, "{given}");
    }
}

#[tokio::test]
async fn pools_and_clients_are_described_as_they_were_made() {
    let world = World::new();
    let pool = json!({
        "PoolName": "mine", "UsernameAttributes": ["email"], "Policies": {"PasswordPolicy": {"MinimumLength": 10}},
        "LambdaConfig": {"DefineAuthChallenge": "arn:aws:lambda:us-east-1:123456789012:function:Define"},
    });
    let made = world.call("CreateUserPool", pool).await.ok();
    let id = &made["UserPool"]["Id"];
    let described = world.call("DescribeUserPool", json!({"UserPoolId": id})).await.ok();
    assert_eq!(described, made);
    let pool = &described["UserPool"];
    assert_eq!(
        (&pool["Name"], &pool["UsernameAttributes"]),
        (&json!("mine"), &json!(["email"]))
    );
    assert_eq!(pool["Policies"]["PasswordPolicy"]["MinimumLength"], 10);
    assert_eq!(
        pool["LambdaConfig"]["DefineAuthChallenge"],
        "arn:aws:lambda:us-east-1:000000000000:function:Define"
    );
    let client = json!({"UserPoolId": id, "ClientName": "c", "GenerateSecret": true, "AuthSessionValidity": 5});
    let made = world.call("CreateUserPoolClient", client).await.ok();
    let client_id = &made["UserPoolClient"]["ClientId"];
    assert_eq!(client_id.as_str().unwrap().len(), 26);
    assert!(made["UserPoolClient"]["ClientSecret"].is_string());
    let described = world
        .call(
            "DescribeUserPoolClient",
            json!({"UserPoolId": id, "ClientId": client_id}),
        )
        .await
        .ok();
    assert_eq!(described, made);
    assert_eq!(described["UserPoolClient"]["AuthSessionValidity"], 5);
    let foreign = world
        .call(
            "DescribeUserPoolClient",
            json!({"UserPoolId": POOL, "ClientId": client_id}),
        )
        .await;
    assert_eq!(foreign.error().0, "ResourceNotFoundException");
    let demo = world
        .call(
            "DescribeUserPoolClient",
            json!({"UserPoolId": POOL, "ClientId": CLIENT}),
        )
        .await
        .ok();
    assert!(demo["UserPoolClient"].get("ClientSecret").is_none());
}

#[tokio::test]
async fn keys_and_issuer_are_published() {
    let world = World::new();
    let configuration = world
        .get(&format!("/{POOL}/.well-known/openid-configuration"))
        .await
        .ok();
    let issuer = format!("http://127.0.0.1:9229/{POOL}");
    assert_eq!(configuration["issuer"], issuer);
    assert_eq!(configuration["jwks_uri"], format!("{issuer}/.well-known/jwks.json"));
    let keys = world.get(&format!("/{POOL}/.well-known/jwks.json")).await.ok();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert_eq!(world.get("/us-east-1_nobody/.well-known/jwks.json").await.status, 404);
}

#[tokio::test]
async fn the_deployed_template_leaves_custom_challenges_as_the_only_way_in() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let settings = sam_template::Deployment {
        parameters: BTreeMap::new(),
        region: "us-east-1".into(),
        stack: "local".into(),
        pool_id: POOL.into(),
        client_id: CLIENT.into(),
        secret: "a development secret of 32 bytes".into(),
        secrets: BTreeMap::new(),
        builds: true,
    };
    let template = sam_template::Template::read(&workspace.join("template.yaml"), &settings).unwrap();
    let (pool, client) = (
        template.user_pools[0].properties.clone(),
        template.clients[0].properties.clone(),
    );
    let world = World::with(Value::Object(pool), Value::Object(client), sums);
    world.start("demo").await;
    let alias = world.start("demo@example.com").await;
    assert_eq!(alias["ChallengeParameters"]["USERNAME"], "demo");
    for flow in ["USER_PASSWORD_AUTH", "USER_SRP_AUTH"] {
        let reply = world
            .initiate(flow, json!({"USERNAME": "demo", "PASSWORD": PASSWORD, "SRP_A": "2"}))
            .await;
        assert_eq!(reply.error().0, "InvalidParameterException");
    }
    let hash = json!({"UserAttributes": [{"Name": "custom:security_questions", "Value": "hash"}]});
    world
        .call("AdminUpdateUserAttributes", with(target("demo"), hash))
        .await
        .ok();
    let challenge = world.start("demo").await;
    let result = world.answer("demo", &challenge["Session"], "4").await.ok();
    let token = &result["AuthenticationResult"]["AccessToken"];
    let user = world.call("GetUser", json!({"AccessToken": token})).await.ok();
    assert_eq!(attribute(&user["UserAttributes"], "custom:security_questions"), None);
    let up = json!({"ClientId": CLIENT, "Username": "ana", "Password": PASSWORD});
    let text = "SignUp is not permitted for this user pool";
    assert_eq!(world.call("SignUp", up).await.error(), ("NotAuthorizedException", text));
}
