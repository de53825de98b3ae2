//! Attributes are added to an existing pool.

use serde_json::{Value, json};

use super::world::{PASSWORD, POOL, World, sums};

async fn add(world: &World, attributes: Value) -> super::world::Answer {
    let body = json!({"UserPoolId": POOL, "CustomAttributes": attributes});
    world.call("AddCustomAttributes", body).await
}

/// Returns the names of the pool's custom attributes.
async fn names(world: &World) -> Vec<String> {
    let pool = world.call("DescribeUserPool", json!({"UserPoolId": POOL})).await.ok();
    let attributes = pool["UserPool"]["SchemaAttributes"].as_array().unwrap();
    let names = attributes.iter().map(|attribute| attribute["Name"].as_str().unwrap());
    names.filter(|name| name.contains(':')).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_user_has_an_attribute_once_it_is_added_and_as_it_was_described() {
    let world = World::new();
    let set = |value: &str| {
        let attribute = json!({"Name": "custom:level", "Value": value});
        world.call(
            "AdminUpdateUserAttributes",
            json!({"UserPoolId": POOL, "Username": "demo", "UserAttributes": [attribute]}),
        )
    };
    assert_eq!(set("3").await.error().0, "InvalidParameterException");
    let level =
        json!({"Name": "level", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MaxValue": "9"}});
    assert_eq!(add(&world, json!([level])).await.ok(), json!({}));
    set("3").await.ok();
    assert_eq!(set("10").await.error().0, "InvalidParameterException");
    // An update of the pool keeps them.
    let update = json!({"UserPoolId": POOL, "PoolName": "new"});
    world.call("UpdateUserPool", update).await.ok();
    set("4").await.ok();
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
}

#[tokio::test]
async fn every_name_gets_the_prefix_also_one_that_has_it_or_is_a_standard_attributes() {
    let world = World::with(json!({"Schema": [{"Name": "x"}]}), json!({}), sums);
    let added =
        json!([{"Name": "custom:x", "AttributeDataType": "String"}, {"Name": "email", "AttributeDataType": "String"}]);
    add(&world, added).await.ok();
    assert_eq!(names(&world).await, ["custom:custom:x", "custom:email", "custom:x"]);
}

#[tokio::test]
async fn if_one_attribute_is_invalid_none_is_added() {
    let world = World::with(json!({"Schema": [{"Name": "x"}]}), json!({}), sums);
    let good = json!({"Name": "good"});
    let exists = "custom:x: Existing attribute already has name custom:x.";
    let twice = "custom:good: Existing attribute already has name custom:good.";
    for (bad, message) in [
        (json!({"Name": "x"}), exists),
        (good.clone(), twice),
        (json!({}), "`CustomAttributes[1].Name` is missing"),
        (
            json!({"Name": ""}),
            "1 validation error detected: Value at 'customAttributes.2.member.name' failed to satisfy constraint: Member \
             must have length greater than or equal to 1",
        ),
        (
            json!({"Name": "a".repeat(21)}),
            "1 validation error detected: Value at 'customAttributes.2.member.name' failed to satisfy constraint: Member \
             must have length less than or equal to 20",
        ),
        (
            json!({"Name": "y", "Required": true}),
            "Required custom attributes are not supported currently.",
        ),
        (
            json!({"Name": "y", "AttributeDataType": "Date"}),
            "1 validation error detected: Value at 'customAttributes.2.member.attributeDataType' failed to satisfy \
             constraint: Member must satisfy enum value set: [String, Number, DateTime, Boolean]",
        ),
        (
            json!({"Name": "y", "DeveloperOnlyAttribute": true}),
            "DeveloperOnlyAttribute is not supported by local",
        ),
    ] {
        let answer = add(&world, json!([good, bad])).await;
        assert_eq!(answer.error(), ("InvalidParameterException", message));
        assert_eq!(names(&world).await, ["custom:x"]);
    }
}

#[tokio::test]
async fn a_request_has_1_to_25_attributes_and_a_pool_50() {
    let world = World::new();
    let some = |from: usize, to: usize| (from..to).map(|n| json!({"Name": format!("a{n}")})).collect::<Value>();
    let told = |constraint: &str| {
        format!("1 validation error detected: Value at 'customAttributes' failed to satisfy constraint: {constraint}")
    };
    for (attributes, message) in [
        (json!([]), told("Member must have length greater than or equal to 1")),
        (some(0, 26), told("Member must have length less than or equal to 25")),
        (
            Value::Null,
            "1 validation error detected: Value null at 'customAttributes' failed to satisfy constraint: Member must \
             not be null"
                .to_owned(),
        ),
    ] {
        let answer = add(&world, attributes).await;
        assert_eq!(answer.error(), ("InvalidParameterException", message.as_str()));
    }
    let answer = add(&world, json!(["a"])).await;
    assert_eq!(answer.error().0, "SerializationException");
    add(&world, some(0, 25)).await.ok();
    add(&world, some(25, 49)).await.ok();
    assert_eq!(
        add(&world, some(49, 51)).await.error(),
        ("InvalidParameterException", "a user pool may have 50 custom attributes")
    );
    add(&world, some(49, 50)).await.ok();
    assert_eq!(names(&world).await.len(), 50);
}

#[tokio::test]
async fn no_attribute_is_added_to_a_pool_that_is_not_there() {
    let body = json!({"UserPoolId": "us-east-1_none", "CustomAttributes": [{"Name": "x"}]});
    let answer = World::new().call("AddCustomAttributes", body).await;
    assert_eq!(answer.error().0, "ResourceNotFoundException");
}
