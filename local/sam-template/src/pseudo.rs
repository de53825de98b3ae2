//! The values of CloudFormation's pseudo parameters.

/// The account of all local resources.
pub(super) const ACCOUNT: &str = "000000000000";
pub(super) const PARTITION: &str = "aws";
pub(super) const URL_SUFFIX: &str = "amazonaws.com";

/// The supported pseudo parameters with a value. `AWS::NoValue` has none.
pub(super) const PSEUDO: [&str; 6] = [
    "AWS::AccountId",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];
