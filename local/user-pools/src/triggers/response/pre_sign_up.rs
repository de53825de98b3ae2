//! The response of `PreSignUp`.

use super::{Response, ResponseFields};

/// The response of `PreSignUp`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PreSignUp {
    pub(crate) confirm: bool,
    pub(crate) verify_email: bool,
    pub(crate) verify_phone: bool,
}

impl Response for PreSignUp {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
        Ok(Self {
            confirm: fields.flag("autoConfirmUser")?,
            verify_email: fields.flag("autoVerifyEmail")?,
            verify_phone: fields.flag("autoVerifyPhone")?,
        })
    }

    fn decision(&self) -> String {
        let said = [
            (self.confirm, "confirm"),
            (self.verify_email, "verify the e-mail address"),
            (self.verify_phone, "verify the phone number"),
        ];
        let said: Vec<&str> = said.iter().filter(|(yes, _)| *yes).map(|(_, what)| *what).collect();
        if said.is_empty() {
            "go on".to_owned()
        } else {
            said.join(", ")
        }
    }
}
