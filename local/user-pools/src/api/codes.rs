//! Codes that are sent to a user, and their answers.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::State;
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::Pool;
use crate::sending::{Parcel, Sender, may_send};
use crate::triggers::source::MessageSource;
use crate::users::User;
use crate::users::codes::Purpose;

impl State {
    /// Sends a code, and returns the masked destination.
    pub(super) async fn send_code_for(
        &self,
        (pool, user): (&Pool, &User),
        (purpose, source): (Purpose, MessageSource),
        medium: Medium,
        sender: Sender<'_>,
    ) -> Result<Value, Error> {
        may_send(pool, medium)?;
        let (now, code) = (self.clock.now(), self.random.code()?);
        let mut address = None;
        self.directory.update_user(pool, &user.name, |known| {
            let found = known.attributes.get(medium.attribute()).cloned();
            let found = found
                .filter(|_| known.sub == user.sub)
                .ok_or_else(Error::user_not_found)?;
            known.codes.add(purpose, code.clone(), (medium, found.clone()), now);
            address = Some(found);
            Ok(())
        })?;
        let address = address.ok_or_else(Error::user_not_found)?;
        let details = details(medium, &medium.masked(&address));
        self.send(Parcel {
            medium,
            address,
            purpose: purpose.name(),
            source,
            code,
            context: self.context_of(pool, user, sender),
        })
        .await?;
        Ok(details)
    }

    /// Uses a code and changes the user. A wrong code is counted, and the count is stored.
    pub(super) fn take_code(
        &self,
        pool: &Pool,
        user: &User,
        (purpose, code): (Purpose, &str),
        change: impl FnOnce(&mut User, Medium, &str) -> Result<(), Error>,
    ) -> Result<Arc<User>, Error> {
        let now = self.clock.now();
        let mut taken = Ok(());
        let user = self.directory.update_user(pool, &user.name, |known| {
            if known.sub != user.sub {
                return Err(Error::user_not_found());
            }
            match known.codes.spend(purpose, code, now) {
                Ok((medium, address)) => {
                    known.modified = now;
                    change(known, medium, &address)
                }
                Err(error) => {
                    taken = Err(error);
                    Ok(())
                }
            }
        })?;
        taken.map(|()| user)
    }
}

/// The masked destination of a code.
pub(super) fn details(medium: Medium, destination: &str) -> Value {
    json!({
        "AttributeName": medium.attribute(),
        "DeliveryMedium": medium.name(),
        "Destination": destination,
    })
}
