//! The messages about wrong templates: the place, the error, and what would be right.

use std::fmt::Write;

use super::super::{Deployment, Template};
use super::{deployment, message, message_with, parse, template, with, workspace};

/// Returns a pool with one trigger and a client. Each has `line` among its properties.
fn pool(pool_line: &str, client_line: &str) -> String {
    let resources = format!(
        "Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: people
      {pool_line}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Pool
      {client_line}"
    );
    template("", "a").replace("Resources:", &resources)
}

#[track_caller]
fn says(text: &str, expected: &str) {
    assert_eq!(message(text), expected);
}

#[test]
fn what_is_not_yaml_is_said_with_its_line() {
    let text = message("Transform: AWS::Serverless-2016-10-31\nResources: [");
    assert!(text.starts_with("template.yaml:"), "{text}");
    assert!(text.contains("is not YAML: "), "{text}");
}

#[test]
fn an_empty_file_is_no_template() {
    says("", "template.yaml: expected a template with a `Resources` section");
    says(
        "# nothing",
        "template.yaml: expected a template with a `Resources` section",
    );
}

#[test]
fn a_key_stands_only_once() {
    says(
        "Transform: a\nResources: {}\nTransform: b",
        "template.yaml:3: is not YAML: `Transform` exists already, on line 1",
    );
}

#[test]
fn aliases_are_refused_as_by_cloudformation() {
    says(
        "Resources: &a\n  A: *a",
        "template.yaml:2: is not YAML: aliases (`*name`) are not supported: repeat the value",
    );
}

#[test]
fn deep_nesting_is_refused() {
    let mut text = String::from("Resources: ");
    text.extend(std::iter::repeat_n('[', 100_000));
    assert!(message(&text).contains("is not YAML: "), "{}", message(&text));
}

#[test]
fn a_missing_file_is_said() {
    let path = workspace().join("no-such-template.yaml");
    let text = Template::read(&path, &deployment()).unwrap_err().to_string();
    assert_eq!(
        text,
        format!(
            "{}: cannot be read: no such file or directory (os error 2)",
            path.display()
        )
    );
}

#[test]
fn an_unknown_section_is_named() {
    says(
        "Resorces: {}",
        "template.yaml:1: unknown section `Resorces` (did you mean `Resources`?)",
    );
}

#[test]
fn the_transform_must_be_sams() {
    let serverless = "Resources: {F: {Type: AWS::Serverless::Function}}";
    says(
        serverless,
        "template.yaml: has no `Transform: AWS::Serverless-2016-10-31`",
    );
    says(
        "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\nResources: {}",
        "template.yaml:1: Transform: `AWS::LanguageExtensions` is not supported (supported: AWS::Serverless-2016-10-31)",
    );
}

#[test]
fn a_function_that_is_not_understood_is_named_with_its_path() {
    says(
        &template("", "!ImportValue other"),
        "template.yaml:17: Resources.Function.Properties.Environment.Variables.X: `Fn::ImportValue` is not supported \
         (supported: Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::If, Fn::Equals, Fn::And, Fn::Or, Fn::Not, Fn::FindInMap, \
         Fn::Select, Fn::Split)",
    );
}

#[test]
fn a_typo_in_a_reference_says_the_right_name() {
    let at = "template.yaml:17: Resources.Function.Properties.Environment.Variables.X: ";
    says(
        &template("", "!Ref Bukket"),
        &format!("{at}unknown name `Bukket` (did you mean `Bucket`?)"),
    );
    says(
        &template("", "!Sub '${Bukket.Arn}'"),
        &format!("{at}unknown name `Bukket` (did you mean `Bucket`?)"),
    );
    says(
        &template("", "!Ref AWS::Regoin"),
        &format!("{at}unknown name `AWS::Regoin` (did you mean `AWS::Region`?)"),
    );
    says(
        &template("", "!GetAtt Bucket.Am"),
        &format!(
            "{at}`Am` is not an attribute of `Bucket` (known: Arn, DomainName, DualStackDomainName, RegionalDomainName, WebsiteURL)"
        ),
    );
}

