//! Addresses of users: their verification, and their choice as the destination of codes.

use serde_json::Value;

use crate::mail::Medium;
use crate::pools::Pool;
use crate::users::User;

/// Whether the pool verifies such addresses automatically.
pub(crate) fn verifies(pool: &Pool, medium: Medium) -> bool {
    lists(pool.properties.get("AutoVerifiedAttributes"), medium)
}

/// Whether a new address of this kind replaces the old one only after its verification.
pub(crate) fn verifies_first(pool: &Pool, medium: Medium) -> bool {
    let settings = pool.properties.get("UserAttributeUpdateSettings");
    let first = settings.and_then(|settings| settings.get("AttributesRequireVerificationBeforeUpdate"));
    lists(first, medium)
}

fn lists(names: Option<&Value>, medium: Medium) -> bool {
    let names = names.and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|name| name == medium.attribute()))
}

/// Marks the address that received the code as verified, if it is still the user's address.
pub(crate) fn verify(user: &mut User, medium: Medium, address: &str) {
    let name = medium.attribute();
    if user.attributes.get(name).is_some_and(|known| known == address) {
        user.attributes.insert(format!("{name}_verified"), "true".to_owned());
    }
}

/// Returns the medium for the code of a new account: one that the pool verifies automatically.
pub(crate) fn auto_verified(pool: &Pool, user: &User) -> Option<Medium> {
    let wanted = |medium: &Medium| verifies(pool, *medium) && user.attributes.contains_key(medium.attribute());
    [Medium::Sms, Medium::Email].into_iter().find(wanted)
}

/// Returns the medium for the code after a forgotten password: one with a verified address.
pub(crate) fn verified(user: &User) -> Option<Medium> {
    [Medium::Sms, Medium::Email]
        .into_iter()
        .find(|medium| is_verified(user, *medium))
}

/// Whether the user has a verified address of this kind.
pub(crate) fn is_verified(user: &User, medium: Medium) -> bool {
    let value = |name: &str| user.attributes.get(name).map(String::as_str);
    let name = medium.attribute();
    value(name).is_some() && value(&format!("{name}_verified")) == Some("true")
}
