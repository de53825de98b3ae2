//! The two RSA keys that sign tokens.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::error::Error;
use crate::journal::Journal;
use crate::storage::{Kind, Records, StorageError};

/// The record of the keys.
const RECORD: &str = "signing keys";

/// One key for ID tokens and one for access tokens, as in Cognito.
pub struct Keys {
    /// Signs ID tokens.
    pub id: SigningKey,
    /// Signs access tokens.
    pub access: SigningKey,
}

/// Both keys as they are stored: PKCS #8, in DER.
#[derive(Deserialize, Serialize)]
struct KeysRecord {
    id: Vec<u8>,
    access: Vec<u8>,
}

/// An RSA key and its name.
pub struct SigningKey {
    kid: String,
    pair: RsaKeyPair,
    /// The encoded header of every token that it signs.
    header: String,
}

impl Keys {
    /// Generates two keys.
    ///
    /// # Errors
    ///
    /// Returns an error if the random number generator fails.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self {
            id: SigningKey::generate()?,
            access: SigningKey::generate()?,
        })
    }

    /// Generates two keys and stores them in `records`. Drops `records` before it returns.
    fn make(records: Records) -> Result<Self, Error> {
        let keys = Self::generate()?;
        let record = keys.record()?;
        records.write(|changes| changes.put(Kind::Single, RECORD, &record))?;
        drop(records);
        Ok(keys)
    }

    /// Reads the stored keys.
    fn read(record: &KeysRecord) -> Option<Self> {
        Some(Self {
            id: SigningKey::read(&record.id)?,
            access: SigningKey::read(&record.access)?,
        })
    }

    /// Returns the keys in their stored form.
    fn record(&self) -> Result<KeysRecord, Error> {
        Ok(KeysRecord {
            id: self.id.der()?,
            access: self.access.der()?,
        })
    }

    /// Returns `jwks.json`.
    pub fn jwks(&self) -> Value {
        json!({"keys": [self.id.jwk(), self.access.jwk()]})
    }
}

impl SigningKey {
    fn generate() -> Result<Self, Error> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048);
        pair.map(Self::new)
            .map_err(|_| Error::internal("no RSA key could be generated"))
    }

    fn new(pair: RsaKeyPair) -> Self {
        let modulus = pair.public_key().modulus();
        let kid = STANDARD.encode(Sha256::digest(modulus.big_endian_without_leading_zero()));
        let header = URL_SAFE_NO_PAD.encode(json!({"kid": kid, "alg": "RS256"}).to_string());
        Self { kid, pair, header }
    }

    fn read(der: &[u8]) -> Option<Self> {
        RsaKeyPair::from_pkcs8(der).ok().map(Self::new)
    }

    fn der(&self) -> Result<Vec<u8>, Error> {
        let der: Result<Pkcs8V1Der<'_>, _> = self.pair.as_der();
        let der = der.map_err(|_| Error::internal("a signing key cannot be written"))?;
        Ok(der.as_ref().to_vec())
    }

    /// Returns a signed token with `claims`.
    ///
    /// Signs with the parsed key: `jsonwebtoken::encode` would parse it for every token.
    ///
    /// # Errors
    ///
    /// Returns an error if `claims` cannot be written as JSON, or if the signature fails.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, Error> {
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

    /// Returns the claims of a token that this key has signed. The caller checks their values and their age.
    pub fn verify<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let public = self.pair.public_key();
        let key = DecodingKey::from_rsa_raw_components(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        );
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_aud = false;
        // The clock is the pool's, which jsonwebtoken cannot use.
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

/// Keys that may not be generated yet.
#[derive(Clone)]
pub(crate) struct KeyRing(watch::Receiver<Option<Arc<Keys>>>);

impl KeyRing {
    /// Reads the keys of `records`. If no keys are stored, it starts a thread that generates and stores them. The first
    /// token waits for it.
    pub(crate) fn of(records: &Records, journal: Arc<dyn Journal>) -> Result<Self, StorageError> {
        if let Some(record) = records.get::<KeysRecord>(RECORD)? {
            let keys = Keys::read(&record).ok_or_else(|| records.damaged("a signing key is invalid"))?;
            return Ok(Self::ready(Arc::new(keys)));
        }
        let (sender, receiver) = watch::channel(None);
        let records = records.clone();
        std::thread::spawn(move || match Keys::make(records) {
            Ok(keys) => drop(sender.send_replace(Some(Arc::new(keys)))),
            Err(error) => journal.warn(&format!("no tokens can be signed: {}", error.message)),
        });
        Ok(Self(receiver))
    }

    /// Wraps existing keys.
    pub(crate) fn ready(keys: Arc<Keys>) -> Self {
        Self(watch::channel(Some(keys)).1)
    }

    /// Returns the keys as soon as they are generated.
    pub(crate) async fn keys(&self) -> Result<Arc<Keys>, Error> {
        let mut receiver = self.0.clone();
        let keys = receiver
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|keys| keys.clone());
        keys.ok_or_else(|| Error::internal("no RSA key could be generated"))
    }
}
