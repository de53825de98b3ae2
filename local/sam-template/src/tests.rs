//! The results of templates, and the messages about wrong ones.

mod deployed;
mod http_apis;
mod intrinsics;
mod messages;
mod skipped;
mod watched;

use std::collections::BTreeMap;
use std::path::Path;

use super::{Deployment, Template};

fn deployment() -> Deployment {
    Deployment {
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

fn with(overrides: &[(&str, &str)]) -> Deployment {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Deployment {
        parameters: overrides.iter().map(pair).collect(),
        ..deployment()
    }
}

/// Returns the workspace, whose packages the templates here may name.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn parse(text: &str) -> Template {
    parse_with(text, &deployment())
}

fn parse_with(text: &str, deployment: &Deployment) -> Template {
    match Template::parse(text, workspace(), deployment) {
        Ok(template) => template,
        Err(error) => panic!("{}", error.in_file("template.yaml")),
    }
}

fn message(text: &str) -> String {
    message_with(text, &deployment())
}

fn message_with(text: &str, deployment: &Deployment) -> String {
    Template::parse(text, workspace(), deployment)
        .unwrap_err()
        .in_file("template.yaml")
        .to_string()
}

/// Returns a template with one function, whose variable `X` is `value`, after `sections`.
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

/// Returns the variable `X` of the only function.
fn x(template: &Template) -> Option<&str> {
    template
        .functions
        .first()
        .unwrap()
        .environment
        .get("X")
        .map(String::as_str)
}
