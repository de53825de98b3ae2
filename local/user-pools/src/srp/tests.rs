use serde_json::Value;

use super::client::Client;
use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../srp-vectors.json")).unwrap()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap()
}

fn number<const LEN: usize>(vector: &Value, key: &str) -> [u8; LEN] {
    let digits = format!("{:0>width$}", text(vector, key), width = LEN * 2);
    let mut bytes = [0; LEN];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).unwrap();
    }
    bytes
}

fn identity(vector: &Value) -> Identity<'_> {
    Identity {
        pool: text(vector, "pool"),
        user: text(vector, "USER_ID_FOR_SRP"),
    }
}

fn exchange(vector: &Value) -> Exchange {
    let verifier = Verifier::new(identity(vector), text(vector, "password"), number(vector, "SALT"));
    Exchange::new(
        &PublicNumber::parse(text(vector, "SRP_A")).unwrap(),
        verifier,
        number(vector, "b"),
    )
}

#[test]
fn powers_of_the_generator_are_the_same_from_the_table() {
    let shifted = |shift| U256::ONE.shl(shift);
    let mut exponents = vec![U256::ZERO, U256::ONE, U256::MAX, shifted(42), shifted(43), shifted(255)];
    exponents.extend((0..=u8::MAX).map(|byte| U256::from_be_slice(&Sha256::digest([byte]))));
    for exponent in exponents {
        assert_eq!(generator::power(&exponent), G.pow(&exponent), "{exponent}");
    }
}

#[test]
fn the_multiplier_is_cognitos() {
    assert_eq!(hex(&K.retrieve().to_be_bytes()), text(&vectors(), "k"));
}

#[test]
fn both_sides_arrive_at_the_numbers_that_four_client_libraries_agree_on() {
    let vectors = vectors();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let (exchange, identity) = (exchange(vector), identity(vector));
        let client = Client::new(number(vector, "a"));
        assert_eq!(client.srp_a(), text(vector, "SRP_A"));
        assert_eq!(exchange.srp_b(), text(vector, "SRP_B"));
        assert_eq!(exchange.salt(), text(vector, "SALT"));
        let key: [u8; 16] = number(vector, "key");
        assert_eq!(exchange.key(), Some(key));
        assert_eq!(
            client.key(identity, text(vector, "password"), &exchange.salt(), &exchange.srp_b()),
            key
        );
        let (block, timestamp) = (text(vector, "SECRET_BLOCK"), text(vector, "TIMESTAMP"));
        let signature = text(vector, "PASSWORD_CLAIM_SIGNATURE");
        assert_eq!(Client::sign(&key, identity, block, timestamp), signature);
        let secret_block = STANDARD.decode(block).unwrap();
        assert!(exchange.accepts(
            identity,
            Proof {
                secret_block: &secret_block,
                timestamp,
                signature
            }
        ));
    }
}

#[test]
fn a_proof_counts_for_its_user_block_and_time_only() {
    let vectors = vectors();
    let vector = &vectors["vectors"][0];
    let (exchange, owner) = (exchange(vector), identity(vector));
    let block = STANDARD.decode(text(vector, "SECRET_BLOCK")).unwrap();
    let good = Proof {
        secret_block: &block,
        timestamp: text(vector, "TIMESTAMP"),
        signature: text(vector, "PASSWORD_CLAIM_SIGNATURE"),
    };
    assert!(exchange.accepts(owner, good));
    assert!(!exchange.accepts(
        Identity {
            user: "another",
            ..owner
        },
        good
    ));
    assert!(!exchange.accepts(
        Identity {
            pool: "us-east-1_another",
            ..owner
        },
        good
    ));
    assert!(!exchange.accepts(
        owner,
        Proof {
            secret_block: b"another",
            ..good
        }
    ));
    assert!(!exchange.accepts(
        owner,
        Proof {
            timestamp: "Sat Sep 5 01:02:04 UTC 2026",
            ..good
        }
    ));
    for signature in ["", "AAAA", "not base64", "hORhCxtAAdp8WFDuvLUzw/RqOjJz0tYmRYrITxPn0ow"] {
        assert!(!exchange.accepts(owner, Proof { signature, ..good }), "{signature}");
    }
}

#[test]
fn public_numbers_that_would_fix_the_secret_are_refused() {
    let n = hex(&N.to_be_bytes());
    let doubled = format!("1{}", hex(&N.wrapping_shl_vartime(1).to_be_bytes()));
    let long = "f".repeat(200_000_000);
    for (srp_a, error) in [
        ("", SrpError::NotHex),
        ("0", SrpError::OutOfRange),
        ("0000", SrpError::OutOfRange),
        (n.as_str(), SrpError::OutOfRange),
        (doubled.as_str(), SrpError::OutOfRange),
        (long.as_str(), SrpError::OutOfRange),
        ("-1", SrpError::NotHex),
        ("+1", SrpError::NotHex),
        ("1_0", SrpError::NotHex),
        ("xyz", SrpError::NotHex),
        ("ä", SrpError::NotHex),
    ] {
        assert_eq!(
            PublicNumber::parse(srp_a),
            Err(error),
            "{}",
            &srp_a.get(..10).unwrap_or(srp_a)
        );
    }
    assert_eq!(PublicNumber::parse("00A"), Ok(PublicNumber(U3072::from_u8(10))));
}

#[test]
fn a_password_matches_its_own_verifier_only() {
    let identity = Identity {
        pool: "us-east-1_aBc",
        user: "ana",
    };
    let verifier = Verifier::new(identity, "Passw0rd!", [7; 16]);
    assert!(verifier.matches(identity, "Passw0rd!"));
    assert!(!verifier.matches(identity, "passw0rd!"));
    assert!(!verifier.matches(
        Identity {
            user: "bea",
            ..identity
        },
        "Passw0rd!"
    ));
    assert!(!Verifier::decoy(&[1; 32]).matches(identity, "Passw0rd!"));
}

#[test]
fn a_decoy_is_the_same_for_the_same_seed_and_has_numbers_of_the_usual_size() {
    assert!(Verifier::decoy(&[1; 32]) == Verifier::decoy(&[1; 32]));
    assert!(Verifier::decoy(&[1; 32]) != Verifier::decoy(&[2; 32]));
    let exchange = Exchange::new(&PublicNumber::parse("2").unwrap(), Verifier::decoy(&[1; 32]), [3; 32]);
    assert!((28..=32).contains(&exchange.salt().len()));
    assert!((760..=768).contains(&exchange.srp_b().len()));
}

#[test]
fn signed_bytes_are_javas() {
    assert_eq!(signed(&[0, 0, 0x7f]), [0x7f]);
    assert_eq!(signed(&[0, 0x80, 1]), [0, 0x80, 1]);
    assert_eq!(signed(&[0, 0]), [0]);
}