#[test]
fn a_typo_is_found_where_nothing_else_is_read() {
    let policy = "Resources:\n  Policy:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref Bukcet";
    says(
        &template("", "a").replace("Resources:", policy),
        "template.yaml:7: Resources.Policy.Properties.Bucket: unknown name `Bukcet` (did you mean `Bucket`?)",
    );
    let output = format!("{}Outputs:\n  Name: {{Value: !Ref Bukcet}}", template("", "a"));
    says(
        &output,
        "template.yaml:19: Outputs.Name.Value: unknown name `Bukcet` (did you mean `Bucket`?)",
    );
}

#[test]
fn arguments_of_the_wrong_form_are_shown_the_right_one() {
    let at = "template.yaml:17: Resources.Function.Properties.Environment.Variables.X: expected ";
    for (value, expected) in [
        ("!GetAtt Bucket", "`Fn::GetAtt` with `Resource.Attribute`"),
        ("!Sub [a]", "`Fn::Sub` with a text, or with a text and a mapping"),
        ("!Sub 'a ${Bucket'", "a `}` after every `${`"),
        ("!Join [a]", "`Fn::Join: [delimiter, [values]]`"),
        ("!Join [a, b]", "a list"),
        ("!Split [a]", "`Fn::Split: [delimiter, text]`"),
        ("!Split ['', a]", "a delimiter of at least one character"),
        ("!Select [2, [a, b]]", "an index below 2, got `2`"),
        ("!FindInMap [a]", "`Fn::FindInMap: [map, key, key]`"),
        ("!If [a]", "`Fn::If: [condition, value if true, value if false]`"),
        ("!Ref [a]", "`Ref` with a name"),
        ("!Split [',', 'a,b']", "text"),
        ("[a]", "text"),
    ] {
        says(&template("", value), &format!("{at}{expected}"));
    }
}

#[test]
fn a_line_without_a_value_is_said() {
    says(
        &template("", "").replace("X: ", "X:"),
        "template.yaml:17: Resources.Function.Properties.Environment.Variables.X: has no value: write one, or remove the line",
    );
}

#[test]
fn an_unknown_condition_or_mapping_is_named() {
    let at = "template.yaml:17: Resources.Function.Properties.Environment.Variables.X: ";
    let text = template("Conditions: {Small: !Equals [a, b]}", "!If [Smal, a, b]");
    says(
        &text,
        &format!("{at}unknown condition `Smal` (did you mean `Small`?)").replace(":17", ":17"),
    );
    let text = template("Mappings: {Sizes: {a: {b: c}}}", "!FindInMap [Sizes, a, c]");
    says(&text, &format!("{at}unknown mapping key `c` (known: b)"));
}

#[test]
fn what_refers_to_itself_is_an_error_and_not_a_hang() {
    says(
        &template("Conditions: {A: !Condition B, B: !Not [!Condition A]}", "!If [A, a, b]"),
        "template.yaml:2: Conditions.A: contains a circular reference: A",
    );
    let circle = template("", "!Ref Bucket").replace(
        "Type: AWS::S3::Bucket",
        "Type: AWS::S3::Bucket\n    Properties: {BucketName: !Ref Function}",
    );
    says(
        &circle,
        "template.yaml:4: Resources.Bucket: contains a circular reference: Bucket → Function → Bucket",
    );
}

#[test]
fn a_function_that_needs_its_own_pool_is_a_circle() {
    let text = pool(
        "LambdaConfig: {DefineAuthChallenge: !GetAtt Function.Arn}",
        "ClientName: a",
    )
    .replace("X: a", "X: !Ref Pool");
    says(
        &text,
        "template.yaml:4: Resources.Pool: contains a circular reference: Pool → Function → Pool",
    );
}

#[test]
fn a_function_does_not_wait_for_the_alarms_that_stop_its_roll_out() {
    let text = template("", "a").replace(
        "Type: AWS::S3::Bucket",
        "Type: AWS::S3::Bucket\n    Properties: {BucketName: !Ref Function}",
    );
    parse(&text.replace(
        "CodeUri",
        "DeploymentPreference: {Alarms: [!Ref Bucket]}\n      CodeUri",
    ));
    says(
        &text.replace("CodeUri", "Events: !Ref Bucket\n      CodeUri"),
        "template.yaml:4: Resources.Bucket: contains a circular reference: Bucket → Function → Bucket",
    );
}

