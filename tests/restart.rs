//! Tests which data is kept when `local` ends, and how `local` protects its folder.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use aws_cognito_srp::{SrpClient, TrackedDevice, UntrackedDevice};
use loop_tests::local::{Client, Local, Refusal};
use loop_tests::script::right_answer;
use serde_json::{Value, json};
use tempfile::TempDir;
use totp_rs::{Algorithm, Secret, TOTP};

/// Tokens are valid in the next run only if both runs have the same issuer.
const SAME_ISSUER: [&str; 2] = ["--issuer", "http://127.0.0.1:9229"];

/// A pool with an app client and a user called jane, all created through the API.
struct Pool {
    id: String,
    client: String,
}

impl Pool {
    fn make(client: &Client) -> Self {
        let make = |operation: &str, body: Value| client.call(operation, &body).unwrap();
        let tracking = json!({"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false});
        let pool = make(
            "CreateUserPool",
            json!({"PoolName": "lasting", "DeviceConfiguration": tracking}),
        );
        let id = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
        let app = json!({"Enabled": true});
        make(
            "SetUserPoolMfaConfig",
            json!({"UserPoolId": id, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": app}),
        );
        let flows = [
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ];
        let app_client = make(
            "CreateUserPoolClient",
            json!({"UserPoolId": id, "ClientName": "lasting", "ExplicitAuthFlows": flows,
                "PreventUserExistenceErrors": "ENABLED"}),
        );
        let user = json!({"UserPoolId": id, "Username": "jane", "MessageAction": "SUPPRESS"});
        make("AdminCreateUser", user);
        make(
            "AdminSetUserPassword",
            json!({"UserPoolId": id, "Username": "jane", "Password": "Passw0rd!first", "Permanent": true}),
        );
        Self {
            client: app_client["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned(),
            id,
        }
    }

    fn start(&self, client: &Client, flow: &str, parameters: &Value) -> Result<Value, Refusal> {
        let body = json!({"AuthFlow": flow, "ClientId": self.client, "AuthParameters": parameters});
        client.call("InitiateAuth", &body)
    }

    fn sign_in(&self, client: &Client, password: &str) -> Result<Value, Refusal> {
        let parameters = json!({"USERNAME": "jane", "PASSWORD": password});
        self.start(client, "USER_PASSWORD_AUTH", &parameters)
    }

    fn respond(&self, client: &Client, reply: &Value, responses: &Value) -> Result<Value, Refusal> {
        let body = json!({"ClientId": self.client, "ChallengeName": reply["ChallengeName"],
            "Session": reply["Session"], "ChallengeResponses": responses});
        client.call("RespondToAuthChallenge", &body)
    }

    /// Signs in with a device instead of a second factor.
    fn sign_in_with(&self, client: &Client, password: &str, device: &Device) -> Result<Value, Refusal> {
        let srp = SrpClient::new(device.tracked(&self.id), &self.client, None);
        let parameters = json!({"USERNAME": "jane", "PASSWORD": password, "DEVICE_KEY": device.key});
        let asked = self.start(client, "USER_PASSWORD_AUTH", &parameters)?;
        assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
        let srp_a = srp.get_auth_parameters().a;
        let responses = json!({"USERNAME": "jane", "DEVICE_KEY": device.key, "SRP_A": srp_a});
        let asked = self.respond(client, &asked, &responses)?;
        let given = |name: &str| asked["ChallengeParameters"][name].as_str().unwrap();
        let proof = srp
            .verify(given("SECRET_BLOCK"), given("SALT"), given("SRP_B"))
            .unwrap();
        let responses = json!({"USERNAME": "jane", "DEVICE_KEY": device.key, "TIMESTAMP": proof.timestamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": proof.password_claim_secret_block,
            "PASSWORD_CLAIM_SIGNATURE": proof.password_claim_signature});
        self.respond(client, &asked, &responses)
    }
}

/// A device that its user has confirmed.
struct Device {
    key: String,
    group: String,
    password: String,
}

impl Device {
    fn confirm(client: &Client, pool: &Pool, tokens: &Value) -> Self {
        let metadata = &tokens["NewDeviceMetadata"];
        let text = |name: &str| metadata[name].as_str().unwrap().to_owned();
        let (key, group) = (text("DeviceKey"), text("DeviceGroupKey"));
        let untracked = UntrackedDevice::new(&pool.id, &group, &key);
        let verifier = SrpClient::new(untracked, &pool.client, None).get_password_verifier();
        let body = json!({"AccessToken": tokens["AccessToken"], "DeviceKey": key, "DeviceName": "laptop",
            "DeviceSecretVerifierConfig": {"PasswordVerifier": verifier.verifier, "Salt": verifier.salt}});
        client.call("ConfirmDevice", &body).unwrap();
        let password = verifier.password;
        Self { key, group, password }
    }

    fn tracked(&self, pool: &str) -> TrackedDevice {
        TrackedDevice::new(pool, &self.group, &self.key, &self.password)
    }
}

/// Returns the public keys of a pool.
fn jwks(local: &Local, pool: &str) -> Vec<u8> {
    Local::get(&format!("{}/{pool}/.well-known/jwks.json", local.endpoint)).unwrap()
}

#[test]
fn users_sessions_and_tokens_are_kept_after_a_kill() {
    let folder = TempDir::new().unwrap();
    let local = Local::start_in(folder.path(), &SAME_ISSUER);
    let client = Client::new(&local);
    let pool = Pool::make(&client);
    let kept = pool.sign_in(&client, "Passw0rd!first").unwrap()["AuthenticationResult"].clone();
    let device = Device::confirm(&client, &pool, &kept);
    let call = |operation: &str, body: Value| client.call(operation, &body).unwrap();
    let access = &kept["AccessToken"];
    let passwords = json!({"AccessToken": access, "PreviousPassword": "Passw0rd!first",
        "ProposedPassword": "Passw0rd!second"});
    call("ChangePassword", passwords);
    let secret = call("AssociateSoftwareToken", json!({"AccessToken": access}))["SecretCode"].clone();
    let secret = Secret::Encoded(secret.as_str().unwrap().to_owned()).to_bytes().unwrap();
    let app = TOTP::new_unchecked(Algorithm::SHA1, 6, 1, 30, secret);
    let code = app.generate_current().unwrap();
    call("VerifySoftwareToken", json!({"AccessToken": access, "UserCode": code}));
    let on = json!({"Enabled": true, "PreferredMfa": true});
    call(
        "SetUserMFAPreference",
        json!({"AccessToken": access, "SoftwareTokenMfaSettings": on}),
    );
    let asked = pool.sign_in(&client, "Passw0rd!second").unwrap();
    // The code after the current one, which is used up. `local` accepts it early, because clocks differ.
    let code = app.generate(app.next_step_current().unwrap());
    let with_code = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": code});
    let revoked = pool.respond(&client, &asked, &with_code).unwrap()["AuthenticationResult"].clone();
    call(
        "RevokeToken",
        json!({"ClientId": pool.client, "Token": revoked["RefreshToken"]}),
    );
    let keys = jwks(&local, &pool.id);
    let salt = |client: &Client| {
        let parameters = json!({"USERNAME": "ghost", "SRP_A": "12345"});
        pool.start(client, "USER_SRP_AUTH", &parameters).unwrap()["ChallengeParameters"]["SALT"].clone()
    };
    let ghost = salt(&client);
    local.kill();
    drop(local);

    let local = Local::start_in(folder.path(), &SAME_ISSUER);
    let client = Client::new(&local);
    assert_eq!(jwks(&local, &pool.id), keys);
    assert_eq!(salt(&client), ghost);
    assert_eq!(
        pool.sign_in(&client, "Passw0rd!first").unwrap_err(),
        Refusal::incorrect()
    );
    let asked = pool.sign_in(&client, "Passw0rd!second").unwrap();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let used = pool.respond(&client, &asked, &with_code).unwrap_err();
    assert_eq!(used.message, "Your software token has already been used once.");
    assert!(pool.sign_in_with(&client, "Passw0rd!second", &device).is_ok());

    let get_user = |tokens: &Value| client.call("GetUser", &json!({"AccessToken": tokens["AccessToken"]}));
    assert_eq!(get_user(&kept).unwrap()["Username"], "jane");
    assert_eq!(get_user(&revoked).unwrap_err().message, "Access Token has been revoked");
    let refresh = |tokens: &Value, device: &str| {
        let parameters = json!({"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": device});
        pool.start(&client, "REFRESH_TOKEN_AUTH", &parameters)
    };
    assert!(refresh(&kept, &device.key).is_ok());
    assert!(refresh(&kept, "us-east-1_another").is_err());
    assert_eq!(
        refresh(&revoked, &device.key).unwrap_err().message,
        "Refresh Token has been revoked"
    );
}

#[test]
fn questions_and_their_answers_are_the_same_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let run = || {
        let local = Local::start_in(folder.path(), &["--flow", "SECURITY_QUESTION:1"]);
        let client = Client::new(&local);
        let asked = client.start("demo").unwrap();
        let answer = right_answer(&asked["ChallengeParameters"], &Value::Null);
        let answered = client.answer("demo", &asked, &answer, &Value::Null);
        assert!(answered.is_ok(), "{answered:?}");
        let ghost = client.start("ghost").unwrap()["ChallengeParameters"]["questionId"].clone();
        let demo = local.admin("AdminGetUser", &json!({"Username": "demo"}));
        (asked["ChallengeParameters"]["questionId"].clone(), ghost, demo)
    };
    assert_eq!(run(), run());
}

#[test]
fn the_template_determines_its_pool_and_the_users_are_kept() {
    let folder = TempDir::new().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let template = fs::read_to_string(workspace.join("template.yaml")).unwrap();
    let changed = template.replace("MinimumLength: 12", "MinimumLength: 20");
    assert_ne!(changed, template);
    let other = folder.path().join("template.yaml");
    fs::write(&other, changed).unwrap();
    let shortest = |args: &[&str]| {
        let local = Local::start_in(&folder.path().join("kept"), args);
        let pool = local.admin("DescribeUserPool", &json!({}));
        let demo = local.admin("AdminGetUser", &json!({"Username": "demo"}));
        (
            pool["UserPool"]["Policies"]["PasswordPolicy"]["MinimumLength"]
                .as_u64()
                .unwrap(),
            pool["UserPool"]["CreationDate"].clone(),
            demo["UserAttributes"].clone(),
        )
    };
    let (first, made, user) = shortest(&[]);
    assert_eq!(
        shortest(&["--template", other.to_str().unwrap()]),
        (20, made.clone(), user.clone())
    );
    assert_eq!(shortest(&[]), (first, made, user));
}

#[test]
fn all_confirmed_writes_are_kept_after_a_kill_during_a_burst() {
    let folder = TempDir::new().unwrap();
    let local = Local::start_in(folder.path(), &["--no-demo-user"]);
    let pool = Client::new(&local)
        .call("CreateUserPool", &json!({"PoolName": "burst"}))
        .unwrap();
    let pool = pool["UserPool"]["Id"].as_str().unwrap();
    let (sender, receiver) = mpsc::channel();
    let answered: Vec<String> = thread::scope(|scope| {
        for thread in 0..4 {
            let (local, sender) = (&local, sender.clone());
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("user-{thread}-{number}");
                    let body = json!({"UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS"});
                    match Client::new(local).try_call("AdminCreateUser", &body) {
                        Some(made) => drop(made.unwrap()),
                        None => break,
                    }
                    sender.send(name).unwrap();
                }
            });
        }
        drop(sender);
        let mut answered: Vec<_> = receiver.iter().take(200).collect();
        local.kill();
        answered.extend(receiver);
        answered
    });
    assert!(answered.len() >= 200);
    drop(local);
    let local = Local::start_in(folder.path(), &["--no-demo-user"]);
    for name in answered {
        let found = Client::new(&local).call("AdminGetUser", &json!({"UserPoolId": pool, "Username": name}));
        assert!(found.is_ok(), "{name}: {found:?}");
    }
}

#[test]
fn a_folder_in_use_is_denied_to_a_second_instance_and_to_a_reset() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let sub = |local: &Local| local.admin("AdminGetUser", &json!({"Username": "demo"}))["UserAttributes"].clone();
    let local = Local::start_in(folder.path(), &[]);
    let first = sub(&local);
    for (code, printed) in [Local::fails(&["--data-dir", path]), Local::reset(folder.path())] {
        assert_eq!(code, Some(2), "{printed}");
        assert!(
            printed.contains("another `local`") && printed.contains(path),
            "{printed}"
        );
    }
    drop(local);
    let (code, printed) = Local::reset(folder.path());
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains(path), "{printed}");
    assert_ne!(sub(&Local::start_in(folder.path(), &[])), first);
}

#[test]
fn a_damaged_file_is_an_error_that_names_the_fix() {
    let folder = TempDir::new().unwrap();
    drop(Local::start_in(folder.path(), &[]));
    let file = folder.path().join("state.redb");
    let mut bytes = fs::read(&file).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&file, bytes).unwrap();
    let (code, printed) = Local::fails(&["--data-dir", folder.path().to_str().unwrap()]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(
        printed.contains("damaged") && printed.contains("cognito-loop reset --data-dir"),
        "{printed}"
    );
    assert!(!printed.contains("panicked"), "{printed}");
    assert_eq!(Local::reset(folder.path()).0, Some(0));
    drop(Local::start_in(folder.path(), &[]));
}
