//! Addresses of users: which are verified, and where the pool sends codes.

use serde_json::Value;

use crate::mail::Medium;
use crate::pools::Pool;
use crate::users::User;

/// Whether the pool verifies such addresses of its own accord.
pub(crate) fn verifies(pool: &Pool, medium: Medium) -> bool {
    lists(pool.properties.get("AutoVerifiedAttributes"), medium)
}

/// Whether a new address of this kind is not the user's before it is verified.
pub(crate) fn verifies_first(pool: &Pool, medium: Medium) -> bool {
    let settings = pool.properties.get("UserAttributeUpdateSettings");
    let first = settings.and_then(|settings| settings.get("AttributesRequireVerificationBeforeUpdate"));
    lists(first, medium)
}

fn lists(names: Option<&Value>, medium: Medium) -> bool {
    let names = names.and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|name| name == medium.attribute()))
}

/// The address to which the code went is the user's, if it still is the one that the user names.
pub(crate) fn verify(user: &mut User, medium: Medium, address: &str) {
    let name = medium.attribute();
    if user.attributes.get(name).is_some_and(|known| known == address) {
        user.attributes.insert(format!("{name}_verified"), "true".to_owned());
    }
}

/// Where a new account's code goes: to what the pool verifies of its own accord.
pub(crate) fn auto_verified(pool: &Pool, user: &User) -> Option<Medium> {
    let wanted = |medium: &Medium| verifies(pool, *medium) && user.attributes.contains_key(medium.attribute());
    [Medium::Sms, Medium::Email].into_iter().find(wanted)
}

/// Where a forgotten password's code may go: to an address that is known to be the user's.
pub(crate) fn verified(user: &User) -> Option<Medium> {
    let value = |name: &str| user.attributes.get(name).map(String::as_str);
    let verified = |medium: &Medium| {
        let name = medium.attribute();
        value(name).is_some() && value(&format!("{name}_verified")) == Some("true")
    };
    [Medium::Sms, Medium::Email].into_iter().find(verified)
}
