//! The operations on devices, of users and of administrators.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access::Owner;
use super::pagination::SIZE;
use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::pools::Pool;
use crate::srp::Verifier;
use crate::users::User;
use crate::users::devices::{Device, MOST, unknown};

/// Stores the verifier of a device. The sign-in of the access token must have created its key.
pub(super) async fn confirm_device(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let key = request.required("DeviceKey")?;
    let name = request.text("DeviceName")?;
    let owner = Owner::of(state, request).await?;
    let secret = request.fields.fields("DeviceSecretVerifierConfig")?;
    let part = |key: &str| secret.text(key)?.ok_or_else(|| Error::missing(key));
    let (verifier, salt) = (part("PasswordVerifier")?, part("Salt")?);
    let invalid = || Error::invalid_parameter("Invalid device key given.");
    let tracking = owner.pool.devices.ok_or_else(invalid)?;
    if owner.claims.device_key.as_deref() != Some(key) {
        return Err(invalid().because("confirm a device with the access token of the sign-in that returned its key"));
    }
    let verifier = Verifier::from_client(salt, verifier).ok_or_else(|| {
        Error::invalid_parameter("Invalid device secret verifier given.")
            .because("PasswordVerifier and Salt are the base64 of two numbers, the first below N")
    })?;
    let now = state.clock.now();
    owner.update(state, |user| {
        if user.device(key).is_some() {
            return Err(Error::new("DeviceKeyExistsException", "Device already exists."));
        }
        if user.devices.len() >= MOST {
            return Err(Error::new("LimitExceededException", "The user has too many devices."));
        }
        user.devices.push(Device {
            key: key.to_owned(),
            name: name.map(str::to_owned),
            verifier,
            remembered: !tracking.remembered_on_prompt,
            created: now,
            modified: now,
            authenticated: now,
        });
        Ok(())
    })?;
    Ok(json!({"UserConfirmationNecessary": tracking.remembered_on_prompt}))
}

/// The user and the permissions of a request about devices.
struct DeviceOwner {
    pool: Arc<Pool>,
    user: Arc<User>,
}

impl DeviceOwner {
    async fn of(state: &State, request: &Request<'_>, admin: bool) -> Result<Self, Error> {
        if !admin {
            let Owner { pool, user, .. } = Owner::of(state, request).await?;
            return Ok(Self { pool, user });
        }
        let pool = request.required("UserPoolId")?;
        let login = request.required("Username")?;
        let pool = state.directory.pool(pool)?;
        let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
        Ok(Self { pool, user })
    }

    fn update(&self, state: &State, change: impl FnOnce(&mut User) -> Result<(), Error>) -> Result<(), Error> {
        let changed = state.directory.update_user(&self.pool, &self.user.name, |user| {
            if user.sub != self.user.sub {
                return Err(Error::user_not_found());
            }
            change(user)
        });
        changed.map(drop)
    }
}

pub(super) async fn update_device_status(state: &State, request: &Request<'_>, admin: bool) -> Result<Value, Error> {
    let key = request.required("DeviceKey")?;
    let status = request.required("DeviceRememberedStatus")?;
    let owner = DeviceOwner::of(state, request, admin).await?;
    let now = state.clock.now();
    owner.update(state, |user| {
        let device = user.devices.iter_mut().find(|device| device.key == key);
        let device = device.ok_or_else(unknown)?;
        device.remembered = status == "remembered";
        device.modified = now;
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) async fn get_device(state: &State, request: &Request<'_>, admin: bool) -> Result<Value, Error> {
    let key = request.required("DeviceKey")?;
    let owner = DeviceOwner::of(state, request, admin).await?;
    let device = owner.user.device(key).ok_or_else(unknown)?;
    Ok(json!({"Device": describe(device)}))
}

pub(super) async fn forget_device(state: &State, request: &Request<'_>, admin: bool) -> Result<Value, Error> {
    let key = request.required("DeviceKey")?;
    let owner = DeviceOwner::of(state, request, admin).await?;
    owner.update(state, |user| {
        let before = user.devices.len();
        user.devices.retain(|device| device.key != key);
        if user.devices.len() == before {
            return Err(unknown());
        }
        Ok(())
    })?;
    Ok(json!({}))
}

/// Lists the devices in the order of their confirmation. The token of a page is the key of its last device.
pub(super) async fn list_devices(state: &State, request: &Request<'_>, admin: bool) -> Result<Value, Error> {
    let token = request.text("PaginationToken")?;
    let limit = request.fields.number("Limit")?.unwrap_or(SIZE);
    let owner = DeviceOwner::of(state, request, admin).await?;
    let limit = usize::try_from(if limit == 0 { SIZE } else { limit }).unwrap_or(usize::MAX);
    let devices = &owner.user.devices;
    let start = match token {
        None => 0,
        Some(token) => {
            let last = devices.iter().position(|device| device.key == token);
            last.ok_or_else(|| Error::invalid_parameter("PaginationToken is not valid"))? + 1
        }
    };
    let page: Vec<&Device> = devices.iter().skip(start).take(limit).collect();
    let described: Vec<Value> = page.iter().map(|device| describe(device)).collect();
    let mut reply = Map::from_iter([("Devices".to_owned(), described.into())]);
    if start + page.len() < devices.len()
        && let Some(last) = page.last()
    {
        reply.insert("PaginationToken".to_owned(), last.key.as_str().into());
    }
    Ok(reply.into())
}

fn describe(device: &Device) -> Value {
    let remembered = if device.remembered {
        "remembered"
    } else {
        "not_remembered"
    };
    let mut attributes = vec![json!({"Name": "device_status", "Value": "valid"})];
    if let Some(name) = &device.name {
        attributes.push(json!({"Name": "device_name", "Value": name}));
    }
    attributes.push(json!({"Name": "dev:device_remembered_status", "Value": remembered}));
    json!({
        "DeviceKey": device.key,
        "DeviceAttributes": attributes,
        "DeviceCreateDate": device.created.as_secs_f64(),
        "DeviceLastModifiedDate": device.modified.as_secs_f64(),
        "DeviceLastAuthenticatedDate": device.authenticated.as_secs_f64(),
    })
}
