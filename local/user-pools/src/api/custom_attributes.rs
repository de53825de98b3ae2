//! The operation that adds attributes to a pool's schema. They cannot be removed.

use serde_json::{Map, Value, json};

use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::fields::Fields;
use crate::pools::Pool;
use crate::pools::schema::Schema;

const KEY: &str = "CustomAttributes";

/// The maximum in a pool.
const MOST_IN_POOL: usize = 50;

/// Adds all attributes in the request, or none.
pub(super) fn add_custom_attributes(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    let given = request.objects(KEY)?;
    state.directory.update_pool(id, |pool| {
        let mut changed = pool.clone();
        for (index, attribute) in given.iter().enumerate() {
            changed = with(&changed, attribute, &format!("{KEY}[{index}]"))?;
        }
        Ok(changed)
    })?;
    Ok(json!({}))
}

/// Returns `pool` with the attribute at `path` of the request.
fn with(pool: &Pool, attribute: &Map<String, Value>, path: &str) -> Result<Pool, Error> {
    let given = Fields::new(path, attribute);
    let name = given
        .text("Name")?
        .ok_or_else(|| given.wrong_value("Name", "is missing"))?;
    if given.flag("DeveloperOnlyAttribute")?.unwrap_or(false) {
        return Err(Error::not_offered("DeveloperOnlyAttribute"));
    }
    // A name with the prefix gets another one: `custom:custom:x` is a different attribute.
    let name = format!("custom:{name}");
    let mut attribute = attribute.clone();
    attribute.insert("Name".to_owned(), name.clone().into());
    Schema::new(&[Fields::new(path, &attribute)])?;
    if pool.schema.has(&name) {
        let message = format!("{name}: Existing attribute already has name {name}.");
        return Err(Error::invalid_parameter(message));
    }
    if pool.schema.custom().count() >= MOST_IN_POOL {
        let message = format!("a user pool may have {MOST_IN_POOL} custom attributes");
        return Err(Error::invalid_parameter(message));
    }
    let mut properties = pool.properties.clone();
    match properties.get_mut("Schema") {
        Some(Value::Array(schema)) => schema.push(attribute.into()),
        _ => drop(properties.insert("Schema".to_owned(), json!([attribute]))),
    }
    Ok(pool.with(properties)?)
}
