//! A node: the database, the files and the secrets, opened as configured.

use std::path::Path;
use std::sync::Arc;

use tanggap_kernel::{Clock, Fault, Result};
use tanggap_store::Db;
use tanggap_store::blobs::Blobs;
use tanggap_ui::ctx::{Ctx, OwnRelays, Secrets, Site};
use tanggap_ui::live::Live;

use crate::config::Config;
use crate::key;

/// Opens a node's parts.
///
/// # Errors
/// A fault that says which part cannot be used.
pub async fn open(config: &Config, migrate: bool) -> Result<Ctx> {
    config.check()?;
    make_private_folder(&config.data)?;
    let blobs = Blobs::open(&config.files())?;
    let db = Db::open(config.engine(), Clock::System, migrate).await?;
    let secrets = key::settle(&db, &config.data).await?;
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
    let secrets = key::find(&config.data)?.map(Secrets::new);
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
