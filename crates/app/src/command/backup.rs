//! `tanggap backup` and `tanggap restore`.

use std::path::Path;

use tanggap_kernel::{Fault, Result};
use tanggap_ui::ctx::Secrets;

use crate::config::Config;
use crate::copy::{self, Manifest};
use crate::{key, node};

pub(super) async fn back_up(config: &Config, file: &Path) -> Result<()> {
    let reading = node::open_to_read(config).await?;
    let manifest = copy::backup(&reading.db, &reading.blobs, file).await?;
    note!("{}: {} rows, {} files", file.display(), manifest.rows(), manifest.files);
    name_gaps(&manifest);
    note!("the master key is not in it: keep that apart, and keep it");
    Ok(())
}

/// The files that the backup could not hold.
fn name_gaps(manifest: &Manifest) {
    for name in &manifest.missing {
        note!("not in the backup: the file {name} is named by a row but was not there");
    }
    for name in &manifest.changed {
        note!("not in the backup: the content of the file {name} had been changed");
    }
    if !manifest.missing.is_empty() || !manifest.changed.is_empty() {
        note!("put these files back from an older backup: each name is the SHA-256 of its content");
    }
}

/// With `new_key` what the original's key sealed is lost and may be.
pub(super) async fn restore(config: &Config, file: &Path, new_key: bool) -> Result<()> {
    // Everything is verified before anything is made.
    let manifest = copy::verify(file)?;
    let here = key::find(&config.data)?.map(|key| hex::encode(key::mark(&Secrets::new(key))));
    let fits = manifest.key_mark.is_none() || here == manifest.key_mark;
    if !fits && !new_key {
        let place = config.data.join(key::FILE);
        let why = format!(
            "the backup belongs to a master key that is not here: put it at {} first, or lose \
             what it sealed with --new-key",
            place.display()
        );
        return Err(Fault::new(why).into());
    }
    let ctx = node::open(config, true).await?;
    copy::restore(&ctx, file, &manifest).await?;
    note!("restored: {} rows, {} files", manifest.rows(), manifest.files);
    name_gaps(&manifest);
    if fits {
        note!("PINs, passwords of accounts and authenticators need the original's master key");
        return Ok(());
    }
    // What was kept in memory of the empty database is forgotten with the handle.
    ctx.db.close().await?;
    let ctx = node::open(config, false).await?;
    super::admin::name_losses(&ctx.db).await?;
    key::begin_anew(&ctx.db, &ctx.secrets).await
}
