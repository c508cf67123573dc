//! Who a host application says its user is: a signed token (RFC 7519) checked against the key of
//! the chat's account.
//!
//! Pure. The algorithm is the key's, never what the token asks for; a token without an end, with
//! one far away, for another account or with a wrong signature vouches for nobody.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_kernel::{AgencyId, Timestamp};

use crate::accounts::AccountId;

/// The longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 4096;
/// How far the clocks of two machines may be apart.
const LEEWAY: i64 = 60 * Timestamp::SECOND;
/// The longest time for which one token may vouch.
const LIFE_MAX: i64 = Timestamp::DAY;
/// The longest name and subject, in characters.
const WORDS_MAX: usize = 200;
/// What goes before the 32 bytes of an Ed25519 key in its usual wrapping (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// By what tokens are checked.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// A secret that the host application shares with us.
    Hs256(Vec<u8>),
    /// The host application's public key.
    EdDsa([u8; 32]),
}

/// Whom a host application vouches for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// Its own name of the person.
    pub subject: String,
    /// How the person is called.
    pub name: String,
    /// Lower case.
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    aud: Audience,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default, alias = "phone_number")]
    phone: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The secret that we share with an account's host application, from the installation's key for
/// it; it is never stored. Another `number` gives another secret.
#[must_use]
pub fn shared_secret(key: &[u8; 32], agency: AgencyId, account: AccountId, number: u32) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("invariant: HMAC takes keys of any length");
    mac.update(&agency.0.to_be_bytes());
    mac.update(&account.0.to_be_bytes());
    mac.update(&number.to_be_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// What the key of [`shared_secret`] is for.
pub const SHARED: &str = "chat-identity";

/// Whom `token` vouches for before the account `audience` at `now`; `None`: nobody.
#[must_use]
pub fn verify(token: &str, key: &Key, audience: &str, now: Timestamp) -> Option<Vouched> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header = decode(header)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if header.crit.is_some() || !is_signed(&header.alg, key, signed.as_bytes(), &signature) {
        return None;
    }
    let claims: Claims = decode(claims)?;
    let moment = |seconds: i64| seconds.checked_mul(Timestamp::SECOND).map(Timestamp::from_micros);
    let until = moment(claims.exp)?;
    let in_time = now < until.plus(LEEWAY) && until < now.plus(LIFE_MAX + LEEWAY);
    let begun = [claims.nbf, claims.iat]
        .into_iter()
        .flatten()
        .all(|from| moment(from).is_some_and(|from| from <= now.plus(LEEWAY)));
    let for_us = match &claims.aud {
        Audience::One(one) => one == audience,
        Audience::Many(many) => many.iter().any(|one| one == audience),
    };
    let named = !claims.sub.is_empty() && claims.sub.chars().count() <= WORDS_MAX;
    if !(in_time && begun && for_us && named) {
        return None;
    }
    Some(Vouched {
        subject: claims.sub,
        name: claims.name.trim().chars().take(WORDS_MAX).collect(),
        email: Email::parse(&claims.email).ok().map(|email| email.as_str().to_owned()),
        phone: Phone::parse(&claims.phone).ok().map(|phone| phone.e164().to_owned()),
    })
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn is_signed(alg: &str, key: &Key, signed: &[u8], signature: &[u8]) -> bool {
    match (alg, key) {
        ("HS256", Key::Hs256(secret)) => {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
            mac.update(signed);
            mac.verify_slice(signature).is_ok()
        }
        ("EdDSA" | "Ed25519", Key::EdDsa(public)) => {
            let Ok(key) = VerifyingKey::from_bytes(public) else { return false };
            let Ok(signature) = Signature::from_slice(signature) else { return false };
            key.verify_strict(signed, &signature).is_ok()
        }
        _ => false,
    }
}

/// Reads an Ed25519 public key as people paste it: 32 bytes in Base64 (also a JWK's `x`), or PEM.
#[must_use]
pub fn public_key(text: &str) -> Option<[u8; 32]> {
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
        .collect();
    let plain = body.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let padded = format!("{plain}{}", "=".repeat((4 - plain.len() % 4) % 4));
    let bytes = STANDARD.decode(padded).ok()?;
    let raw = bytes.strip_prefix(&SPKI).unwrap_or(&bytes);
    let key: [u8; 32] = raw.try_into().ok()?;
    VerifyingKey::from_bytes(&key).ok().filter(|key| !key.is_weak()).map(|_| key)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_791_943_200;
    const ACCOUNT: &str = "akun-kita";

    fn now() -> Timestamp {
        Timestamp::from_micros(NOW * Timestamp::SECOND)
    }

    fn unsigned(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(header), part(claims))
    }

    fn hs256(claims: &Value, secret: &[u8]) -> String {
        let text = unsigned(&json!({ "alg": "HS256", "typ": "JWT" }), claims);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn good() -> Value {
        json!({ "sub": "u-17", "aud": ACCOUNT, "exp": NOW + 600, "name": "Sri Wahyuni",
            "email": "Sri@Contoh.id", "phone_number": "0812 3456 7890" })
    }

    #[test]
    fn the_example_of_rfc_7515_has_the_right_signature() {
        let token = concat!(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiO",
            "jEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjf",
            "tJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        );
        let secret = concat!(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcg",
            "UuTwjAzZr1Z9CAow",
        );
        let key = Key::Hs256(URL_SAFE_NO_PAD.decode(secret).unwrap());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(is_signed("HS256", &key, signed.as_bytes(), &signature));
        // And all the same it vouches for nobody: it names no subject and is long over.
        assert_eq!(verify(token, &key, ACCOUNT, now()), None);
    }

    #[test]
    fn a_good_token_vouches() {
        let key = Key::Hs256(b"rahasia bersama yang panjang".to_vec());
        let found = verify(&hs256(&good(), b"rahasia bersama yang panjang"), &key, ACCOUNT, now());
        let expected = Vouched {
            subject: "u-17".into(),
            name: "Sri Wahyuni".into(),
            email: Some("sri@contoh.id".into()),
            phone: Some("+6281234567890".into()),
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn a_wrong_token_vouches_for_nobody() {
        let secret = b"rahasia";
        let key = Key::Hs256(secret.to_vec());
        for (field, value) in [
            ("exp", json!(NOW - 61)),
            ("exp", json!(NOW + 2 * 86_400)),
            ("exp", json!(i64::MAX)),
            ("exp", json!("besok")),
            ("exp", Value::Null),
            ("nbf", json!(NOW + 120)),
            ("iat", json!(NOW + 120)),
            ("aud", json!("akun-lain")),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("sub", json!("")),
            ("sub", json!("x".repeat(201))),
            ("sub", Value::Null),
        ] {
            let mut claims = good();
            claims[field] = value.clone();
            assert_eq!(
                verify(&hs256(&claims, secret), &key, ACCOUNT, now()),
                None,
                "{field} {value}"
            );
        }
        let token = hs256(&good(), secret);
        assert_eq!(verify(&hs256(&good(), b"lain"), &key, ACCOUNT, now()), None);
        for broken in ["", "..", "a.b.c", &token[..token.len() - 2], &token.replace('.', "")] {
            assert_eq!(verify(broken, &key, ACCOUNT, now()), None, "{broken}");
        }
        let (_, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        for header in [json!({ "alg": "none" }), json!({ "alg": "HS256", "crit": ["x"] })] {
            let head = URL_SAFE_NO_PAD.encode(header.to_string());
            for signature in ["", signature] {
                let forged = format!("{head}.{claims}.{signature}");
                assert_eq!(verify(&forged, &key, ACCOUNT, now()), None, "{header}");
            }
        }
    }

    #[test]
    fn a_public_key_is_no_shared_secret() {
        let signer = SigningKey::from_bytes(&[7; 32]);
        let public = signer.verifying_key().to_bytes();
        let text = unsigned(&json!({ "alg": "EdDSA" }), &good());
        let signature = signer.sign(text.as_bytes()).to_bytes();
        let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
        let key = Key::EdDsa(public);
        assert!(verify(&token, &key, ACCOUNT, now()).is_some());
        // Whoever knows the public key cannot sign with it by another algorithm.
        assert_eq!(verify(&hs256(&good(), &public), &key, ACCOUNT, now()), None);
        assert_eq!(verify(&token, &Key::Hs256(public.to_vec()), ACCOUNT, now()), None);
    }

    #[test]
    fn a_public_key_is_read_as_it_is_pasted() {
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        let mut der = SPKI.to_vec();
        der.extend(key);
        let body = STANDARD.encode(&der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        for text in [pem, STANDARD.encode(key), URL_SAFE_NO_PAD.encode(key)] {
            assert_eq!(public_key(&text), Some(key), "{text}");
        }
        for wrong in ["", "bukan kunci", &STANDARD.encode([0; 31]), &STANDARD.encode([0; 32])] {
            assert_eq!(public_key(wrong), None, "{wrong}");
        }
    }
}
