//! What every handler is given: the database, the files, the secrets, the live rooms.
//!
//! Time, randomness and keys come from here, so that a handler can be tested and nothing is
//! global.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tanggap_kernel::{Fault, Result, Timestamp};
use tanggap_store::Db;
use tanggap_store::blobs::Blobs;

use crate::live::Live;

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
    /// Whether mail goes out; otherwise it waits, visibly.
    pub has_relay: bool,
    /// Whether sign-in offers the demo's people.
    pub demo: bool,
    /// The largest file that is taken, in bytes.
    pub upload_bytes_max: usize,
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