#[test]
fn a_reference_to_what_is_not_created_is_an_error() {
    let text = template("Conditions: {Never: !Equals [a, b]}", "!Ref Bucket")
        .replace("Type: AWS::S3::Bucket", "Type: AWS::S3::Bucket\n    Condition: Never");
    says(
        &text,
        "template.yaml:18: Resources.Function.Properties.Environment.Variables.X: `Bucket` is not created: its \
         condition `Never` is false",
    );
}

#[test]
fn dynamic_references_are_to_the_secrets_of_the_template() {
    let at = "template.yaml:17: Resources.Function.Properties.Environment.Variables.X: ";
    says(
        &template("", "'{{resolve:ssm:name}}'"),
        &format!("{at}`{{{{resolve:ssm:…}}}}` is not supported (supported: {{{{resolve:secretsmanager:…}}}})"),
    );
    says(
        &template("", "'{{resolve:secretsmanager:other}}'"),
        &format!("{at}unknown secret `other` (known: ${{Secret}})"),
    );
    says(
        &template("", "'{{resolve:secretsmanager:other'"),
        &format!("{at}expected `}}}}` after `{{{{resolve:…`"),
    );
}

#[test]
fn a_parameter_says_what_it_may_be() {
    let sections = "Parameters:
  Kind: {Type: String, AllowedValues: [arm64, x86_64], Default: arm64}
  Word: {Type: String, AllowedPattern: '[a-z]+', Default: a, ConstraintDescription: must be lower case}
  Size: {Type: Number, MinValue: 3, MaxValue: 15, Default: 3}
  Text: {Type: String, MinLength: 2, MaxLength: 3, Default: ab}
  Hidden: {Type: String, NoEcho: true, MinLength: 2, Default: ab}";
    let text = template(sections, "a");
    for (name, value, expected) in [
        (
            "Kind",
            "arm65",
            "template.yaml:3: Parameters.Kind: `arm65` is not allowed (did you mean `arm64`?)",
        ),
        (
            "Kind",
            "riscv",
            "template.yaml:3: Parameters.Kind: `riscv` is not allowed (allowed: arm64, x86_64)",
        ),
        (
            "Word",
            "ABC",
            "template.yaml:4: Parameters.Word: `ABC` does not match `[a-z]+`: it must be lower case",
        ),
        (
            "Word",
            "abc!",
            "template.yaml:4: Parameters.Word: `abc!` does not match `[a-z]+`: it must be lower case",
        ),
        (
            "Size",
            "2",
            "template.yaml:5: Parameters.Size: `2` is below the MinValue of 3",
        ),
        (
            "Size",
            "16",
            "template.yaml:5: Parameters.Size: `16` is above the MaxValue of 15",
        ),
        (
            "Size",
            "many",
            "template.yaml:5: Parameters.Size: `many` is not a number",
        ),
        (
            "Size",
            "NaN",
            "template.yaml:5: Parameters.Size: `NaN` is below the MinValue of 3",
        ),
        (
            "Text",
            "abcd",
            "template.yaml:6: Parameters.Text: `abcd` is above the MaxLength of 3 characters",
        ),
        (
            "Hidden",
            "s",
            "template.yaml:7: Parameters.Hidden: the value is below the MinLength of 2 characters",
        ),
        (
            "Sise",
            "4",
            "template.yaml: unknown parameter `Sise` (did you mean `Size`?)",
        ),
    ] {
        assert_eq!(message_with(&text, &with(&[(name, value)])), expected);
    }
}

#[test]
fn a_parameter_without_a_value_is_asked_for() {
    let text = template("Parameters: {Name: {Type: String}}", "a");
    says(
        &text,
        "template.yaml:2: Parameters.Name: has no default: give it a value, as in `Name=…`",
    );
}

#[test]
fn parameters_are_checked_for_typos() {
    let text = template("Parameters: {Name: {Type: String, Defualt: a}}", "a");
    says(
        &text,
        "template.yaml:2: Parameters.Name: unknown field `Defualt` (did you mean `Default`?)",
    );
    let text = template("Parameters: {Name: {Type: 'AWS::EC2::Image::Id', Default: a}}", "a");
    says(
        &text,
        "template.yaml:2: Parameters.Name: `Type: AWS::EC2::Image::Id` is not supported (supported: String, Number, \
         CommaDelimitedList, List<Number>, AWS::SSM::Parameter::Value<String>)",
    );
}

