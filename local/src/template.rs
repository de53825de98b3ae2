//! `template.yaml`, as far as a sign-in needs it.

use std::collections::BTreeMap;
use std::time::Duration;

/// What the template deploys, with every reference resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) functions: Vec<Function>,
    pub(crate) user_pools: Vec<UserPool>,
    pub(crate) clients: Vec<UserPoolClient>,
    /// Bucket names, by logical id.
    pub(crate) buckets: BTreeMap<String, String>,
}

/// An `AWS::Serverless::Function` built by cargo-lambda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) logical_id: String,
    /// The cargo package and binary.
    pub(crate) binary: String,
    /// Globals and the function's own, merged.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) timeout: Duration,
    /// Megabytes.
    pub(crate) memory: u32,
}

/// An `AWS::Cognito::UserPool`. `properties` are CloudFormation's, resolved, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserPool {
    pub(crate) logical_id: String,
    /// Trigger name as in `LambdaConfig` (`DefineAuthChallenge`, …) to the function's logical id.
    pub(crate) triggers: BTreeMap<String, String>,
    pub(crate) properties: serde_json::Map<String, serde_json::Value>,
}

/// An `AWS::Cognito::UserPoolClient`. `properties` are CloudFormation's, resolved, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserPoolClient {
    pub(crate) logical_id: String,
    /// Logical id of the pool it belongs to.
    pub(crate) user_pool: String,
    pub(crate) properties: serde_json::Map<String, serde_json::Value>,
}
