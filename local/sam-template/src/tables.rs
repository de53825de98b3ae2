//! The DynamoDB tables.

use std::collections::BTreeMap;

use super::Table;
use super::error::TemplateError;
use super::resolver::Resolver;
use super::resource::TABLE;
use super::shape::{Fields, Shape};

const KEY_SCHEMA: Shape = Shape::List(&Shape::Object(&[
    ("AttributeName", Shape::Text),
    ("KeyType", Shape::OneOf(&["HASH", "RANGE"])),
]));

const PROJECTION: Shape = Shape::Object(&[
    ("NonKeyAttributes", Shape::List(&Shape::Text)),
    ("ProjectionType", Shape::OneOf(&["ALL", "INCLUDE", "KEYS_ONLY"])),
]);

const THROUGHPUT: Shape = Shape::Object(&[
    ("ReadCapacityUnits", Shape::Whole(1, i64::MAX)),
    ("WriteCapacityUnits", Shape::Whole(1, i64::MAX)),
]);

/// The properties of `AWS::DynamoDB::Table`. Those that are read have the form of the operation that creates a table.
const PROPERTIES: Fields = &[
    (
        "AttributeDefinitions",
        Shape::List(&Shape::Object(&[
            ("AttributeName", Shape::Text),
            ("AttributeType", Shape::OneOf(&["B", "N", "S"])),
        ])),
    ),
    ("BillingMode", Shape::OneOf(&["PAY_PER_REQUEST", "PROVISIONED"])),
    ("ContributorInsightsSpecification", Shape::Skip),
    ("DeletionProtectionEnabled", Shape::Skip),
    (
        "GlobalSecondaryIndexes",
        Shape::List(&Shape::Object(&[
            ("ContributorInsightsSpecification", Shape::Skip),
            ("IndexName", Shape::Text),
            ("KeySchema", KEY_SCHEMA),
            ("OnDemandThroughput", Shape::Skip),
            ("Projection", PROJECTION),
            ("ProvisionedThroughput", THROUGHPUT),
            ("ReadOnDemandThroughputSettings", Shape::Skip),
            ("ReadProvisionedThroughputSettings", Shape::Skip),
            ("WarmThroughput", Shape::Skip),
        ])),
    ),
    ("ImportSourceSpecification", Shape::Skip),
    ("KeySchema", KEY_SCHEMA),
    ("KinesisStreamSpecification", Shape::Skip),
    (
        "LocalSecondaryIndexes",
        Shape::List(&Shape::Object(&[
            ("IndexName", Shape::Text),
            ("KeySchema", KEY_SCHEMA),
            ("Projection", PROJECTION),
        ])),
    ),
    ("OnDemandThroughput", Shape::Skip),
    ("PointInTimeRecoverySpecification", Shape::Skip),
    ("ProvisionedThroughput", THROUGHPUT),
    ("ResourcePolicy", Shape::Skip),
    ("SSESpecification", Shape::Skip),
    ("StreamSpecification", Shape::Skip),
    ("TableClass", Shape::Skip),
    ("TableName", Shape::Skip),
    ("Tags", Shape::Skip),
    (
        "TimeToLiveSpecification",
        Shape::Object(&[("AttributeName", Shape::Text), ("Enabled", Shape::Bool)]),
    ),
    ("WarmThroughput", Shape::Skip),
];

/// Returns the tables that are created, by logical id.
pub(super) fn read(resolver: &Resolver<'_>) -> Result<BTreeMap<String, Table>, TemplateError> {
    let mut tables = BTreeMap::new();
    for resource in resolver.created(TABLE)? {
        let properties = match resource.properties() {
            Some((properties, at)) => resolver.object(properties, PROPERTIES, &at)?,
            None => serde_json::Map::new(),
        };
        let name = resolver.resource_reference(resource.id, &resource.at)?;
        tables.insert(resource.id.to_owned(), Table { name, properties });
    }
    Ok(tables)
}