#[test]
fn a_typo_in_a_property_says_the_right_name() {
    says(
        &template("", "a").replace("CodeUri", "CodeURL"),
        "template.yaml:14: Resources.Function.Properties: unknown property `CodeURL` (did you mean `CodeUri`?)",
    );
    says(
        &template("Globals: {Function: {Timeot: 5}}", "a"),
        "template.yaml:2: Globals.Function: unknown property `Timeot` (did you mean `Timeout`?)",
    );
    says(
        &template("", "a").replace("Metadata:", "MetaData:"),
        "template.yaml:12: Resources.Function: unknown attribute `MetaData` (did you mean `Metadata`?)",
    );
    says(
        &pool("MfaConfig: 'OFF'", "ClientName: a"),
        "template.yaml:8: Resources.Pool.Properties: unknown property `MfaConfig` (did you mean `MfaConfiguration`?)",
    );
    says(
        &pool("Policies: {PasswordPolicy: {MinimumLenght: 8}}", "ClientName: a"),
        "template.yaml:8: Resources.Pool.Properties.Policies.PasswordPolicy: unknown property `MinimumLenght` (did you \
         mean `MinimumLength`?)",
    );
}

#[test]
fn a_value_that_cognito_does_not_know_is_refused() {
    let at = "template.yaml:13: Resources.Client.Properties.";
    for (line, expected) in [
        (
            "ExplicitAuthFlows: [ALLOW_CUSTOM_AUHT]",
            "ExplicitAuthFlows[0]: unknown value `ALLOW_CUSTOM_AUHT` (did you mean `ALLOW_CUSTOM_AUTH`?)",
        ),
        (
            "PreventUserExistenceErrors: LEGACI",
            "PreventUserExistenceErrors: unknown value `LEGACI` (did you mean `LEGACY`?)",
        ),
        (
            "AuthSessionValidity: 2",
            "AuthSessionValidity: expected a whole number from 3 to 15, got `2`",
        ),
        (
            "GenerateSecret: maybe",
            "GenerateSecret: expected `true` or `false`, got `maybe`",
        ),
        ("ReadAttributes: email", "ReadAttributes: expected a list, got `email`"),
        ("TokenValidityUnits: days", "TokenValidityUnits: expected a mapping"),
        (
            "ReadAttributes: ['custom:security_question']",
            "ReadAttributes: unknown attribute `custom:security_question` (did you mean `custom:security_questions`?)",
        ),
    ] {
        let schema = "Schema: [{Name: security_questions, AttributeDataType: String}]";
        says(&pool(schema, line), &format!("{at}{expected}"));
    }
}

#[test]
fn a_bare_off_is_pointed_out() {
    says(
        &pool("MfaConfiguration: OFF", "ClientName: a"),
        "template.yaml:8: Resources.Pool.Properties.MfaConfiguration: expected one of OFF, ON, OPTIONAL, in quotes: a \
         bare ON, OFF, YES or NO is a boolean",
    );
}

#[test]
fn a_trigger_is_a_function_of_the_template() {
    let arn = "LambdaConfig: {DefineAuthChallenge: !GetAtt Bucket.Arn}";
    says(
        &pool(arn, "ClientName: a"),
        "template.yaml:8: Resources.Pool.Properties.LambdaConfig.DefineAuthChallenge: unknown function \
         `arn:aws:s3:::local-bucket` (known: !GetAtt Function.Arn)",
    );
    let other = pool(
        "LambdaConfig: {DefineAuthChallenge: !GetAtt Function.Arn}",
        "ClientName: a",
    )
    .replace("rust-cargolambda", "makefile");
    says(
        &other,
        "template.yaml:23: Resources.Function.Properties: `Runtime: none` is not supported (supported: nodejs…, \
         python…, a folder or zip with a `bootstrap`, and `Metadata.BuildMethod: rust-cargolambda`)",
    );
}

