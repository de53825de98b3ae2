//! User pools, their app clients, and permissions to invoke functions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::{At, Problem, TemplateError, hint};
use super::properties;
use super::pseudo::ACCOUNT;
use super::resolver::Resolver;
use super::resource::{ALIAS, FUNCTION, PERMISSION, Resource, USER_POOL, USER_POOL_CLIENT};
use super::{Function, UserPool, UserPoolClient};

/// Attributes that every pool has. A client may be allowed to read or write them.
const STANDARD_ATTRIBUTES: [&str; 20] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "identities",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];

/// An `AWS::Lambda::Permission`.
struct Permission {
    function: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
}

impl Permission {
    /// Whether it allows the pool with `pool_arn` to invoke `function`, which may be a name or an ARN.
    fn covers(&self, function: &[&str], pool_arn: &str) -> bool {
        let source = self.source_arn.as_deref();
        function.contains(&self.function.as_str())
            && ["lambda:InvokeFunction", "lambda:*", "*"].contains(&self.action.as_str())
            && self.principal == "cognito-idp.amazonaws.com"
            && source.is_none_or(|source| source == pool_arn || matches_wildcard(source, pool_arn))
            && self.source_account.as_deref().is_none_or(|account| account == ACCOUNT)
    }
}

fn matches_wildcard(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|start| text.starts_with(start))
}

/// Returns the functions of triggers: the ARNs in `LambdaConfig`, and the names of functions with an event.
pub(super) fn targets(resolver: &Resolver<'_>) -> Result<BTreeSet<String>, TemplateError> {
    let mut targets = BTreeSet::new();
    for resource in resolver.created(USER_POOL)? {
        let properties = resource_properties(resolver, resource, properties::USER_POOL)?;
        let config = properties.get("LambdaConfig").and_then(Value::as_object);
        for (trigger, value) in config.into_iter().flatten() {
            targets.extend(target(trigger, value).map(str::to_owned));
        }
        targets.extend(wired(resolver, resource.id)?.into_iter().map(|(_, function)| function));
    }
    Ok(targets)
}

/// Returns the ARN in a field of `LambdaConfig`, if a function with it can be called here.
fn target<'a>(trigger: &str, value: &'a Value) -> Option<&'a str> {
    match value {
        Value::String(arn) if trigger != "KMSKeyID" => Some(arn.as_str()),
        // Functions that send messages are not supported.
        Value::Object(config) if !trigger.starts_with("Custom") => config.get("LambdaArn").and_then(Value::as_str),
        _ => None,
    }
}

/// Returns the triggers that events of functions connect to the pool called `pool`, and the functions' names. SAM adds
/// the permission.
fn wired(resolver: &Resolver<'_>, pool: &str) -> Result<Vec<(String, String)>, TemplateError> {
    let mut wired = Vec::new();
    for function in resolver.created(FUNCTION)? {
        let Some((properties, at)) = function.properties() else {
            continue;
        };
        let events = properties.get("Events").and_then(|events| events.value.entries());
        for event in events.unwrap_or_default() {
            let kind = event.value.get("Type").and_then(|kind| kind.value.text());
            if kind != Some("Cognito") {
                continue;
            }
            let at = at.key("Events", event.line).key(&event.key, event.line);
            let own = event.value.get("Properties").map(|properties| &properties.value);
            let Some(("Ref", named)) = own.and_then(|own| own.get("UserPool")?.value.intrinsic()) else {
                let missing = "has no `UserPool: !Ref` of a pool of this template";
                return Err(at.error(Problem::Invalid(missing.to_owned())));
            };
            let triggers = own.and_then(|own| own.get("Trigger")).map(|trigger| &trigger.value);
            let Some(triggers) = triggers else {
                return Err(at.error(Problem::Invalid("has no `Trigger`".to_owned())));
            };
            if named.text() != Some(pool) {
                continue;
            }
            for trigger in triggers.items().unwrap_or(std::slice::from_ref(triggers)) {
                let trigger = resolver.string(trigger, &at)?;
                wired.push((trigger, function.id.to_owned()));
            }
        }
    }
    Ok(wired)
}

/// Reads the pools. Their triggers must be among `functions` and allowed.
pub(super) fn pools(resolver: &Resolver<'_>, functions: &[Function]) -> Result<Vec<UserPool>, TemplateError> {
    let permissions = permissions(resolver)?;
    let pools = resolver.created(USER_POOL)?;
    pools
        .into_iter()
        .map(|resource| pool(resolver, resource, functions, &permissions))
        .collect()
}

fn pool(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
    functions: &[Function],
    permissions: &[Permission],
) -> Result<UserPool, TemplateError> {
    let properties = resource_properties(resolver, resource, properties::USER_POOL)?;
    let arn = resolver.attribute(resource.id, "Arn", &resource.at)?;
    let mut triggers = BTreeMap::new();
    let config = properties.get("LambdaConfig").and_then(Value::as_object);
    for (trigger, value) in config.into_iter().flatten() {
        let Some(target) = target(trigger, value) else { continue };
        let at = trigger_place(resource, trigger);
        let function = function_of(resolver, target, functions, &at)?;
        let name = resolver.resource_reference(function, &at)?;
        // A permission for a function does not include its alias.
        let short = match target.split_once(&format!(":{name}:")) {
            Some((_, alias)) => format!("{name}:{alias}"),
            None => name,
        };
        if !permissions
            .iter()
            .any(|permission| permission.covers(&[&short, target], &arn))
        {
            let (pool, function) = (resource.id.to_owned(), function.to_owned());
            return Err(at.error(Problem::NotAllowed { pool, function }));
        }
        triggers.insert(trigger.clone(), function.to_owned());
    }
    triggers.extend(wired(resolver, resource.id)?);
    Ok(UserPool {
        logical_id: resource.id.to_owned(),
        triggers,
        properties,
    })
}

