//! What templates come to, and what is said of those that are wrong.

mod deployed;
mod intrinsics;
mod messages;
mod watched;

use std::collections::BTreeMap;
use std::path::Path;

use super::{Settings, Template};

fn settings() -> Settings {
    Settings {
        parameters: BTreeMap::new(),
        region: "us-east-1".to_owned(),
        stack: "local".to_owned(),
        pool_id: "us-east-1_LocalPool".to_owned(),
        client_id: "localclient000000000000000".to_owned(),
        secret: "a development secret of 32 bytes".to_owned(),
        secrets: BTreeMap::new(),
        builds: true,
    }
}

fn with(overrides: &[(&str, &str)]) -> Settings {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Settings {
        parameters: overrides.iter().map(pair).collect(),
        ..settings()
    }
}

/// The workspace, whose packages the templates here may name.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn parse(text: &str) -> Template {
    parse_with(text, &settings())
}

fn parse_with(text: &str, settings: &Settings) -> Template {
    match Template::parse(text, workspace(), settings) {
        Ok(template) => template,
        Err(error) => panic!("{}", error.in_file("template.yaml")),
    }
}

fn message(text: &str) -> String {
    message_with(text, &settings())
}

fn message_with(text: &str, settings: &Settings) -> String {
    Template::parse(text, workspace(), settings)
        .unwrap_err()
        .in_file("template.yaml")
        .to_string()
}

/// A template with one function, whose variable `X` is `value`, after `sections`.
fn template(sections: &str, value: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31
{sections}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  Secret:
    Type: AWS::SecretsManager::Secret
  Logs:
    Type: AWS::Logs::LogGroup
  Function:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: define-auth-challenge}}}}
    Properties:
      CodeUri: define-auth-challenge
      Environment:
        Variables:
          X: {value}
"
    )
}

/// The variable `X` of the only function.
fn x(template: &Template) -> Option<&str> {
    template
        .functions
        .first()
        .unwrap()
        .environment
        .get("X")
        .map(String::as_str)
}
