//! A node: the database, the files and the keys, opened as configured.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use tanggap_kernel::{Clock, Fault, Result};
use tanggap_store::Db;
use tanggap_store::blobs::Blobs;
use tanggap_ui::ctx::{Ctx, OwnRelays, Secrets, Site, random};
use tanggap_ui::live::Live;

use crate::config::Config;

/// Where the master key may come from instead of a file: 64 hexadecimal digits.
pub const KEY_VARIABLE: &str = "TANGGAP_MASTER_KEY";
/// The key's file in the data folder.
pub const KEY_FILE: &str = "master.key";

/// Opens a node's parts.
///
/// # Errors
/// A fault that says which part cannot be used.
pub async fn open(config: &Config, migrate: bool) -> Result<Ctx> {
    config.check()?;
    make_private_folder(&config.data)?;
    let secrets = Secrets::new(master_key(&config.data)?);
    let blobs = Blobs::open(&config.files())?;
    let db = Db::open(config.engine(), Clock::System, migrate).await?;
    let site = Site {
        base_url: config.server.base_url.clone(),
        secure_cookies: config.secure_cookies(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        has_relay: config.mail.is_some(),
        own_relays: OwnRelays::default(),
        demo: false,
        upload_bytes_max: config.server.upload_mb_max.clamp(1, 1000) << 20,
    };
    Ok(Ctx { db, blobs, secrets, site: Arc::new(site), live: Live::default() })
}

/// What is there to be looked at.
pub struct Reading {
    /// The rows, to be read only.
    pub db: Db,
    /// The files.
    pub blobs: Blobs,
    /// The secrets, where there is a key.
    pub secrets: Option<Secrets>,
}

/// Opens what a node would open and changes nothing, so that it works on a full disk too.
///
/// # Errors
/// A fault that says which part cannot be used.
pub async fn open_to_read(config: &Config) -> Result<Reading> {
    config.check()?;
    let secrets = find_key(&config.data)?.map(Secrets::new);
    let db = Db::open_to_read(config.engine(), Clock::System).await?;
    Ok(Reading { db, blobs: Blobs::open(&config.files())?, secrets })
}

/// Makes the data folder where it is missing, for nobody else to read.
fn make_private_folder(data: &Path) -> Result<(), Fault> {
    let wrong = |e: std::io::Error| Fault::new(format!("data folder {}: {e}", data.display()));
    if data.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(data).map_err(wrong)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700)).map_err(wrong)?;
    }
    Ok(())
}

/// The key from which all others are derived: from the environment, or from its file, which is
/// made at the first start.
///
/// # Errors
/// A fault where it cannot be read or is no key.
pub fn master_key(data: &Path) -> Result<[u8; 32], Fault> {
    find_key(data)?.map_or_else(|| new_key(&data.join(KEY_FILE)), Ok)
}

/// The key from the environment or from its file, where there is one.
fn find_key(data: &Path) -> Result<Option<[u8; 32]>, Fault> {
    if let Ok(text) = std::env::var(KEY_VARIABLE) {
        let key = parse_key(&text).ok_or_else(|| Fault::new(format!("{KEY_VARIABLE} is no key")));
        return key.map(Some);
    }
    let path = data.join(KEY_FILE);
    let wrong = |e: std::io::Error| Fault::new(format!("{}: {e}", path.display()));
    match std::fs::File::open(&path) {
        Ok(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(wrong)?;
            let key = parse_key(&text);
            key.ok_or_else(|| Fault::new(format!("{} is no key", path.display()))).map(Some)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(wrong(e)),
    }
}

/// Writes a new key. Two processes that start at once both read the one that came first: the
/// whole key is linked into place.
fn new_key(path: &Path) -> Result<[u8; 32], Fault> {
    let wrong = |e: std::io::Error| Fault::new(format!("{}: {e}", path.display()));
    let key: [u8; 32] = random()?;
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(wrong)?;
    file.write_all(format!("{}\n", hex::encode(key)).as_bytes()).map_err(wrong)?;
    file.sync_all().map_err(wrong)?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(wrong)?;
    match linked {
        Ok(()) => Ok(key),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(path).map_err(wrong)?;
            parse_key(&text).ok_or_else(|| Fault::new(format!("{} is no key", path.display())))
        }
        Err(e) => Err(wrong(e)),
    }
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.trim()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = master_key(folder.path()).unwrap();
        assert_eq!(master_key(folder.path()).unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
        std::fs::write(folder.path().join(KEY_FILE), "bukan kunci").unwrap();
        assert!(master_key(folder.path()).is_err());
    }
}
