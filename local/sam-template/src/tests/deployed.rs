//! Rules of the template that is deployed.

use std::time::Duration;

use cognito_challenge::flow::Flow;
use serde_json::{Value, json};

use super::super::{Function, Template, UserPool, UserPoolClient};
use super::{deployment, with, workspace};

fn deployed() -> Template {
    Template::read(&workspace().join("template.yaml"), &deployment()).unwrap()
}

fn function(template: &Template, name: &str) -> Function {
    template
        .functions
        .iter()
        .find(|function| function.logical_id == name)
        .unwrap()
        .clone()
}

fn pool() -> UserPool {
    deployed().user_pools.into_iter().next().unwrap()
}

fn client() -> UserPoolClient {
    deployed().clients.into_iter().next().unwrap()
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_str().unwrap())
        .collect()
}

#[test]
fn the_functions_are_built_from_their_packages() {
    let template = deployed();
    let built: Vec<(&str, &str)> = template
        .functions
        .iter()
        .map(|function| (function.logical_id.as_str(), function.binary.as_str()))
        .collect();
    let expected = [
        ("DefineAuthChallengeFunction", "define-auth-challenge"),
        ("CreateAuthChallengeFunction", "create-auth-challenge"),
        ("VerifyAuthChallengeFunction", "verify-auth-challenge"),
        ("PreTokenGenerationFunction", "pre-token-generation"),
        ("EnrolmentFunction", "enrolment"),
    ];
    assert_eq!(built, expected);
}

#[test]
fn no_function_outlasts_the_five_seconds_that_cognito_waits() {
    assert!(
        deployed()
            .functions
            .iter()
            .all(|function| function.timeout <= Duration::from_secs(5))
    );
}

#[test]
fn define_and_create_have_the_same_flow() {
    let template = deployed();
    let flow = |name| function(&template, name).environment["AUTH_FLOW"].clone();
    assert_eq!(flow("DefineAuthChallengeFunction"), flow("CreateAuthChallengeFunction"));
    assert_eq!(
        flow("DefineAuthChallengeFunction"),
        "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3"
    );
}

#[test]
fn the_flow_is_one_that_the_functions_understand() {
    let flow = function(&deployed(), "DefineAuthChallengeFunction").environment["AUTH_FLOW"].clone();
    assert!(Flow::parse(&flow).is_ok());
}

#[test]
fn only_create_verify_and_enrolment_have_the_secret() {
    let template = deployed();
    let secret = |name| function(&template, name).environment.get("CHALLENGE_SECRET").cloned();
    assert_eq!(secret("DefineAuthChallengeFunction"), None);
    assert_eq!(secret("PreTokenGenerationFunction"), None);
    assert_eq!(secret("CreateAuthChallengeFunction"), Some(deployment().secret));
    assert_eq!(secret("VerifyAuthChallengeFunction"), Some(deployment().secret));
    assert_eq!(secret("EnrolmentFunction"), Some(deployment().secret));
}

#[test]
fn create_verify_and_enrolment_get_the_version_of_the_secret_that_was_chosen() {
    let path = workspace().join("template.yaml");
    let chosen = with(&[("ChallengeSecretVersion", "9f1b8a52-0000-4000-8000-00000000abcd")]);
    let template = Template::read(&path, &chosen).unwrap();
    for name in [
        "CreateAuthChallengeFunction",
        "VerifyAuthChallengeFunction",
        "EnrolmentFunction",
    ] {
        assert_eq!(
            function(&template, name).environment["CHALLENGE_SECRET"],
            deployment().secret
        );
    }
    let refused = Template::read(&path, &with(&[("ChallengeSecretVersion", "AWSCURRENT")]));
    assert!(refused.unwrap_err().to_string().contains("ChallengeSecretVersion"));
    // `local` keeps only one version: CloudFormation resolves this text.
    let text = std::fs::read_to_string(path).unwrap();
    let pinned = "!Sub '{{resolve:secretsmanager:${ChallengeSecret}:SecretString:::${ChallengeSecretVersion}}}'";
    assert_eq!(text.matches(pinned).count(), 3);
}

