//! The response of a function that migrates a user.

use std::collections::BTreeMap;

use super::{Response, ResponseFields};
use crate::triggers::label::readable;
use crate::users::Status;

/// A migrated user.
pub(crate) struct Migrated {
    pub(crate) attributes: BTreeMap<String, String>,
    /// `None` if the function leaves it to Cognito.
    pub(crate) status: Option<Status>,
}

impl Response for Migrated {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
        let attributes = fields.texts("userAttributes")?;
        let status = fields.text("finalUserStatus")?.map(|name| status(&name)).transpose()?;
        if attributes.is_empty() {
            return Err("`response.userAttributes` is empty: a user has at least one attribute".to_owned());
        }
        // This server sends no message to new users.
        fields.text("messageAction")?;
        fields.list("desiredDeliveryMediums")?;
        for key in ["enableSMSMFA", "forceAliasCreation"] {
            if fields.flag(key)? {
                return Err(format!("`response.{key}` is true, which is not supported by local"));
            }
        }
        Ok(Self { attributes, status })
    }

    fn decision(&self) -> String {
        format!("bring in, {}", self.status.map_or("confirmed", Status::name))
    }
}

/// Returns the status that `finalUserStatus` names.
fn status(name: &str) -> Result<Status, String> {
    [Status::Confirmed, Status::ResetRequired]
        .into_iter()
        .find(|status| status.name() == name)
        .ok_or_else(|| {
            let name = readable(name);
            format!("`response.finalUserStatus` is `{name}`, should be CONFIRMED or RESET_REQUIRED")
        })
}