#[test]
fn a_trigger_with_a_version_is_a_function_too() {
    let text = |arn: &str| {
        let config = format!("{{LambdaArn: {arn}, LambdaVersion: V2_0}}");
        let lambda_config = format!("LambdaConfig: {{PreTokenGenerationConfig: {config}}}");
        let mut text = pool(&lambda_config, "ClientName: a");
        text.push_str(
            "  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: cognito-idp.amazonaws.com
      SourceArn: !GetAtt Pool.Arn
",
        );
        text
    };
    let pools = parse(&text("!GetAtt Function.Arn")).user_pools;
    let function = pools[0].triggers.get("PreTokenGenerationConfig");
    assert_eq!(function.map(String::as_str), Some("Function"));
    says(
        &text("!GetAtt Bucket.Arn"),
        "template.yaml:8: Resources.Pool.Properties.LambdaConfig.PreTokenGenerationConfig: unknown function \
         `arn:aws:s3:::local-bucket` (known: !GetAtt Function.Arn)",
    );
}

#[test]
fn a_trigger_needs_a_permission_of_its_own() {
    let permission = |function: &str, principal: &str, source: &str| {
        let mut text = pool(
            "LambdaConfig: {DefineAuthChallenge: !GetAtt Function.Arn}",
            "ClientName: a",
        );
        write!(
            text,
            "  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: {function}
      Principal: {principal}
      SourceArn: {source}
"
        )
        .unwrap();
        text
    };
    let (cognito, arn) = ("cognito-idp.amazonaws.com", "!GetAtt Pool.Arn");
    assert_eq!(parse(&permission("!Ref Function", cognito, arn)).user_pools.len(), 1);
    assert_eq!(
        parse(&permission("!GetAtt Function.Arn", cognito, arn))
            .user_pools
            .len(),
        1
    );
    let denied = [
        permission("!Ref Bucket", cognito, arn),
        permission("!Ref Function", "s3.amazonaws.com", arn),
        permission("!Ref Function", cognito, "!GetAtt Bucket.Arn"),
        pool(
            "LambdaConfig: {DefineAuthChallenge: !GetAtt Function.Arn}",
            "ClientName: a",
        ),
    ];
    for text in denied {
        says(
            &text,
            "template.yaml:8: Resources.Pool.Properties.LambdaConfig.DefineAuthChallenge: `Pool` has no permission to invoke \
             `Function` (add an AWS::Lambda::Permission for it with Action `lambda:InvokeFunction`, Principal \
             `cognito-idp.amazonaws.com` and SourceArn `!GetAtt Pool.Arn`)",
        );
    }
}

#[test]
fn an_alias_needs_a_permission_and_a_function_that_has_one() {
    let with = |alias: &str, function: &str| {
        let text = pool(
            "LambdaConfig: {DefineAuthChallenge: !Ref Function.Alias}",
            "ClientName: a",
        );
        let text = text.replace("CodeUri:", &format!("{alias}\n      CodeUri:"));
        format!(
            "{text}  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: {function}
      Principal: cognito-idp.amazonaws.com
      SourceArn: !GetAtt Pool.Arn
"
        )
    };
    let alias = "AutoPublishAlias: live";
    for function in ["!Ref Function.Alias", "!Sub '${Function}:live'"] {
        let pools = parse(&with(alias, function)).user_pools;
        assert_eq!(pools[0].triggers["DefineAuthChallenge"], "Function");
    }
    for function in ["!Ref Function", "!GetAtt Function.Arn", "!Sub '${Function}:test'"] {
        let said = message(&with(alias, function));
        assert!(
            said.contains("`Pool` has no permission to invoke `Function`"),
            "{function}: {said}"
        );
    }
    let said = message(&with("Handler: bootstrap", "!Ref Function"));
    assert!(said.contains("unknown name `Function.Alias`"), "{said}");
}

