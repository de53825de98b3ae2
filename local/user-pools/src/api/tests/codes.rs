//! Codes outside of sign-ins: forgotten passwords, new accounts, a user's addresses.

use serde_json::{Value, json};

use super::world::{Answer, CLIENT, INCORRECT, PASSWORD, POOL, World, sums};

const NEW: &str = "An0ther!pw";
const MISMATCH: (&str, &str) = (
    "CodeMismatchException",
    "Invalid verification code provided, please try again.",
);
const EXPIRED: (&str, &str) = (
    "ExpiredCodeException",
    "Invalid code provided, please request a code again.",
);

fn sent(world: &World) -> Vec<Value> {
    let outbox = world.outbox();
    outbox["messages"].as_array().unwrap().clone()
}

fn last_code(world: &World) -> String {
    sent(world)[0]["code"].as_str().unwrap().to_owned()
}

fn another(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn forgot(world: &World, name: &str) -> Answer {
    let body = json!({"ClientId": CLIENT, "Username": name});
    world.call("ForgotPassword", body).await
}

async fn confirm(world: &World, name: &str, code: &str, password: &str) -> Answer {
    let body = json!({"ClientId": CLIENT, "Username": name, "ConfirmationCode": code, "Password": password});
    world.call("ConfirmForgotPassword", body).await
}

async fn sign_in(world: &World, password: &str) -> Answer {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": password});
    world.initiate("USER_PASSWORD_AUTH", parameters).await
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_with_the_code_that_was_sent() {
    let world = World::new();
    let reply = forgot(&world, "demo").await.ok();
    let details = json!({"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "d***@e***"});
    assert_eq!(reply, json!({"CodeDeliveryDetails": details}));
    let code = last_code(&world);
    assert_eq!(confirm(&world, "demo", another(&code), NEW).await.error(), MISMATCH);
    assert_eq!(
        confirm(&world, "demo", &code, "weakweak").await.error().0,
        "InvalidPasswordException"
    );
    assert!(sign_in(&world, NEW).await.status == 400);
    confirm(&world, "demo", &code, NEW).await.ok();
    assert_eq!(sign_in(&world, PASSWORD).await.error(), INCORRECT);
    sign_in(&world, NEW).await.ok();
    assert_eq!(confirm(&world, "demo", &code, PASSWORD).await.error(), MISMATCH);
}

#[tokio::test]
async fn a_code_ends_with_time_with_a_newer_one_and_with_too_many_wrong_ones() {
    let legacy = || World::with(json!({}), json!({"PreventUserExistenceErrors": "LEGACY"}), sums);
    let world = legacy();
    forgot(&world, "demo").await.ok();
    world.wait(60 * 60);
    let code = last_code(&world);
    assert_eq!(confirm(&world, "demo", &code, NEW).await.error(), EXPIRED);
    let world = legacy();
    forgot(&world, "demo").await.ok();
    let code = last_code(&world);
    for _ in 0..10 {
        assert_eq!(confirm(&world, "demo", another(&code), NEW).await.error(), MISMATCH);
    }
    assert_eq!(confirm(&world, "demo", &code, NEW).await.error(), EXPIRED);
    forgot(&world, "demo").await.ok();
    let first = last_code(&world);
    forgot(&world, "demo").await.ok();
    if first != last_code(&world) {
        assert_eq!(confirm(&world, "demo", &first, NEW).await.error(), MISMATCH);
    }
    let not_found = ("UserNotFoundException", "Username/client id combination not found.");
    assert_eq!(forgot(&world, "nobody").await.error(), not_found);
}

#[tokio::test]
async fn a_nonexistent_user_looks_like_one_without_a_pending_code() {
    let world = World::new();
    let unverified = json!({"UserPoolId": POOL, "Username": "ana", "TemporaryPassword": PASSWORD});
    world.call("AdminCreateUser", unverified).await.ok();
    for name in ["nobody", "ana", "demo"] {
        assert_eq!(confirm(&world, name, "000000", NEW).await.error(), MISMATCH);
        let reply = forgot(&world, name).await.ok();
        assert_eq!(reply["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    }
    assert_eq!(sent(&world).len(), 1);
}

#[tokio::test]
async fn an_administrator_can_insist_on_another_password() {
    let world = World::new();
    let demo = json!({"UserPoolId": POOL, "Username": "demo"});
    world.call("AdminResetUserPassword", demo.clone()).await.ok();
    assert_eq!(
        world.call("AdminGetUser", demo).await.ok()["UserStatus"],
        "RESET_REQUIRED"
    );
    let required = ("PasswordResetRequiredException", "Password reset required for the user");
    assert_eq!(sign_in(&world, PASSWORD).await.error(), required);
    let code = last_code(&world);
    confirm(&world, "demo", &code, NEW).await.ok();
    sign_in(&world, NEW).await.ok();
}

#[tokio::test]
async fn a_new_account_is_confirmed_with_its_code() {
    let world = World::with(json!({"AutoVerifiedAttributes": ["email"]}), json!({}), sums);
    let email = json!([{"Name": "email", "Value": "ana@example.com"}]);
    let body = json!({"ClientId": CLIENT, "Username": "ana", "Password": PASSWORD, "UserAttributes": email});
    let reply = world.call("SignUp", body).await.ok();
    assert_eq!(reply["CodeDeliveryDetails"]["Destination"], "a***@e***");
    let old = last_code(&world);
    let ana = json!({"ClientId": CLIENT, "Username": "ana"});
    world.call("ResendConfirmationCode", ana.clone()).await.ok();
    let code = last_code(&world);
    let confirm = |code: &str| {
        let mut body = ana.clone();
        body["ConfirmationCode"] = json!(code);
        world.call("ConfirmSignUp", body)
    };
    if old != code {
        assert_eq!(confirm(&old).await.error(), MISMATCH);
    }
    confirm(&code).await.ok();
    assert_eq!(
        confirm(&code).await.error().1,
        "User cannot be confirmed. Current status is CONFIRMED"
    );
    assert_eq!(
        world.call("ResendConfirmationCode", ana.clone()).await.error().1,
        "User is already confirmed."
    );
    let user = json!({"UserPoolId": POOL, "Username": "ana"});
    let user = world.call("AdminGetUser", user).await.ok();
    let verified = json!({"Name": "email_verified", "Value": "true"});
    assert!(user["UserAttributes"].as_array().unwrap().contains(&verified));
}

#[tokio::test]
async fn a_code_verifies_the_address_that_it_went_to_and_no_other() {
    let world = World::new();
    let token = sign_in(&world, PASSWORD).await.ok()["AuthenticationResult"]["AccessToken"].clone();
    let change = |address: &str| {
        let attributes = json!([{"Name": "email", "Value": address}]);
        let body = json!({"AccessToken": token, "UserAttributes": attributes});
        world.call("UpdateUserAttributes", body)
    };
    let ask = || {
        let body = json!({"AccessToken": token, "AttributeName": "email"});
        world.call("GetUserAttributeVerificationCode", body)
    };
    let verify = |code: String| {
        let body = json!({"AccessToken": token, "AttributeName": "email", "Code": code});
        world.call("VerifyUserAttribute", body)
    };
    assert_eq!(
        change("one@example.com").await.ok(),
        json!({"CodeDeliveryDetailsList": []})
    );
    ask().await.ok();
    let code = last_code(&world);
    change("two@example.com").await.ok();
    assert_eq!(verify(code).await.error(), EXPIRED);
    ask().await.ok();
    let code = last_code(&world);
    assert_eq!(verify(another(&code).to_owned()).await.error(), MISMATCH);
    verify(code).await.ok();
    let user = world.call("GetUser", json!({"AccessToken": token})).await.ok();
    let verified = json!({"Name": "email_verified", "Value": "true"});
    assert!(user["UserAttributes"].as_array().unwrap().contains(&verified));
}

/// A pool that verifies e-mail addresses, and requests of its user.
struct Verifying {
    world: World,
    token: Value,
}

impl Verifying {
    async fn with(settings: Value) -> Self {
        let pool = json!({"AutoVerifiedAttributes": ["email"], "UserAttributeUpdateSettings": settings});
        let world = World::with(pool, json!({}), sums);
        let token = sign_in(&world, PASSWORD).await.ok()["AuthenticationResult"]["AccessToken"].clone();
        Self { world, token }
    }

    async fn change(&self, attributes: &[(&str, &str)]) -> Value {
        let body = json!({"AccessToken": self.token, "UserAttributes": pairs(attributes)});
        self.world.call("UpdateUserAttributes", body).await.ok()["CodeDeliveryDetailsList"].clone()
    }

    async fn verify(&self, code: &str) -> Answer {
        let body = json!({"AccessToken": self.token, "AttributeName": "email", "Code": code});
        self.world.call("VerifyUserAttribute", body).await
    }

    async fn by_admin(&self, attributes: &[(&str, &str)]) {
        let body = json!({"UserPoolId": POOL, "Username": "demo", "UserAttributes": pairs(attributes)});
        self.world.call("AdminUpdateUserAttributes", body).await.ok();
    }

    /// Returns the address and whether it is verified.
    async fn email(&self) -> (String, String) {
        let user = self
            .world
            .call("GetUser", json!({"AccessToken": self.token}))
            .await
            .ok();
        let value = |name: &str| {
            let attributes = user["UserAttributes"].as_array().unwrap();
            let found = attributes.iter().find(|attribute| attribute["Name"] == name).unwrap();
            found["Value"].as_str().unwrap().to_owned()
        };
        (value("email"), value("email_verified"))
    }
}

fn pairs(attributes: &[(&str, &str)]) -> Vec<Value> {
    let pair = |(name, value): &(&str, &str)| json!({"Name": name, "Value": value});
    attributes.iter().map(pair).collect()
}

fn email(address: &str, verified: &str) -> (String, String) {
    (address.to_owned(), verified.to_owned())
}

#[tokio::test]
async fn a_new_address_is_sent_a_code_where_the_pool_verifies_it() {
    let user = Verifying::with(json!({})).await;
    let details = json!([{"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "n***@e***"}]);
    assert_eq!(
        user.change(&[("email", "new@example.com"), ("phone_number", "+34600123456")])
            .await,
        details
    );
    assert_eq!(user.email().await, email("new@example.com", "false"));
    let code = last_code(&user.world);
    assert_eq!(user.verify(another(&code)).await.error(), MISMATCH);
    user.verify(&code).await.ok();
    assert_eq!(user.email().await, email("new@example.com", "true"));
    for same in ["new@example.com", ""] {
        assert_eq!(user.change(&[("email", same)]).await, json!([]));
    }
    assert_eq!(sent(&user.world).len(), 1);
    user.by_admin(&[("email", "a@example.com"), ("email_verified", "true")])
        .await;
    assert_eq!(sent(&user.world).len(), 1);
    user.by_admin(&[("email", "b@example.com")]).await;
    assert_eq!(user.email().await, email("b@example.com", "false"));
    user.verify(&last_code(&user.world)).await.ok();
    assert_eq!(user.email().await, email("b@example.com", "true"));
}

#[tokio::test]
async fn an_address_that_has_to_be_verified_first_stays_until_then() {
    let user = Verifying::with(json!({"AttributesRequireVerificationBeforeUpdate": ["email"]})).await;
    let old = || email("demo@example.com", "true");
    let change = [("email", "new@example.com"), ("name", "Demo")];
    assert_eq!(user.change(&change).await[0]["Destination"], "n***@e***");
    assert_eq!(sent(&user.world)[0]["to"], "new@example.com");
    assert_eq!(user.email().await, old());
    let code = last_code(&user.world);
    assert_eq!(user.verify(another(&code)).await.error(), MISMATCH);
    assert_eq!(user.email().await, old());
    user.verify(&code).await.ok();
    assert_eq!(user.email().await, email("new@example.com", "true"));

    user.change(&[("email", "late@example.com")]).await;
    let late = last_code(&user.world);
    user.by_admin(&[("email", "said@example.com"), ("email_verified", "true")])
        .await;
    assert_eq!(user.verify(&late).await.error(), EXPIRED);
    assert_eq!(user.email().await, email("said@example.com", "true"));
}