#[test]
fn a_provider_has_variables_only_if_it_is_used_and_its_secret_only_in_verify() {
    let parameters = [
        ("CapEndpoint", "https://cap.example.com/d9256640cb53/"),
        ("CaptchaHostnames", "app.example.com,www.example.com"),
        ("CaptchaSecretName", "captcha"),
        ("HcaptchaSiteKey", "10000000-ffff-ffff-ffff-000000000001"),
        ("RecaptchaSiteKey", "6Lc_aX0UAAAAABx7"),
        ("TurnstileSiteKey", "0x4AAAAAAA"),
    ];
    let mut deployment = with(&parameters);
    let secrets = r#"{"cap": "marked-1", "hcaptcha": "marked-2", "recaptcha": "marked-3", "turnstile": "marked-4"}"#;
    deployment.secrets = [("captcha".to_owned(), secrets.to_owned())].into();
    let template = Template::read(&workspace().join("template.yaml"), &deployment).unwrap();
    let own = |template: &Template, name: &str| -> Vec<String> {
        let is_own = |name: &&String| {
            let prefixes = [
                "CAP_",
                "CAPTCHA_HOST",
                "CAPTCHA_MIN",
                "HCAPTCHA_",
                "RECAPTCHA_",
                "TURNSTILE_",
            ];
            prefixes.iter().any(|prefix| name.starts_with(prefix))
        };
        function(template, name)
            .environment
            .keys()
            .filter(is_own)
            .cloned()
            .collect()
    };
    for name in [
        "DefineAuthChallenge",
        "CreateAuthChallenge",
        "VerifyAuthChallenge",
        "PreTokenGeneration",
        "Enrolment",
    ] {
        let name = format!("{name}Function");
        assert_eq!(own(&deployed(), &name), Vec::<String>::new());
        let marked = function(&template, &name)
            .environment
            .values()
            .filter(|value| value.contains("marked"))
            .count();
        assert_eq!(marked, if name.starts_with("Verify") { 4 } else { 0 }, "{name}");
    }
    assert_eq!(
        own(&template, "CreateAuthChallengeFunction"),
        [
            "CAP_ENDPOINT",
            "HCAPTCHA_SITE_KEY",
            "RECAPTCHA_KIND",
            "RECAPTCHA_SITE_KEY",
            "TURNSTILE_SITE_KEY"
        ]
    );
    assert_eq!(
        own(&template, "VerifyAuthChallengeFunction"),
        [
            "CAPTCHA_HOSTNAMES",
            "CAPTCHA_MIN_SCORE",
            "CAP_ENDPOINT",
            "CAP_SECRET",
            "HCAPTCHA_SECRET",
            "HCAPTCHA_SITE_KEY",
            "RECAPTCHA_KIND",
            "RECAPTCHA_SECRET",
            "TURNSTILE_SECRET"
        ]
    );
    assert_eq!(
        function(&template, "VerifyAuthChallengeFunction").environment["RECAPTCHA_SECRET"],
        "marked-3"
    );
}

#[test]
fn create_writes_to_the_bucket_of_the_template() {
    let template = deployed();
    let create = function(&template, "CreateAuthChallengeFunction");
    assert_eq!(create.environment["CAPTCHA_BUCKET"], template.buckets["CaptchaBucket"]);
    assert_eq!(create.environment["DEFAULT_LOCALE"], "en");
}

#[test]
fn functions_know_how_long_the_client_lets_an_answer_take() {
    let overridden = with(&[("AuthSessionMinutes", "7")]);
    let template = Template::read(&workspace().join("template.yaml"), &overridden).unwrap();
    assert_eq!(template.clients[0].properties["AuthSessionValidity"], json!(7));
    for name in ["CreateAuthChallengeFunction", "VerifyAuthChallengeFunction"] {
        assert_eq!(function(&template, name).environment["AUTH_SESSION_MINUTES"], "7");
    }
}