#[test]
fn an_alias_can_be_a_resource_of_its_own() {
    let with = |named: &str, called: &str| {
        let text = pool(
            &format!("LambdaConfig: {{DefineAuthChallenge: {called}}}"),
            "ClientName: a",
        );
        format!(
            "{text}  Live:
    Type: AWS::Lambda::Alias
    Properties: {{Name: live, FunctionName: {named}, FunctionVersion: '1'}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Live
      Principal: cognito-idp.amazonaws.com
"
        )
    };
    for named in ["!Ref Function", "!GetAtt Function.Arn"] {
        let pools = parse(&with(named, "!Ref Live")).user_pools;
        assert_eq!(pools[0].triggers["DefineAuthChallenge"], "Function");
    }
    let said = message(&with("!Ref Function", "!GetAtt Function.Arn"));
    assert!(said.contains("`Pool` has no permission to invoke `Function`"), "{said}");
    let said = message(&with("!Ref Function", "!Sub '${Function.Arn}:test'"));
    assert!(said.contains("unknown function `arn:aws:lambda:"), "{said}");
}

#[test]
fn an_event_that_wires_a_pool_names_the_pool() {
    let pool = "Resources:\n  Pool: {Type: AWS::Cognito::UserPool}";
    let events = "Events: {Ask: {Type: Cognito, Properties: {Trigger: DefineAuthChallenge}}}\n      CodeUri:";
    let text = template("", "a")
        .replace("CodeUri:", events)
        .replace("Resources:", pool);
    says(
        &text,
        "template.yaml:15: Resources.Function.Properties.Events.Ask: has no `UserPool: !Ref` of a pool of this template",
    );
    let template = parse(&text.replace("{Trigger:", "{UserPool: !Ref Pool, Trigger:"));
    let wired = [("DefineAuthChallenge".to_owned(), "Function".to_owned())];
    assert_eq!(template.user_pools[0].triggers, wired.into());
}

#[test]
fn a_client_belongs_to_a_pool_of_the_template() {
    says(
        &pool("MfaConfiguration: 'OFF'", "ClientName: a").replace("!Ref Pool", "us-east-1_Other"),
        "template.yaml:12: Resources.Client.Properties.UserPoolId: unknown user pool `us-east-1_Other` (known: !Ref Pool)",
    );
}

#[test]
fn packages_are_looked_for_last_and_only_to_be_built() {
    let elsewhere = template("", "a").replace("CodeUri: define", "CodeUri: defin");
    let deployment = Deployment {
        builds: false,
        ..deployment()
    };
    assert!(Template::parse(&elsewhere, workspace(), &deployment).is_ok());
    let mistaken = pool("MfaConfiguration: MAYBE", "ClientName: a").replace("CodeUri: define", "CodeUri: defin");
    assert!(message(&mistaken).contains("MAYBE"));
}

#[test]
fn a_function_names_its_package_and_its_binary() {
    says(
        &template("", "a").replace("CodeUri: define", "CodeUri: defin"),
        "template.yaml:13: Resources.Function.Properties: `CodeUri: defin-auth-challenge` has no `Cargo.toml`",
    );
    says(
        &template("", "a").replace("CodeUri: define-auth-challenge", "Description: a"),
        "template.yaml:13: Resources.Function.Properties: has no `CodeUri`: name the folder of the package",
    );
    says(
        &template("", "a").replace(", BuildProperties: {Binary: define-auth-challenge}", ""),
        "template.yaml:10: Resources.Function: has no `Metadata.BuildProperties.Binary`: name the binary of the package",
    );
}

#[test]
fn a_misspelt_type_is_not_passed_over() {
    for wrong in ["AWS::S3::Buket", "aws::s3::bucket", "AWS::S3::Buckets"] {
        says(
            &template("", "a").replace("AWS::S3::Bucket", wrong),
            &format!("template.yaml:4: Resources.Bucket: unknown type `{wrong}` (did you mean `AWS::S3::Bucket`?)"),
        );
    }
    for other in [
        "AWS::S3::BucketPolicy",
        "AWS::Cognito::UserPoolUser",
        "AWS::Lambda::Function",
    ] {
        assert_eq!(
            parse(&template("", "a").replace("AWS::S3::Bucket", other))
                .buckets
                .len(),
            0
        );
    }
}

#[test]
fn a_resource_has_a_type() {
    says(
        &template("", "a").replace("Type: AWS::S3::Bucket", "Properties: {}"),
        "template.yaml:4: Resources.Bucket: has no `Type`",
    );
    says(
        &template("", "a").replace("  Bucket:", "  Fn::ForEach::Buckets:"),
        "template.yaml:4: Resources.Fn::ForEach::Buckets: `Fn::ForEach::Buckets` is not supported (supported: resources \
         written out one by one)",
    );
}
