//! `tanggap demo`: a fictional regency to look at, in a folder that goes away unless one is given.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tanggap_kernel::{Fault, Result};
use tanggap_ui::ctx::Site;

use super::{Place, Serve};
use crate::config::Config;
use crate::{node, observe, serve};

/// Marks a data folder as a demo's, so that no agency's own data is ever opened to whoever asks.
const MARK: &str = "demo";
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

pub(super) async fn run(place: &Place, mut args: Serve) -> Result<ExitCode> {
    let temporary = place.data.is_none().then(temporary_folder).transpose()?;
    let data = temporary.clone().or_else(|| place.data.clone()).unwrap_or_default();
    let mut config = Place { data: Some(data.clone()), ..place.clone() }.config()?;
    args.listen.get_or_insert_with(|| DEFAULT_LISTEN.to_owned());
    args.lay_over(&mut config);
    if config.server.base_url.is_empty() {
        let port = config.server.listen.rsplit_once(':').map_or("8080", |(_, port)| port);
        config.server.base_url = format!("http://localhost:{port}");
    }
    // Whoever looks at a demo tries servers of this machine with it.
    config.accounts.networks.extend(["127.0.0.0/8", "::1"].map(str::to_owned));
    observe::start_log(&config.log)?;
    let outcome = open_and_serve(&config, &data).await;
    if let Some(folder) = temporary {
        // What cannot be removed stays in the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(folder);
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn open_and_serve(config: &Config, data: &Path) -> Result<()> {
    let mut ctx = node::open(config, true).await?;
    let is_empty = ctx.db.read(tanggap_org::agencies).await?.is_empty();
    let mark = data.join(MARK);
    if !is_empty && !mark.exists() {
        return Err(Fault::new("this is no demo's data: a demo lets anybody sign in").into());
    }
    if is_empty {
        std::fs::write(&mark, "").map_err(|e| Fault::new(format!("{}: {e}", mark.display())))?;
        let told = |text: &str| note!("{text}");
        tanggap_cases::demo::load(&ctx.db, &ctx.blobs, &ctx.secrets, told).await?;
    }
    ctx.site = Arc::new(Site { demo: true, ..Site::clone(&ctx.site) });
    let address = config.server.base_url.clone();
    serve::serve(config, ctx, move |_| note!("\n  Tanggap: {address}\n")).await
}

fn temporary_folder() -> Result<PathBuf, Fault> {
    let random: [u8; 8] = tanggap_ui::ctx::random()?;
    let folder = std::env::temp_dir().join(format!("tanggap-demo-{}", hex::encode(random)));
    std::fs::create_dir(&folder).map_err(|e| Fault::new(format!("{}: {e}", folder.display())))?;
    Ok(folder)
}
