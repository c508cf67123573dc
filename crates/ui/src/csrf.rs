//! Tokens that prove a form was served by us to this session: a random nonce and its HMAC under
//! the node's key, bound to the session. Nothing is stored; another site can neither read nor
//! make one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the random nonce that makes each token differ (so that compression leaks nothing).
pub const NONCE_BYTES: usize = 16;

/// A token for `session` (the session's secret, or the pre-session cookie of a visitor).
#[must_use]
pub fn mint(key: &[u8], session: &str, nonce: [u8; NONCE_BYTES]) -> String {
    let mut token = nonce.to_vec();
    token.extend_from_slice(&tag(key, session, &nonce).finalize().into_bytes());
    URL_SAFE_NO_PAD.encode(token)
}

/// Whether `token` was minted for `session` under `key`; takes the same time for every wrong tag.
#[must_use]
pub fn verify(key: &[u8], session: &str, token: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    let Some((nonce, mac)) = bytes.split_at_checked(NONCE_BYTES) else { return false };
    tag(key, session, nonce).verify_slice(mac).is_ok()
}

fn tag(key: &[u8], session: &str, nonce: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("invariant: HMAC takes keys of any length");
    mac.update(b"tanggap form\0");
    mac.update(nonce);
    mac.update(session.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_session_and_key_only() {
        let token = mint(b"key", "session", [7; NONCE_BYTES]);
        assert!(verify(b"key", "session", &token));
        assert!(!verify(b"other", "session", &token));
        assert!(!verify(b"key", "another", &token));
        for broken in ["", "AAAA", "not base64!", &token[..token.len() - 2]] {
            assert!(!verify(b"key", "session", broken), "{broken}");
        }
    }
}
