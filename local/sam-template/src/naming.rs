//! The names of resources, by type.

use super::error::{At, Problem, TemplateError, hint};
use super::resource::{
    ALIAS, BUCKET, FUNCTION, LAMBDA_FUNCTION, ROLE, Resource, SECRET, TABLE, USER_POOL, USER_POOL_CLIENT,
};

/// The naming of one type of resource. In the forms, placeholders such as `{name}` are replaced.
pub(super) struct Naming {
    kind: &'static str,
    /// The property that contains the name.
    pub(super) name: &'static str,
    pub(super) reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
}

const NAMINGS: [Naming; 10] = [
    Naming {
        kind: FUNCTION,
        name: "FunctionName",
        reference: "{name}",
        attributes: &[("Arn", "arn:{partition}:lambda:{region}:{account}:function:{name}")],
    },
    Naming {
        kind: LAMBDA_FUNCTION,
        name: "FunctionName",
        reference: "{name}",
        attributes: &[("Arn", "arn:{partition}:lambda:{region}:{account}:function:{name}")],
    },
    Naming {
        kind: ALIAS,
        name: "FunctionName",
        reference: "arn:{partition}:lambda:{region}:{account}:function:{name}:{alias}",
        attributes: &[],
    },
    Naming {
        kind: USER_POOL,
        name: "",
        reference: "{name}",
        attributes: &[
            ("Arn", "arn:{partition}:cognito-idp:{region}:{account}:userpool/{name}"),
            ("ProviderName", "cognito-idp.{region}.{suffix}/{name}"),
            ("ProviderURL", "https://cognito-idp.{region}.{suffix}/{name}"),
            ("UserPoolId", "{name}"),
        ],
    },
    Naming {
        kind: USER_POOL_CLIENT,
        name: "",
        reference: "{name}",
        attributes: &[("ClientId", "{name}"), ("Name", "{id}")],
    },
    Naming {
        kind: BUCKET,
        name: "BucketName",
        reference: "{name}",
        attributes: &[
            ("Arn", "arn:{partition}:s3:::{name}"),
            ("DomainName", "{name}.s3.{suffix}"),
            ("DualStackDomainName", "{name}.s3.dualstack.{region}.{suffix}"),
            ("RegionalDomainName", "{name}.s3.{region}.{suffix}"),
            ("WebsiteURL", "http://{name}.s3-website-{region}.{suffix}"),
        ],
    },
    Naming {
        kind: SECRET,
        name: "Name",
        reference: "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-local0",
        attributes: &[(
            "Id",
            "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-local0",
        )],
    },
    Naming {
        kind: TABLE,
        name: "TableName",
        reference: "{name}",
        attributes: &[("Arn", "arn:{partition}:dynamodb:{region}:{account}:table/{name}")],
    },
    Naming {
        kind: "AWS::Logs::LogGroup",
        name: "LogGroupName",
        reference: "{name}",
        attributes: &[("Arn", "arn:{partition}:logs:{region}:{account}:log-group:{name}:*")],
    },
    Naming {
        kind: ROLE,
        name: "RoleName",
        reference: "{name}",
        attributes: &[
            ("Arn", "arn:{partition}:iam::{account}:role/{name}"),
            ("RoleId", "{id}"),
        ],
    },
];

pub(super) fn naming(kind: &str) -> Option<&'static Naming> {
    NAMINGS.iter().find(|naming| naming.kind == kind)
}

/// Returns the form of `attribute`. For unknown types, any attribute is allowed.
pub(super) fn attribute_form(resource: &Resource<'_>, attribute: &str, at: &At) -> Result<&'static str, TemplateError> {
    match naming(resource.kind) {
        None if attribute.ends_with("Arn") => Ok("arn:{partition}:{service}:{region}:{account}:{id}"),
        None => Ok("{id}.{attribute}"),
        Some(naming) => {
            let form = naming.attributes.iter().find(|(name, _)| *name == attribute);
            form.map(|(_, form)| *form).ok_or_else(|| {
                at.error(Problem::Attribute {
                    resource: resource.id.to_owned(),
                    attribute: attribute.to_owned(),
                    hint: hint(attribute, naming.attributes.iter().map(|(name, _)| *name)),
                })
            })
        }
    }
}
