//! `tanggap audit`: signed heads to keep elsewhere, and a check of every link.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use ed25519_dalek::SigningKey;
use tanggap_kernel::{Fault, Result};
use tanggap_store::audit::{self, Head};
use tanggap_ui::Ctx;

use crate::config::Config;
use crate::node;

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Print the signed heads of all logs as JSON: keep them where nobody here can change them
    Heads,
    /// Check every log from its beginning; exit 1 and name the first broken place
    Verify {
        /// Heads exported earlier, which must still be where they were
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
}

pub(super) async fn run(config: &Config, command: Audit) -> Result<ExitCode> {
    let ctx = node::open(config, false).await?;
    match command {
        Audit::Heads => {
            let heads = audit::heads(&ctx.db, &signing_key(&ctx)).await?;
            println!("{}", serde_json::to_string_pretty(&heads)?);
            Ok(ExitCode::SUCCESS)
        }
        Audit::Verify { heads } => verify(&ctx, heads.as_deref()).await,
    }
}

fn signing_key(ctx: &Ctx) -> SigningKey {
    SigningKey::from_bytes(&ctx.secrets.key("audit-heads"))
}

async fn verify(ctx: &Ctx, file: Option<&Path>) -> Result<ExitCode> {
    let heads = file.map_or_else(|| Ok(Vec::new()), read_heads)?;
    let ours = hex::encode(signing_key(ctx).verifying_key().to_bytes());
    for head in heads.iter().filter(|head| head.key != ours) {
        eprintln!("the head of agency {} was signed with another key: {}", head.agency, head.key);
    }
    let report = audit::verify(&ctx.db, heads).await?;
    for broken in &report.broken {
        println!("broken: agency {}, event {}: {}", broken.agency, broken.seq, broken.why);
    }
    if !report.broken.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    println!("whole: {} events of {} agencies", report.events, report.agencies);
    Ok(ExitCode::SUCCESS)
}

fn read_heads(path: &Path) -> Result<Vec<Head>, Fault> {
    let wrong = |e: &dyn std::fmt::Display| Fault::new(format!("{}: {e}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    serde_json::from_str(&text).map_err(|e| wrong(&e))
}
