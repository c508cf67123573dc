//! `tanggap intake`: for a mail server's pipe, or a folder of kept messages.

use std::io::Read as _;

use clap::Subcommand;
use tanggap_kernel::{Fault, Result};

use crate::config::Config;
use crate::{letter, node};

/// More than any relay takes; what is longer is cut.
const RAW_BYTES_MAX: u64 = 200 << 20;

#[derive(Subcommand)]
pub(super) enum Intake {
    /// Take in one raw message (RFC 5322) from standard input; prints what came of it as JSON
    Mail {
        /// Whose mail, by the agency's name in addresses; without it the oldest agency
        #[arg(long, value_name = "SLUG")]
        agency: Option<String>,
        /// Our mail system's name in `Authentication-Results` (its authserv-id), where it takes
        /// such fields out of what comes from outside: only then does it count what they say
        #[arg(long, value_name = "NAME")]
        authserv: Option<String>,
        /// Print nothing: mail servers write what a command prints into their own log
        #[arg(long)]
        quiet: bool,
    },
}

pub(super) async fn run(config: &Config, command: Intake) -> Result<()> {
    let Intake::Mail { agency: slug, authserv, quiet } = command;
    let mut raw = Vec::new();
    std::io::stdin()
        .lock()
        .take(RAW_BYTES_MAX)
        .read_to_end(&mut raw)
        .map_err(|e| Fault::new(format!("standard input: {e}")))?;
    let ctx = node::open(config, true).await?;
    let agency = ctx.db.write(move |tx| super::agency(tx, slug.as_deref())).await?;
    let scanner = config.scanner();
    let door = letter::Door { scanner: scanner.as_ref(), authserv: authserv.as_deref() };
    let taken = letter::take_in(&ctx, agency, raw, door).await?;
    if !quiet {
        say!("{}", serde_json::to_string(&taken)?);
    }
    Ok(())
}
