//! Tags of user pools, the only resources of this API that have an ARN and tags.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::pools::Pool;

const KEY: &str = "UserPoolTags";

/// The maximum in a pool.
const MOST: usize = 50;

impl State {
    /// The ARN of a pool.
    pub(super) fn arn(&self, pool: &Pool) -> String {
        let region = &self.settings.region;
        format!("arn:aws:cognito-idp:{region}:000000000000:userpool/{}", pool.id)
    }
}

/// Returns the pool with the ARN in the request. The account does not matter, because `local` has only one.
fn pool(state: &State, request: &Request<'_>) -> Result<Arc<Pool>, Error> {
    let arn = request.required("ResourceArn")?;
    let (_, id) = arn
        .rsplit_once(":userpool/")
        .ok_or_else(|| Error::invalid_parameter("ResourceArn must be the ARN of a user pool"))?;
    state.directory.pool(id)
}

pub(super) fn tag_resource(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let given = request.strings("Tags")?;
    let pool = pool(state, request)?;
    change(state, &pool, |tags| {
        tags.extend(given.iter().map(|(key, value)| (key.to_owned(), value.into())));
    })
}

pub(super) fn untag_resource(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let keys = request.texts("TagKeys")?;
    let pool = pool(state, request)?;
    change(state, &pool, |tags| tags.retain(|key, _| !keys.contains(&key.as_str())))
}

pub(super) fn list_tags_for_resource(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = pool(state, request)?;
    Ok(json!({"Tags": tags(&pool)}))
}

fn change(state: &State, pool: &Pool, change: impl FnOnce(&mut Map<String, Value>)) -> Result<Value, Error> {
    state.directory.update_pool(&pool.id, |pool| {
        let mut tags = tags(pool);
        change(&mut tags);
        if tags.len() > MOST {
            let message = format!("a user pool may have {MOST} tags");
            return Err(Error::invalid_parameter(message));
        }
        let mut properties = pool.properties.clone();
        properties.insert(KEY.to_owned(), tags.into());
        Ok(pool.with(properties)?)
    })?;
    Ok(json!({}))
}

/// The tags of a pool, from a template or a request.
fn tags(pool: &Pool) -> Map<String, Value> {
    let tags = pool.properties.get(KEY).and_then(Value::as_object);
    tags.cloned().unwrap_or_default()
}
