//! What a function answers that brings in a user from elsewhere.

use super::answer::{Answer, Response};
use super::around::Migrated;
use super::readable;
use crate::cognito::users::Status;

impl Answer for Migrated {
    fn read(fields: &mut Response<'_>) -> Result<Self, String> {
        let attributes = fields.texts("userAttributes")?;
        let status = fields.text("finalUserStatus")?.map(|name| status(&name)).transpose()?;
        if attributes.is_empty() {
            return Err("`response.userAttributes` is empty: a user has at least one attribute".to_owned());
        }
        // Nothing is sent to new users here.
        fields.text("messageAction")?;
        fields.list("desiredDeliveryMediums")?;
        for key in ["enableSMSMFA", "forceAliasCreation"] {
            if fields.flag(key)? {
                return Err(format!("`response.{key}` is true, which is not offered by local"));
            }
        }
        Ok(Self { attributes, status })
    }

    fn decision(&self) -> String {
        format!("bring in, {}", self.status.map_or("confirmed", Status::name))
    }
}

/// The status that `finalUserStatus` names.
fn status(name: &str) -> Result<Status, String> {
    [Status::Confirmed, Status::ResetRequired]
        .into_iter()
        .find(|status| status.name() == name)
        .ok_or_else(|| {
            let name = readable(name);
            format!("`response.finalUserStatus` is `{name}`, should be CONFIRMED or RESET_REQUIRED")
        })
}
