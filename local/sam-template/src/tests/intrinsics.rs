//! The results of CloudFormation's functions.

use std::time::Duration;

use super::{Template, deployment, message, parse, parse_with, template, with, workspace, x};

#[track_caller]
fn gives(value: &str, expected: &str) {
    gives_after("", value, expected);
}

#[track_caller]
fn gives_after(sections: &str, value: &str, expected: &str) {
    assert_eq!(x(&parse(&template(sections, value))), Some(expected));
}

#[test]
fn scalars_become_text() {
    gives("plain", "plain");
    gives("5", "5");
    gives("1.5", "1.5");
    gives("inf", "inf");
    gives("'012'", "012");
    gives("true", "true");
    gives("'OFF'", "OFF");
    gives("2012-10-17", "2012-10-17");
}

#[test]
fn ref_gives_pseudo_parameters() {
    gives("!Ref AWS::Region", "us-east-1");
    gives("!Ref AWS::AccountId", "000000000000");
    gives("!Ref AWS::Partition", "aws");
    gives("!Ref AWS::StackName", "local");
    gives("!Ref AWS::URLSuffix", "amazonaws.com");
}

#[test]
fn no_value_removes_the_property() {
    assert_eq!(x(&parse(&template("", "!Ref AWS::NoValue"))), None);
}

#[test]
fn ref_gives_resources() {
    gives("!Ref Bucket", "local-bucket");
    gives("{Ref: Logs}", "Logs");
    gives(
        "!Ref Secret",
        "arn:aws:secretsmanager:us-east-1:000000000000:secret:Secret-local0",
    );
}

#[test]
fn getatt_gives_attributes_in_both_forms() {
    gives("!GetAtt Bucket.Arn", "arn:aws:s3:::local-bucket");
    gives("!GetAtt [Bucket, DomainName]", "local-bucket.s3.amazonaws.com");
    gives(
        "{'Fn::GetAtt': [Logs, Arn]}",
        "arn:aws:logs:us-east-1:000000000000:log-group:Logs:*",
    );
}

#[test]
fn a_resource_can_be_named_by_its_property() {
    let named = template("", "!Ref Bucket").replace(
        "Type: AWS::S3::Bucket",
        "Type: AWS::S3::Bucket\n    Properties: {BucketName: !Sub 'pictures-${AWS::Region}'}",
    );
    assert_eq!(x(&parse(&named)), Some("pictures-us-east-1"));
    assert_eq!(parse(&named).buckets["Bucket"], "pictures-us-east-1");
}

#[test]
fn an_unknown_type_of_resource_can_be_referred_to() {
    let text =
        template("", "!GetAtt Queue.Arn").replace("Resources:", "Resources:\n  Queue:\n    Type: AWS::SQS::Queue");
    assert_eq!(x(&parse(&text)), Some("arn:aws:sqs:us-east-1:000000000000:Queue"));
}

#[test]
fn a_skipped_resource_may_use_what_is_not_understood() {
    let alarm = "Resources:\n  Alarm:\n    Type: AWS::CloudWatch::Alarm\n    Properties: {AlarmActions: !GetAZs ''}";
    assert_eq!(x(&parse(&template("", "a").replace("Resources:", alarm))), Some("a"));
}

#[test]
fn the_role_that_sam_makes_can_be_referred_to() {
    let policy = "Resources:\n  Policy:\n    Type: AWS::IAM::Policy\n    Properties: {Roles: [!Ref FunctionRole]}";
    assert_eq!(x(&parse(&template("", "a").replace("Resources:", policy))), Some("a"));
}

#[test]
fn sub_fills_in_names_attributes_and_its_own_variables() {
    gives("!Sub '${Bucket.Arn}/captcha/*'", "arn:aws:s3:::local-bucket/captcha/*");
    gives(
        "!Sub ['${a}-${Bucket}-${!b}', {a: !Ref AWS::Region}]",
        "us-east-1-local-bucket-${b}",
    );
    gives("{'Fn::Sub': 'no variable'}", "no variable");
}

#[test]
fn join_split_and_select_take_text_apart_and_together() {
    gives("!Join ['-', [a, !Ref Bucket, 3]]", "a-local-bucket-3");
    gives("!Select [1, [a, b]]", "b");
    gives("!Select ['0', !Split ['.', 'x.y']]", "x");
    gives("!Join ['+', !Split [',', 'a,b']]", "a+b");
}

#[test]
fn parameters_have_their_default_or_the_value_given() {
    let text = template("Parameters:\n  P: {Type: Number, Default: 3, MinValue: 3}", "!Ref P");
    assert_eq!(x(&parse(&text)), Some("3"));
    assert_eq!(x(&parse_with(&text, &with(&[("P", "4")]))), Some("4"));
}

#[test]
fn a_list_parameter_is_a_list() {
    let sections = "Parameters:\n  P: {Type: CommaDelimitedList, Default: 'a, b'}";
    gives_after(sections, "!Join ['|', !Ref P]", "a|b");
}

#[test]
fn find_in_map_looks_up_two_keys() {
    let sections = "Mappings:\n  M:\n    us-east-1: {size: 5}";
    gives_after(sections, "!FindInMap [M, !Ref AWS::Region, size]", "5");
}

