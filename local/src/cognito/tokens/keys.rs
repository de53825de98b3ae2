//! The two RSA keys that tokens are signed with.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::cognito::error::Error;

/// One key for id tokens and one for access tokens, as Cognito has them.
pub(crate) struct Keys {
    pub(crate) id: SigningKey,
    pub(crate) access: SigningKey,
}

/// An RSA key and its name.
pub(crate) struct SigningKey {
    kid: String,
    pair: RsaKeyPair,
    /// The first part of every token it signs.
    header: String,
}

impl Keys {
    /// Two new keys.
    pub(crate) fn generate() -> Result<Self, Error> {
        Ok(Self {
            id: SigningKey::generate()?,
            access: SigningKey::generate()?,
        })
    }

    /// `jwks.json`.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [self.id.jwk(), self.access.jwk()]})
    }
}

impl SigningKey {
    fn generate() -> Result<Self, Error> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::internal("no RSA key could be made"))?;
        let modulus = pair.public_key().modulus();
        let kid = STANDARD.encode(Sha256::digest(modulus.big_endian_without_leading_zero()));
        let header = URL_SAFE_NO_PAD.encode(json!({"kid": kid, "alg": "RS256"}).to_string());
        Ok(Self { kid, pair, header })
    }

    /// A signed token of `claims`.
    ///
    /// Signs with the parsed key: `jsonwebtoken::encode` would parse it for every token.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, Error> {
        let failed = || Error::internal("the token could not be signed");
        let claims = serde_json::to_vec(claims).map_err(|_| failed())?;
        let mut token = self.header.clone();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(|_| failed())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The claims of a token that this key has signed. The caller checks what they say, also how old they are.
    pub(crate) fn verify<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let public = self.pair.public_key();
        let key = DecodingKey::from_rsa_raw_components(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        );
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_aud = false;
        // The clock is the pool's, which jsonwebtoken cannot be told.
        validation.validate_exp = false;
        let token = jsonwebtoken::decode(token, &key, &validation).ok()?;
        (token.header.kid.as_ref() == Some(&self.kid)).then_some(token.claims)
    }

    fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "alg": "RS256",
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
            "kid": self.kid,
            "kty": "RSA",
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "use": "sig",
        })
    }
}

/// Keys that may still be in the making.
#[derive(Clone)]
pub(crate) struct KeyRing(watch::Receiver<Option<Arc<Keys>>>);

impl KeyRing {
    /// Starts a thread that makes the keys: nobody waits for them before the first token.
    pub(crate) fn generate_in_background() -> Self {
        let (sender, receiver) = watch::channel(None);
        std::thread::spawn(move || {
            if let Ok(keys) = Keys::generate() {
                sender.send_replace(Some(Arc::new(keys)));
            }
        });
        Self(receiver)
    }

    /// These keys.
    #[cfg(test)]
    pub(crate) fn ready(keys: Arc<Keys>) -> Self {
        Self(watch::channel(Some(keys)).1)
    }

    /// The keys, as soon as they are made.
    pub(crate) async fn keys(&self) -> Result<Arc<Keys>, Error> {
        let mut receiver = self.0.clone();
        let keys = receiver
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|keys| keys.clone());
        keys.ok_or_else(|| Error::internal("no RSA key could be made"))
    }
}
