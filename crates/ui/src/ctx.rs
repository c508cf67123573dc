//! What every handler is given: the database, the files, the secrets, the live rooms.
//!
//! Time, randomness and keys come from here, so that a handler can be tested and nothing is
//! global.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tanggap_kernel::{AgencyId, Fault, Result, Timestamp};
use tanggap_store::Db;
use tanggap_store::blobs::Blobs;

use crate::live::Live;

/// The form in which secrets are sealed: this byte, the nonce, the text with its tag.
const SEAL_VERSION: u8 = 1;

/// The node's parts; cloned freely.
#[derive(Clone)]
pub struct Ctx {
    /// The database.
    pub db: Db,
    /// The files.
    pub blobs: Blobs,
    /// The keys.
    pub secrets: Secrets,
    /// What is known of the installation.
    pub site: Arc<Site>,
    /// Who watches what.
    pub live: Live,
}

/// What is known of the installation from its configuration.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The address under which people reach it, without a slash at its end; empty: as asked.
    pub base_url: String,
    /// Whether cookies are sent over TLS only.
    pub secure_cookies: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Whether mail goes out by the installation's relay; otherwise it waits, visibly.
    pub has_relay: bool,
    /// Agencies whose mail goes out by servers of their own.
    pub own_relays: OwnRelays,
    /// Whether sign-in offers the demo's people.
    pub demo: bool,
    /// The largest file that is taken, in bytes.
    pub upload_bytes_max: usize,
}

impl Site {
    /// Whether an agency's mail goes out.
    #[must_use]
    pub fn sends_mail(&self, agency: AgencyId) -> bool {
        self.has_relay || self.own_relays.0.read().is_ok_and(|known| known.contains(&agency))
    }
}

/// Agencies whose mail goes out by servers of their own, as the node last saw it.
#[derive(Debug, Default)]
pub struct OwnRelays(RwLock<HashSet<AgencyId>>);

impl Clone for OwnRelays {
    fn clone(&self) -> Self {
        let known = self.0.read().map(|known| known.clone()).unwrap_or_default();
        Self(RwLock::new(known))
    }
}

impl OwnRelays {
    /// Takes the place of what was known.
    pub fn set(&self, agencies: HashSet<AgencyId>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = agencies;
    }
}

/// Keys for signing and for keeping what is short (PINs, tokens), derived from one master key
/// that lies in a file or the environment, never in the database.
#[derive(Clone)]
pub struct Secrets(Arc<[u8; 32]>);

impl Secrets {
    /// Secrets from the master key.
    #[must_use]
    pub fn new(master: [u8; 32]) -> Self {
        Self(Arc::new(master))
    }

    /// The key for `purpose`.
    #[must_use]
    pub fn key(&self, purpose: &str) -> [u8; 32] {
        mac(&*self.0, &[purpose.as_bytes()])
    }

    /// A keyed hash of `parts` for `purpose`: how PINs and tokens are kept.
    #[must_use]
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.key(purpose), parts)
    }

    /// Seals what has to be read again, such as a provider's token: AES-256-GCM under the key of
    /// `purpose`, bound to what it belongs to.
    ///
    /// # Errors
    /// A fault where the system has no random bytes.
    pub fn seal(&self, purpose: &str, of: &[u8], plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut text = plain.to_vec();
        let nonce = self.aead(purpose)?.seal_in_place_append_tag(Aad::from(of), &mut text);
        let nonce = nonce.map_err(|_| Fault::new("sealing failed"))?;
        Ok([&[SEAL_VERSION], nonce.as_ref().as_slice(), &text].concat())
    }

    /// What was sealed for `purpose` and belongs to `of`.
    ///
    /// # Errors
    /// A fault where it was sealed with another key, for something else, or was changed.
    pub fn unseal(&self, purpose: &str, of: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let wrong = || Fault::new(format!("{purpose}: sealed with another key, or changed"));
        let (head, text) = sealed.split_at_checked(1 + NONCE_LEN).ok_or_else(wrong)?;
        let (version, nonce) = head.split_at(1);
        if version != [SEAL_VERSION] {
            return Err(wrong());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut text = text.to_vec();
        let plain = self.aead(purpose)?.open_in_place(nonce, Aad::from(of), &mut text);
        Ok(plain.map_err(|_| wrong())?.to_vec())
    }

    fn aead(&self, purpose: &str) -> Result<RandomizedNonceKey, Fault> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.key(purpose))
            .map_err(|_| Fault::new("no key for sealing"))
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("invariant: any length is a key");
    for part in parts {
        hmac.update(&(part.len() as u64).to_be_bytes());
        hmac.update(part);
    }
    hmac.finalize().into_bytes().into()
}

/// Random bytes from the system.
///
/// # Errors
/// A fault where the system has none to give.
pub fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Fault::new(format!("random: {e}")))?;
    Ok(bytes)
}

impl Ctx {
    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.db.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_only() {
        let secrets = Secrets::new([7; 32]);
        let sealed = secrets.seal("account", b"1", b"token").unwrap();
        assert_eq!(secrets.unseal("account", b"1", &sealed).unwrap(), b"token");
        assert_ne!(sealed, secrets.seal("account", b"1", b"token").unwrap());
        assert!(!sealed.windows(5).any(|bytes| bytes == b"token"));
        assert!(secrets.unseal("account", b"2", &sealed).is_err());
        assert!(secrets.unseal("other", b"1", &sealed).is_err());
        assert!(Secrets::new([8; 32]).unseal("account", b"1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(secrets.unseal("account", b"1", &changed).is_err(), "{at}");
            assert!(secrets.unseal("account", b"1", &sealed[..at]).is_err(), "{at}");
        }
    }
}
