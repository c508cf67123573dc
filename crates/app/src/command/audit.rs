//! `tanggap audit`: signed heads to keep elsewhere, and a check of every link, of the rows that the
//! log vouches for, and of the files where that is asked for.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use ed25519_dalek::{SigningKey, VerifyingKey};
use tanggap_kernel::{Fault, Result};
use tanggap_store::Db;
use tanggap_store::audit::{self, Broken, Head};
use tanggap_ui::ctx::Secrets;

use crate::config::Config;
use crate::node::{self, Reading};
use crate::{files, key};

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Print the signed heads of all logs as JSON: keep them where nobody here can change them
    Heads,
    /// Check every log from its beginning; exit 1 and name the first broken place
    Verify {
        /// Heads exported earlier, which must still be where they were
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
        /// The public key that signed them, where it is not this installation's (hexadecimal)
        #[arg(long, value_name = "HEX", requires = "heads", value_parser = public_key)]
        key: Option<Box<VerifyingKey>>,
        /// Read every file too, and name those that are missing or not as they were sent
        #[arg(long)]
        files: bool,
    },
}

pub(super) async fn run(config: &Config, command: Audit) -> Result<ExitCode> {
    let reading = node::open_to_read(config).await?;
    let signing = reading.secrets.as_ref().map(signing_key);
    match command {
        Audit::Heads => {
            let key = signing.ok_or_else(|| {
                Fault::new(format!("{} is missing: it signs the heads", key::FILE))
            })?;
            let heads = audit::heads(&reading.db, &key).await?;
            say!("{}", serde_json::to_string_pretty(&heads)?);
            Ok(ExitCode::SUCCESS)
        }
        Audit::Verify { heads, key, files } => {
            let key = key.map(|key| *key).or(signing.map(|key| key.verifying_key()));
            let is_whole = verify(&reading.db, heads.as_deref(), key.as_ref()).await?;
            let are_whole = !files || verify_files(&reading).await?;
            if !files {
                note!("files were not looked at: --files reads each of them");
            }
            Ok(if is_whole && are_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn signing_key(secrets: &Secrets) -> SigningKey {
    SigningKey::from_bytes(&secrets.key("audit-heads"))
}

fn public_key(text: &str) -> Result<Box<VerifyingKey>, String> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    key.map(Box::new).ok_or_else(|| "no Ed25519 public key of 64 hexadecimal digits".to_owned())
}

/// Whether every file that a row names is as it was kept.
async fn verify_files(reading: &Reading) -> Result<bool> {
    let report =
        files::verify(&reading.db, &reading.blobs, |files::Broken { name, named_by, why }| {
            let (table, column) = named_by;
            say!("broken: file {name} ({table}.{column}): {why}");
        });
    let files::Report { looked_at, broken } = report.await?;
    if broken == 0 {
        say!("whole: {looked_at} files as they were kept");
    }
    Ok(broken == 0)
}

/// Whether the log and what it vouches for are as they were written. Without a key no head is
/// believed.
async fn verify(db: &Db, file: Option<&Path>, key: Option<&VerifyingKey>) -> Result<bool> {
    let heads = file.map_or_else(|| Ok(Vec::new()), read_heads)?;
    let is_signed = |head: &Head| key.is_some_and(|key| head.is_signed_by(key));
    let (ours, others): (Vec<_>, Vec<_>) = heads.into_iter().partition(is_signed);
    let mut report = audit::verify(db, ours, &tanggap_cases::VOUCHED).await?;
    let why = match key {
        Some(_) => "its exported head was changed, or signed with another key than this one",
        None => "there is no key here to believe its exported head by: give --key",
    };
    let foreign = others.into_iter().map(|head| Broken::link(head.agency, head.seq, why));
    report.broken.extend(foreign);
    for broken in &report.broken {
        let row = broken.row.as_ref().map(|row| format!(" ({row})")).unwrap_or_default();
        say!("broken: agency {}, event {}: {}{row}", broken.agency, broken.seq, broken.why);
    }
    let audit::Report { events, agencies, rows, .. } = report;
    if report.broken.is_empty() {
        say!("whole: {events} events of {agencies} agencies, {rows} rows as they were written");
    }
    tell_besides(&report);
    Ok(report.broken.is_empty())
}

/// What is not wrong by itself, but is for a person to judge.
fn tell_besides(report: &audit::Report) {
    for erased in &report.erased {
        let audit::Erased { agency, seq, at, actor, subject, names } = erased;
        let event = seq.map_or("an event not sealed yet".to_owned(), |seq| format!("event {seq}"));
        say!(
            "erased: agency {agency}, {event} of {at} by {actor}: {} rows of person {subject}; \
             there has to be a request for it",
            names.len()
        );
    }
    if report.older > 0 {
        say!("older: {} rows are from before the log vouched for rows", report.older);
    }
    if report.unsealed > 0 {
        say!("unsealed: {} events, which a running node seals within a second", report.unsealed);
    }
    for agency in &report.uncounted {
        say!(
            "uncounted: rows slipped into agency {agency} would not be found before its events are \
             sealed: look again while a node runs"
        );
    }
}

fn read_heads(path: &Path) -> Result<Vec<Head>, Fault> {
    let wrong = |e: &dyn std::fmt::Display| Fault::new(format!("{}: {e}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    serde_json::from_str(&text).map_err(|e| wrong(&e))
}