fn trigger_place(resource: &Resource<'_>, trigger: &str) -> At {
    let Some((properties, at)) = resource.properties() else {
        return resource.at.clone();
    };
    let config = properties.get("LambdaConfig");
    let line = config
        .and_then(|config| config.value.get(trigger))
        .or(config)
        .map(|entry| entry.line);
    let line = line.unwrap_or(resource.body.line);
    at.key("LambdaConfig", line).key(trigger, line)
}

/// Returns the logical id of the function whose ARN is `arn`.
fn function_of<'f>(
    resolver: &Resolver<'_>,
    arn: &str,
    functions: &'f [Function],
    at: &At,
) -> Result<&'f str, TemplateError> {
    let mut aliases = Vec::new();
    for alias in resolver.created(ALIAS)? {
        aliases.push(resolver.resource_reference(alias.id, at)?);
    }
    for function in functions {
        let id = &function.logical_id;
        let own = resolver.attribute(id, "Arn", at)?;
        let alias = format!("{id}.Alias");
        let by_alias = || match resolver.resource(&alias) {
            Some(_) => resolver.resource_reference(&alias, at).map(|alias| alias == arn),
            None => Ok(false),
        };
        let is_own = |alias: &String| alias == arn && alias.starts_with(&format!("{own}:"));
        if own == arn || by_alias()? || aliases.iter().any(is_own) {
            return Ok(id);
        }
    }
    let known: Vec<String> = functions
        .iter()
        .map(|function| format!("!GetAtt {}.Arn", function.logical_id))
        .collect();
    let hint = hint(arn, known.iter().map(String::as_str));
    Err(at.error(Problem::Unknown {
        what: "function",
        name: arn.to_owned(),
        hint,
    }))
}

fn permissions(resolver: &Resolver<'_>) -> Result<Vec<Permission>, TemplateError> {
    let resources = resolver.created(PERMISSION)?;
    let permission = |resource: &Resource<'_>| {
        let mut properties = resource_properties(resolver, resource, properties::PERMISSION)?;
        let mut text = |name: &str| match properties.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let required = |value: Option<String>, name: &str| {
            value.ok_or_else(|| resource.at.error(Problem::Invalid(format!("has no `{name}`"))))
        };
        Ok(Permission {
            function: required(text("FunctionName"), "FunctionName")?,
            action: required(text("Action"), "Action")?,
            principal: required(text("Principal"), "Principal")?,
            source_arn: text("SourceArn"),
            source_account: text("SourceAccount"),
        })
    };
    resources.into_iter().map(permission).collect()
}

/// Reads the app clients of `pools`.
pub(super) fn clients(resolver: &Resolver<'_>, pools: &[UserPool]) -> Result<Vec<UserPoolClient>, TemplateError> {
    let clients = resolver.created(USER_POOL_CLIENT)?;
    clients
        .into_iter()
        .map(|resource| client(resolver, resource, pools))
        .collect()
}

fn client(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
    pools: &[UserPool],
) -> Result<UserPoolClient, TemplateError> {
    let properties = resource_properties(resolver, resource, properties::USER_POOL_CLIENT)?;
    let Some(pool_id) = properties.get("UserPoolId").and_then(Value::as_str) else {
        return Err(resource.at.error(Problem::Invalid("has no `UserPoolId`".to_owned())));
    };
    let place = |name: &str| match resource.properties() {
        Some((properties, at)) => {
            let line = properties.get(name).map_or(properties.line, |entry| entry.line);
            at.key(name, line)
        }
        None => resource.at.clone(),
    };
    let mut owner = None;
    for pool in pools {
        if resolver.resource_reference(&pool.logical_id, &resource.at)? == pool_id {
            owner = Some(pool);
        }
    }
    let Some(owner) = owner else {
        let known: Vec<String> = pools.iter().map(|pool| format!("!Ref {}", pool.logical_id)).collect();
        let hint = hint(pool_id, known.iter().map(String::as_str));
        let problem = Problem::Unknown {
            what: "user pool",
            name: pool_id.to_owned(),
            hint,
        };
        return Err(place("UserPoolId").error(problem));
    };
    let attributes = attributes(owner);
    for list in ["ReadAttributes", "WriteAttributes"] {
        let names = properties.get(list).and_then(Value::as_array);
        for name in names.into_iter().flatten().filter_map(Value::as_str) {
            if !attributes.iter().any(|attribute| attribute == name) {
                let problem = Problem::unknown("attribute", name, attributes.iter().map(String::as_str));
                return Err(place(list).error(problem));
            }
        }
    }
    Ok(UserPoolClient {
        logical_id: resource.id.to_owned(),
        user_pool: owner.logical_id.clone(),
        properties,
    })
}

/// Returns the names of a pool's attributes, as an app client writes them.
fn attributes(pool: &UserPool) -> Vec<String> {
    let schema = pool.properties.get("Schema").and_then(Value::as_array);
    let names = schema
        .into_iter()
        .flatten()
        .filter_map(|attribute| attribute.get("Name")?.as_str());
    let custom = names
        .filter(|name| !STANDARD_ATTRIBUTES.contains(name))
        .map(|name| format!("custom:{name}"));
    custom.chain(STANDARD_ATTRIBUTES.map(str::to_owned)).collect()
}

fn resource_properties(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
    fields: super::shape::Fields,
) -> Result<serde_json::Map<String, Value>, TemplateError> {
    match resource.properties() {
        Some((properties, at)) => resolver.object(properties, fields, &at),
        None => Ok(serde_json::Map::new()),
    }
}
