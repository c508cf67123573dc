//! `tanggap backup` and `tanggap restore`.

use std::path::Path;

use tanggap_kernel::Result;

use crate::config::Config;
use crate::{copy, node};

pub(super) async fn back_up(config: &Config, file: &Path) -> Result<()> {
    let reading = node::open_to_read(config).await?;
    let manifest = copy::backup(&reading.db, &reading.blobs, file).await?;
    eprintln!("{}: {} rows, {} files", file.display(), manifest.rows(), manifest.files);
    for name in &manifest.missing {
        eprintln!("missing: the file {name} is named by a row but is not there");
    }
    eprintln!("the master key is not in it: keep that apart, and keep it");
    Ok(())
}

pub(super) async fn restore(config: &Config, file: &Path) -> Result<()> {
    // Everything is verified before anything is made.
    let manifest = copy::verify(file)?;
    let ctx = node::open(config, true).await?;
    copy::restore(&ctx, file, &manifest).await?;
    eprintln!("restored: {} rows, {} files", manifest.rows(), manifest.files);
    eprintln!("PINs, tokens and authenticators work only with the master key of the original");
    Ok(())
}
