//! The client's side of the exchange, for tests: the computation of the browser, pycognito and the SDKs.

use super::{Element, G, Group, Identity, K, N, hex, hmac, signed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::modular::ConstMontyParams;
use crypto_bigint::{U256, U3072};
use sha2::{Digest, Sha256};

/// A client that knows (or guesses) a password.
pub(crate) struct Client {
    a: U256,
    big_a: U3072,
}

impl Client {
    pub(crate) fn new(a: [u8; 32]) -> Self {
        let a = U256::from_be_slice(&a);
        Self {
            a,
            big_a: G.pow(&a).retrieve(),
        }
    }

    pub(crate) fn srp_a(&self) -> String {
        hex(&self.big_a.to_be_bytes())
    }

    pub(crate) fn key(&self, identity: Identity<'_>, password: &str, salt: &str, srp_b: &str) -> [u8; 16] {
        let b = U3072::from_str_radix_vartime(srp_b, 16).unwrap();
        assert!(b < N && Group::PARAMS.modulus().as_ref() == &N);
        let u_bytes = Sha256::new()
            .chain_update(signed(&self.big_a.to_be_bytes()))
            .chain_update(signed(&b.to_be_bytes()))
            .finalize();
        let salt = U256::from_str_radix_vartime(salt, 16).unwrap();
        let x = Sha256::new()
            .chain_update(signed(&salt.to_be_bytes()))
            .chain_update(identity.hash(password))
            .finalize();
        let (u, x) = (U256::from_be_slice(&u_bytes), U256::from_be_slice(&x));
        let base = Element::new(&b) - *K * G.pow(&x);
        let s = (base.pow(&self.a) * base.pow(&u).pow(&x)).retrieve();
        let prk = hmac(&signed(&u_bytes), &[&signed(&s.to_be_bytes())]);
        *hmac(&prk, &[b"Caldera Derived Key", &[1]]).first_chunk().unwrap()
    }

    /// Returns the verifier and the salt of a device secret, in base64.
    pub(crate) fn device_verifier(identity: Identity<'_>, secret: &str, salt: &[u8]) -> (String, String) {
        let v = super::raise(identity, secret, salt).retrieve();
        (STANDARD.encode(signed(&v.to_be_bytes())), STANDARD.encode(signed(salt)))
    }

    pub(crate) fn sign(key: &[u8], identity: Identity<'_>, secret_block: &str, timestamp: &str) -> String {
        let block = STANDARD.decode(secret_block).unwrap();
        let parts = [
            identity.pool_name().as_bytes(),
            identity.user.as_bytes(),
            &block,
            timestamp.as_bytes(),
        ];
        STANDARD.encode(hmac(key, &parts))
    }
}