#[test]
fn if_takes_the_branch_of_its_condition() {
    let sections = |condition: &str| format!("Conditions:\n  Always: !Equals [a, a]\n  C: {condition}");
    for (condition, expected) in [
        ("!Equals [!Ref AWS::Region, us-east-1]", "yes!"),
        ("!Equals [a, b]", "no!"),
        ("!Not [!Condition Always]", "no!"),
        ("!And [!Condition Always, {'Fn::Not': [{Condition: Always}]}]", "no!"),
        ("!And [!Condition Always, !Equals [b, b]]", "yes!"),
        ("!Or [!Condition Always, !Equals [b, c]]", "yes!"),
        ("!Or [!Equals [a, c], !Equals [b, c]]", "no!"),
        ("!Condition Always", "yes!"),
    ] {
        gives_after(&sections(condition), "!If [C, 'yes!', 'no!']", expected);
    }
}

#[test]
fn the_branch_not_taken_may_refer_to_what_is_not_created() {
    let text = template("Conditions:\n  Never: !Equals [a, b]", "!If [Never, !Ref Bucket, none]")
        .replace("Type: AWS::S3::Bucket", "Type: AWS::S3::Bucket\n    Condition: Never");
    assert_eq!(x(&parse(&text)), Some("none"));
    assert!(parse(&text).buckets.is_empty());
}

#[test]
fn a_dynamic_reference_gives_the_development_secret() {
    gives("!Sub '{{resolve:secretsmanager:${Secret}}}'", &deployment().secret);
    gives(
        "!Sub '{{resolve:secretsmanager:${Secret}:SecretString}}'",
        &deployment().secret,
    );
    gives(
        "!Join ['', ['<{{resolve:secretsmanager:', !Ref Secret, '}}>']]",
        &format!("<{}>", deployment().secret),
    );
}

#[test]
fn a_key_of_the_secret_is_the_one_it_is_made_with() {
    let generate =
        "Type: AWS::SecretsManager::Secret\n    Properties: {GenerateSecretString: {GenerateStringKey: key}}";
    let text = |key: &str| {
        template(
            "",
            &format!("!Sub '{{{{resolve:secretsmanager:${{Secret}}:SecretString:{key}}}}}'"),
        )
        .replace("Type: AWS::SecretsManager::Secret", generate)
    };
    assert_eq!(x(&parse(&text("key"))), Some(deployment().secret.as_str()));
    assert!(
        message(&text("kee")).ends_with("unknown key of the secret `kee` (known: key)"),
        "{}",
        message(&text("kee"))
    );
}

#[test]
fn a_secret_that_the_template_only_names_is_the_one_that_was_given() {
    let mut deployment = deployment();
    deployment.secrets = [("team/captcha", r#"{"cap": "c", "turnstile": "t"}"#), ("plain", "p")]
        .map(|(name, content)| (name.to_owned(), content.to_owned()))
        .into();
    let given = |reference: &str| {
        let text = template("", &format!("'{{{{resolve:secretsmanager:{reference}}}}}'"));
        Template::parse(&text, workspace(), &deployment).map_err(|error| error.to_string())
    };
    for (reference, expected) in [
        ("plain", "p"),
        ("plain:SecretString", "p"),
        ("team/captcha:SecretString:cap", "c"),
        ("team/captcha:SecretString:turnstile", "t"),
    ] {
        assert_eq!(x(&given(reference).unwrap()), Some(expected), "{reference}");
    }
    for (reference, message) in [
        (
            "team/captcha:SecretString:hcaptcha",
            "unknown key of the secret `hcaptcha` (known: cap, turnstile)",
        ),
        ("plain:SecretString:cap", "expected a secret of JSON with the key `cap`"),
        ("plainer", "unknown secret `plainer`"),
    ] {
        let error = given(reference).unwrap_err();
        assert!(error.contains(message) && !error.contains("\"c\""), "{error}");
    }
}

#[test]
fn globals_are_merged_as_sam_does() {
    let globals = "Globals:
  Function:
    Timeout: 5
    MemorySize: 512
    Environment:
      Variables:
        X: from globals
        Y: from globals";
    let own = template(globals, "its own").replace("CodeUri:", "MemorySize: 256\n      CodeUri:");
    let function = parse(&own).functions.into_iter().next().unwrap();
    assert_eq!((function.timeout, function.memory), (Duration::from_secs(5), 256));
    assert_eq!(function.environment["X"], "its own");
    assert_eq!(function.environment["Y"], "from globals");
}

#[test]
fn a_function_without_limits_has_those_of_lambda() {
    let function = parse(&template("", "a")).functions.into_iter().next().unwrap();
    assert_eq!((function.timeout, function.memory), (Duration::from_secs(3), 128));
}

#[test]
fn a_function_of_another_kind_stays_out() {
    let text = template("", "a").replace("rust-cargolambda", "python3.13");
    assert!(parse(&text).functions.is_empty());
}

#[test]
fn the_stack_has_an_id_whose_parts_can_be_taken() {
    let id = "arn:aws:cloudformation:us-east-1:000000000000:stack/local/00000000-0000-0000-0000-000000000000";
    for (value, expected) in [
        ("!Ref AWS::StackId", id),
        ("!Sub '${AWS::StackId}'", id),
        ("!Select [1, !Split ['/', !Ref AWS::StackId]]", "local"),
    ] {
        assert_eq!(x(&parse(&template("", value))), Some(expected), "{value}");
    }
}