#[test]
fn the_pool_has_a_function_for_each_trigger() {
    let triggers: Vec<(String, String)> = pool().triggers.into_iter().collect();
    let pair = |trigger: &str, function: &str| (trigger.to_owned(), function.to_owned());
    let expected = [
        pair("CreateAuthChallenge", "CreateAuthChallengeFunction"),
        pair("DefineAuthChallenge", "DefineAuthChallengeFunction"),
        pair("PreTokenGeneration", "PreTokenGenerationFunction"),
        pair("VerifyAuthChallengeResponse", "VerifyAuthChallengeFunction"),
    ];
    assert_eq!(triggers, expected);
}

#[test]
fn the_client_belongs_to_the_pool() {
    assert_eq!(client().user_pool, pool().logical_id);
    assert_eq!(client().properties["UserPoolId"], json!(deployment().pool_id));
}

#[test]
fn no_flow_gets_around_the_challenges() {
    let client = client();
    assert_eq!(
        strings(&client.properties["ExplicitAuthFlows"]),
        ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    );
    assert_eq!(pool().properties["MfaConfiguration"], "OFF");
}

#[test]
fn the_client_does_not_tell_who_exists() {
    assert_eq!(client().properties["PreventUserExistenceErrors"], "ENABLED");
}

#[test]
fn no_client_reads_or_writes_the_enrolled_questions() {
    let client = client();
    let question = "custom:security_questions";
    // Both lists are required: without one, a client may read or write every attribute.
    assert!(!strings(&client.properties["ReadAttributes"]).contains(&question));
    assert!(!strings(&client.properties["WriteAttributes"]).contains(&question));
}

#[test]
fn the_pool_can_hold_the_enrolled_questions() {
    let attribute = pool().properties["Schema"][0].clone();
    assert_eq!(attribute["Name"], "security_questions");
    assert_eq!(attribute["Mutable"], true);
    assert_eq!(attribute["StringAttributeConstraints"]["MaxLength"], "2048");
}

#[test]
fn people_sign_in_with_a_name_or_an_address() {
    let pool = pool();
    assert_eq!(strings(&pool.properties["AliasAttributes"]), ["email"]);
    assert_eq!(pool.properties.get("UsernameAttributes"), None);
}

#[test]
fn a_named_revision_has_the_pool_call_the_same_functions_by_their_aliases() {
    let triggers = |revision: &str| {
        let template = workspace().join("template.yaml");
        let template = Template::read(&template, &with(&[("Revision", revision)])).unwrap();
        let pool = template.user_pools.first().unwrap();
        (pool.triggers.clone(), pool.properties["LambdaConfig"].clone())
    };
    let (direct, arns) = triggers("");
    let (named, aliases) = triggers("12");
    assert_eq!(named, direct);
    assert_eq!(direct.len(), 4);
    for trigger in direct.keys() {
        let arn = arns[trigger].as_str().unwrap();
        assert_eq!(aliases[trigger], format!("{arn}:live"));
    }
}

#[test]
fn every_permission_is_for_this_pool_alone() {
    let text = std::fs::read_to_string(workspace().join("template.yaml")).unwrap();
    let permissions = text.matches("Type: AWS::Lambda::Permission").count();
    // One for each function, and one for its alias.
    assert_eq!(permissions, 8);
    let this_pool = "SourceArn: !If
        - NewPool
        - !GetAtt UserPool.Arn
        - !Sub 'arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${ExistingUserPoolId}'
";
    assert_eq!(text.matches(this_pool).count(), permissions);
}

