//! Proofs that a webhook call comes from the provider, and the handshakes by which a provider
//! makes sure that an address is ours. Every comparison takes the same time whatever differs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

fn hmac_sha256(secret: &str, message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("invariant: HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Whether two secrets are the same; an empty one never is.
#[must_use]
pub fn same(ours: &str, given: &str) -> bool {
    !ours.is_empty() && bool::from(ours.as_bytes().ct_eq(given.as_bytes()))
}

/// Whether `X-Hub-Signature-256` (Meta) fits the body: `sha256=` and the hex HMAC by the
/// application's secret.
#[must_use]
pub fn hub(app_secret: &str, body: &[u8], header: &str) -> bool {
    let Some(given) = header.strip_prefix("sha256=").and_then(|hex| hex::decode(hex).ok()) else {
        return false;
    };
    !app_secret.is_empty() && bool::from(hmac_sha256(app_secret, body).ct_eq(&given))
}

/// Whether `x-twitter-webhooks-signature` fits the body: `sha256=` and the Base64 HMAC by the
/// consumer secret.
#[must_use]
pub fn x(consumer_secret: &str, body: &[u8], header: &str) -> bool {
    let given = header.strip_prefix("sha256=").and_then(|text| STANDARD.decode(text).ok());
    let Some(given) = given else { return false };
    !consumer_secret.is_empty() && bool::from(hmac_sha256(consumer_secret, body).ct_eq(&given))
}

/// The answer to X's challenge (CRC).
///
/// Anybody may ask, and the answer is what would sign a call with the token as its body: so nothing
/// is answered that could be one. A call is a JSON object, and a token holds no brace or quote.
#[must_use]
pub fn x_challenge(consumer_secret: &str, crc_token: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_graphic() && !b"{}[]\"\\".contains(&b);
    let is_token = crc_token.len() <= 200 && crc_token.bytes().all(plain);
    if consumer_secret.is_empty() || crc_token.is_empty() || !is_token {
        return None;
    }
    let answer = STANDARD.encode(hmac_sha256(consumer_secret, crc_token.as_bytes()));
    Some(format!("{{\"response_token\":\"sha256={answer}\"}}"))
}

/// The answer to Meta's challenge, where mode and token are right.
#[must_use]
pub fn hub_challenge<'a>(
    verify_token: &str,
    mode: &str,
    given: &str,
    challenge: &'a str,
) -> Option<&'a str> {
    let plain = challenge.len() <= 200 && challenge.chars().all(|c| c.is_ascii_alphanumeric());
    (mode == "subscribe" && same(verify_token, given) && plain).then_some(challenge)
}

/// Meta's `appsecret_proof`: that a call with this token comes from the application itself.
#[must_use]
pub fn app_secret_proof(app_secret: &str, token: &str) -> String {
    hex::encode(hmac_sha256(app_secret, token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_of_the_hub_signature_holds() {
        let (secret, body) = ("It's a Secret to Everybody", b"Hello, World!");
        let header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(hub(secret, body, header));
        assert!(!hub(secret, b"Hello, World?", header));
        assert!(!hub("another", body, header));
        assert!(!hub("", body, header));
        for header in ["", "sha256=", "sha256=zz", "sha1=757107ea", &header[7..], &header[..40]] {
            assert!(!hub(secret, body, header), "{header}");
        }
    }

    #[test]
    fn an_unset_secret_lets_nobody_in() {
        assert!(!same("", ""));
        assert!(!x("", b"", &format!("sha256={}", STANDARD.encode(hmac_sha256("", b"")))));
        assert!(same("a", "a") && !same("a", "b") && !same("a", "ab"));
    }

    #[test]
    fn challenges_are_answered_to_the_provider_only() {
        assert_eq!(hub_challenge("ours", "subscribe", "ours", "1158201444"), Some("1158201444"));
        assert_eq!(hub_challenge("ours", "subscribe", "theirs", "1"), None);
        assert_eq!(hub_challenge("ours", "unsubscribe", "ours", "1"), None);
        assert_eq!(hub_challenge("ours", "subscribe", "ours", "<script>"), None);
        // The value was computed with CPython's hmac and base64.
        assert_eq!(
            x_challenge("secret", "challenge").as_deref(),
            Some("{\"response_token\":\"sha256=oeUF6Wxqoezggrue+wbIDxKRPSF6esKwizR2MHh9HaA=\"}")
        );
        for token in ["9b4507b3-9040-4669-9ca3-6b94edb50553", "YzBmYjM3ZGMtMzU2Yi00=", "a_b.c~d"] {
            assert!(x_challenge("secret", token).is_some(), "{token}");
        }
        // Else whoever asks would be given the signature of a call of their own making.
        for body in ["{\"for_user_id\":\"1\"}", "[]", "\"a\"", "a b", "", &"a".repeat(201)] {
            assert_eq!(x_challenge("secret", body), None, "{body}");
        }
        assert_eq!(x_challenge("", "challenge"), None);
    }
}
