//! `tanggap eval`: measures what this version makes of outside data whose right result is known.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use tanggap_channels::email::eval;
use tanggap_kernel::{Fault, Result};

#[derive(Subcommand)]
pub(super) enum Eval {
    /// Splitting answers into words, quote and signature; a file with one case a line
    Reply {
        /// {"id", "kind", "content_type", "normalise", "input", "expected"}
        file: PathBuf,
    },
    /// Reading whole messages; a folder with email-mime, email-bounce, email-tnef, zammad-mail
    Mail {
        /// Those that are not there are passed over
        folder: PathBuf,
    },
}

/// Prints the figures as JSON.
pub(super) fn run(command: Eval) -> Result<()> {
    match command {
        Eval::Reply { file } => print(eval::replies(&file)),
        Eval::Mail { folder } => print(eval::mails(&folder)),
    }
}

fn print<T: Serialize>(figures: Result<T, eval::EvalError>) -> Result<()> {
    let figures = figures.map_err(|e| Fault::new(e.to_string()))?;
    say!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}