#[test]
fn no_second_client_pool_or_sign_in_page_gets_around_the_challenges() {
    let template = deployed();
    assert_eq!(template.user_pools.len(), 1);
    assert_eq!(template.clients.len(), 1);
    // The hosted pages ask only for the password, or use another identity provider.
    let text = std::fs::read_to_string(workspace().join("template.yaml")).unwrap();
    assert!(!text.contains("AWS::Cognito::UserPoolDomain"));
    assert!(!text.contains("AWS::Cognito::UserPoolIdentityProvider"));
    for property in ["AllowedOAuthFlows", "AllowedOAuthFlowsUserPoolClient"] {
        assert_eq!(template.clients[0].properties.get(property), None);
    }
    // A tracked device, or a code in place of the password, is not a step of the flow.
    for property in ["DeviceConfiguration", "EnabledMfas", "WebAuthnRelyingPartyID"] {
        assert_eq!(pool().properties.get(property), None);
    }
    assert_eq!(pool().properties["Policies"].get("SignInPolicy"), None);
}

#[test]
fn an_existing_pool_is_left_alone() {
    let existing = with(&[("ExistingUserPoolId", "us-east-1_Example01")]);
    let template = Template::read(&workspace().join("template.yaml"), &existing).unwrap();
    assert_eq!(template.user_pools.len(), 0);
    assert_eq!(template.clients.len(), 0);
    assert_eq!(template.functions.len(), 4);
}

#[test]
fn answers_are_enrolled_where_questions_are_asked_of_clients_that_are_known() {
    let read = |parameters: &[(&str, &str)]| {
        let template = Template::read(&workspace().join("template.yaml"), &with(parameters)).unwrap();
        let mut functions = template.functions.into_iter();
        let function = functions.find(|function| function.logical_id == "EnrolmentFunction");
        (function, template.tables.len())
    };
    for (parameters, offered) in [
        ([].as_slice(), true),
        (&[("AuthFlow", "SECURITY_QUESTION:3")], true),
        (&[("AuthFlow", "PASSWORD,SECURITY_QUESTION|EMAIL_CODE:3")], true),
        (&[("AuthFlow", "PASSWORD,CAPTCHA:3")], false),
        (&[("Enrolment", "Disabled")], false),
        (&[("ExistingUserPoolId", "us-east-1_Example01")], false),
        (
            &[
                ("ExistingUserPoolId", "us-east-1_Example01"),
                ("EnrolmentClients", "web,app"),
            ],
            true,
        ),
    ] {
        assert_eq!(read(parameters).0.is_some(), offered, "{parameters:?}");
    }
    let environment = read(&[]).0.unwrap().environment;
    assert_eq!(environment["USER_POOL_ID"], deployment().pool_id);
    assert_eq!(environment["ENROLMENT_CLIENTS"], deployment().client_id);
    assert_eq!(environment["ENROLMENT_NOTICES"], "Enabled");
    assert_eq!(environment.get("MAIL_FROM"), None);
    // The table is created for links and for the count of wrong answers.
    assert_eq!(read(&[("CountAttempts", "Disabled")]).1, 1);
    assert_eq!(read(&[("CountAttempts", "Disabled"), ("Enrolment", "Disabled")]).1, 0);
    for (parameter, value) in [
        ("EnrolmentClients", "web, app"),
        ("EnrolmentOrigins", "https://example.com/"),
        ("EnrolmentOrigins", "*"),
        ("EnrolmentUrl", "https://example.com/#x"),
        ("KmsKeyArn", "alias/key"),
    ] {
        let refused = Template::read(&workspace().join("template.yaml"), &with(&[(parameter, value)]));
        assert!(refused.unwrap_err().to_string().contains(parameter), "{value}");
    }
}

#[test]
fn the_flow_is_written_once() {
    let text = std::fs::read_to_string(workspace().join("template.yaml")).unwrap();
    assert_eq!(text.matches("AUTH_FLOW:").count(), 1);
}

#[test]
fn no_environment_value_is_shown_by_debug() {
    let shown = format!("{:?} {:?}", deployed(), deployment());
    assert!(!shown.contains(&deployment().secret));
}
