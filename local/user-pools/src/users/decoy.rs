//! Decoys in place of nonexistent users.

use aws_lc_rs::hmac;
use uuid::Builder;

use super::Verifier;
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::{Logins, Pool};
use crate::random::Random;
use crate::storage::Records;

/// Creates usernames and verifiers that are always the same for a login and a pool. An attacker cannot distinguish them
/// from real ones, because they depend on a secret.
pub(crate) struct Decoys(hmac::Key);

impl Decoys {
    /// Reads the secret of the decoys from `records`, or generates it.
    pub(crate) fn of(records: &Records, random: &Random) -> Result<Self, Error> {
        let secret: [u8; 32] = records.single("decoys", || random.bytes())?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &secret)))
    }

    /// Returns the username that `login` seems to have. If users choose their usernames, it is the login. If the pool
    /// generates usernames, it is a UUID of the same version as real ones.
    pub(crate) fn name(&self, pool: &Pool, login: &str) -> String {
        let made_up = match &pool.logins {
            Logins::Name => false,
            Logins::Aliases(_) => looks_like_an_alias(login),
            Logins::Attributes(_) => true,
        };
        if !made_up {
            return login.to_owned();
        }
        let seed = self.seed("name", pool, login);
        Builder::from_random_bytes(*seed.first_chunk().unwrap_or(&[0; 16]))
            .into_uuid()
            .to_string()
    }

    /// The masked destination of a code for that user.
    pub(crate) fn destination(&self, pool: &Pool, login: &str, medium: Medium) -> String {
        match medium {
            Medium::Email if login.contains('@') => medium.masked(login),
            Medium::Sms if looks_like_an_alias(login) && login.starts_with('+') => medium.masked(login),
            Medium::Email => {
                let first: String = login.chars().take(1).collect();
                format!("{first}***@e***")
            }
            Medium::Sms => {
                let [high, low, ..] = self.seed("number", pool, login);
                format!("+*******{:04}", u16::from_be_bytes([high, low]) % 10_000)
            }
        }
    }

    /// Returns the verifier of that user.
    pub(crate) fn verifier(&self, pool: &Pool, login: &str) -> Verifier {
        Verifier::decoy(&self.seed("verifier", pool, login))
    }

    fn seed(&self, purpose: &str, pool: &Pool, login: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [purpose, "\0", pool.id.as_str(), "\0", pool.fold(login).as_str()] {
            context.update(part.as_bytes());
        }
        let mut seed = [0; 32];
        seed.copy_from_slice(context.sign().as_ref());
        seed
    }
}

/// Whether a login is an e-mail address or a phone number.
fn looks_like_an_alias(login: &str) -> bool {
    login.contains('@')
        || login
            .strip_prefix('+')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::pools::Triggers;

    fn pool(id: &str, properties: &serde_json::Value) -> Pool {
        let properties = properties.as_object().unwrap().clone();
        Pool::new(id.into(), "p".into(), Triggers::default(), properties, Duration::ZERO).unwrap()
    }

    #[test]
    fn a_decoy_is_stable_per_login_and_pool_and_unknown_without_the_secret() {
        let (one, two) = (pool("us-east-1_1", &json!({})), pool("us-east-1_2", &json!({})));
        let decoys = Decoys::of(&Records::none(), &Random::system()).unwrap();
        assert!(decoys.verifier(&one, "ghost") == decoys.verifier(&one, "ghost"));
        assert!(decoys.verifier(&one, "ghost") != decoys.verifier(&two, "ghost"));
        assert!(decoys.verifier(&one, "ghost") != decoys.verifier(&one, "spook"));
        assert!(
            decoys.verifier(&one, "ghost")
                != Decoys::of(&Records::none(), &Random::system())
                    .unwrap()
                    .verifier(&one, "ghost")
        );
    }

    #[test]
    fn a_decoys_name_has_the_shape_of_real_ones() {
        let decoys = Decoys::of(&Records::none(), &Random::system()).unwrap();
        assert_eq!(decoys.name(&pool("us-east-1_1", &json!({})), "ghost"), "ghost");
        let by_email = pool("us-east-1_1", &json!({"UsernameAttributes": ["email"]}));
        let name = decoys.name(&by_email, "g@example.com");
        assert_eq!(
            uuid::Uuid::parse_str(&name).unwrap().get_version_num(),
            Random::system().uuid().unwrap().get_version_num()
        );
        let aliases = pool("us-east-1_1", &json!({"AliasAttributes": ["email", "phone_number"]}));
        assert_eq!(decoys.name(&aliases, "ghost"), "ghost");
        assert_ne!(decoys.name(&aliases, "+34600000000"), "+34600000000");
    }
}
