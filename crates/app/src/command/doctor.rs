//! `tanggap doctor`: looks at everything that the installation needs and says what is wrong.

#[cfg(unix)]
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ExitCode;

use tanggap_conversations::accounts;
use tanggap_kernel::{Access, Fault, Result, Timestamp, params};
use tanggap_store::blobs::Found;
use tanggap_store::{Db, Tx};
use tanggap_ui::ctx::Secrets;

use super::told;
use crate::backlog::Backlog;
use crate::config::{Config, unknown_variables};
use crate::node::{self, Reading};
use crate::{account, key, work};

/// With less free space than this the node is in danger (bytes).
const SPACE_MIN: u64 = 1 << 30;
/// How many of the newest files are looked at.
const FILES_LOOKED_AT: i64 = 50;
/// A clock may differ by so much from the database's (microseconds).
const CLOCK_OFF_MAX: i64 = 2 * Timestamp::SECOND;

/// The lines of the report, and whether one of them is bad.
#[derive(Default)]
struct Findings {
    bad: bool,
}

impl Findings {
    fn good(&mut self, what: &str, told: impl std::fmt::Display) {
        say!("ok    {what}: {told}");
    }

    fn warn(&mut self, what: &str, told: impl std::fmt::Display) {
        say!("warn  {what}: {told}");
    }

    fn bad(&mut self, what: &str, told: impl std::fmt::Display) {
        say!("BAD   {what}: {told}");
        self.bad = true;
    }
}

pub(super) async fn run(config: &Config) -> Result<ExitCode> {
    let mut findings = Findings::default();
    look_at_settings(&mut findings, config);
    look_at_folder(&mut findings, &config.data);
    match node::open_to_read(config).await {
        Err(error) => findings.bad("database", told(&error)),
        Ok(reading) => {
            look_at_rows(&mut findings, &reading.db).await;
            look_at_secrets(&mut findings, &reading).await;
            look_at_files(&mut findings, &reading).await;
        }
    }
    look_at_relay(&mut findings, config).await;
    Ok(if findings.bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn look_at_settings(findings: &mut Findings, config: &Config) {
    match config.check() {
        Ok(()) => findings.good("configuration", "understood"),
        Err(fault) => findings.bad("configuration", fault.what),
    }
    for name in unknown_variables() {
        findings.warn("environment", format!("no setting is called {name}"));
    }
    let server = &config.server;
    if server.base_url.is_empty() {
        findings.warn("base_url", "not set: links in mails lead nowhere");
    } else if !config.secure_cookies() {
        findings.warn("base_url", "not https: passwords travel in the open");
    }
    for path in server.tls_cert.iter().chain(&server.tls_key) {
        match std::fs::read(path) {
            Ok(_) => findings.good("TLS", format!("{} can be read", path.display())),
            Err(e) => findings.bad("TLS", format!("{}: {e}", path.display())),
        }
    }
}

fn look_at_folder(findings: &mut Findings, data: &Path) {
    let probe = data.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, "x");
    // On a full disk the file is there without what was to be in it.
    let removed = std::fs::remove_file(&probe);
    let written = written.and(removed);
    match written {
        Ok(()) => findings.good("data folder", format!("{} can be written", data.display())),
        Err(e) => findings.bad("data folder", format!("{}: {e}", data.display())),
    }
    #[cfg(unix)]
    if std::fs::metadata(data).is_ok_and(|meta| meta.mode() & 0o007 != 0) {
        findings
            .warn("data folder", format!("others can look into it: chmod 700 {}", data.display()));
    }
    match free_bytes(data) {
        Some(free) if free < SPACE_MIN => {
            findings.bad("disk space", format!("{} MB left", free >> 20));
        }
        Some(free) => findings.good("disk space", format!("{} MB left", free >> 20)),
        None => findings.warn("disk space", "cannot be told"),
    }
    if std::env::var_os(key::VARIABLE).is_some() {
        return findings.good("master key", "in the environment");
    }
    let path = data.join(key::FILE);
    match std::fs::metadata(&path) {
        Err(e) => findings.bad("master key", format!("{}: {e}", path.display())),
        #[cfg(unix)]
        Ok(meta) if meta.mode() & 0o077 != 0 => {
            findings.bad("master key", format!("others can read it: chmod 600 {}", path.display()));
        }
        Ok(_) => findings.good("master key", "there, for its owner only"),
    }
}

/// As `df` tells it.
fn free_bytes(folder: &Path) -> Option<u64> {
    let told = std::process::Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    let kilobytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kilobytes << 10)
}

async fn look_at_rows(findings: &mut Findings, db: &Db) {
    let (now, sqlite) = (db.now(), db.engine().is_sqlite());
    let looked = db.read(move |tx| Ok(Rows::read(tx, sqlite)?)).await;
    let rows = match looked {
        Ok(rows) => rows,
        Err(error) => return findings.bad("database", told(&error)),
    };
    findings.good("database", format!("schema {}, {} agencies", rows.schema, rows.agencies));
    if rows.agencies == 0 {
        findings.warn("agencies", "none yet: tanggap admin create");
    }
    let off = rows.database_now.map_or(0, |theirs| (theirs - now.as_micros()).abs());
    if off > CLOCK_OFF_MAX {
        findings.bad("clock", format!("{} s off the database's", off / Timestamp::SECOND));
    } else if rows.newest_event > now.as_micros() + CLOCK_OFF_MAX {
        findings.bad("clock", "events lie in the future: the clock went back");
    } else {
        findings.good("clock", "agrees with the record");
    }
    match rows.broken_tails {
        0 => findings.good("record", "every log ends at its head (audit verify checks all of it)"),
        n => findings.bad("record", format!("{n} logs do not end at their heads")),
    }
    let Backlog { jobs_dead, jobs_late, messages_failed, messages_waiting } = rows.backlog;
    match (jobs_dead, jobs_late) {
        (0, 0) => findings.good("jobs", "none failed, none late"),
        (0, late) => findings.warn("jobs", format!("{late} are late: is a node running?")),
        (dead, _) => {
            findings.bad("jobs", format!("{dead} failed for good: see Pengaturan, Pekerjaan latar"))
        }
    }
    match (messages_failed, messages_waiting) {
        (0, 0) => findings.good("outgoing mail", "none waits"),
        (0, waiting) => findings.warn("outgoing mail", format!("{waiting} wait")),
        (failed, waiting) => {
            findings.warn("outgoing mail", format!("{failed} failed, {waiting} wait"));
        }
    }
}

/// Whether the key is the database's, and opens what was sealed.
async fn look_at_secrets(findings: &mut Findings, reading: &Reading) {
    let secrets = reading.secrets.clone();
    let looked = reading.db.read(move |tx| {
        if let Some(problem) = key::problem(tx, secrets.as_ref())? {
            return Ok(vec![problem]);
        }
        Ok(match &secrets {
            Some(secrets) => unopened(tx, secrets)?,
            None => Vec::new(),
        })
    });
    match looked.await {
        Ok(wrong) if wrong.is_empty() => {
            findings.good("sealed secrets", "the master key is that of the database");
        }
        Ok(wrong) => wrong.into_iter().for_each(|what| findings.bad("sealed secrets", what)),
        Err(error) => findings.bad("sealed secrets", told(&error)),
    }
}

/// The accounts whose secrets the key does not open.
fn unopened(tx: &mut Tx<'_>, secrets: &Secrets) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for agency in tanggap_org::agencies(tx)? {
        for account in accounts::all(tx, &Access::system(agency.id))? {
            if account::unseal(secrets, &account).is_err() {
                let (whose, name) = (&agency.name, &account.name);
                found.push(format!("{whose}, {name}: sealed with another key; enter it anew"));
            }
        }
    }
    Ok(found)
}

/// What the rows say of the installation's health.
struct Rows {
    schema: i64,
    agencies: i64,
    newest_event: i64,
    database_now: Option<i64>,
    broken_tails: i64,
    backlog: Backlog,
}

impl Rows {
    fn read(tx: &mut Tx<'_>, sqlite: bool) -> Result<Self, Fault> {
        let backlog = Backlog::read(tx)?;
        let mut number = |text: &str| {
            let found: Vec<Option<i64>> = tx.ad_hoc(text, params![], |row| row.opt_int())?;
            Ok::<i64, Fault>(found.into_iter().flatten().next().unwrap_or(0))
        };
        let clock = "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
        Ok(Self {
            schema: number("select max(version) from schema_migrations")?,
            agencies: number("select count(*) from agencies")?,
            newest_event: number(
                "select max(e.at) from chain_heads h join events e
                on e.agency_id = h.agency_id and e.seq = h.seq",
            )?,
            database_now: if sqlite { None } else { Some(number(clock)?) },
            broken_tails: number(
                "select count(*) from chain_heads h left join events e
                on e.agency_id = h.agency_id and e.seq = h.seq
                where e.hash is null or e.hash <> h.hash",
            )?,
            backlog,
        })
    }
}

async fn look_at_files(findings: &mut Findings, reading: &Reading) {
    let named = newest_files(&reading.db).await;
    let named = match named {
        Ok(named) => named,
        Err(error) => return findings.bad("files", told(&error)),
    };
    let count = named.len();
    for name in named {
        let wrong = match reading.blobs.look_at(&name).await {
            Ok(Found::Sound) => continue,
            Ok(Found::Missing) => "it is missing".to_owned(),
            Ok(Found::Changed) => "its content was changed".to_owned(),
            Err(fault) => fault.what,
        };
        return findings.bad("files", format!("{name}: {wrong} (audit verify --files reads all)"));
    }
    let told = format!("the newest {count} are whole (audit verify --files reads all)");
    findings.good("files", told);
}

async fn newest_files(db: &Db) -> Result<Vec<String>> {
    let text = "select blob from attachments order by id desc limit $1";
    db.read(move |tx| Ok(tx.ad_hoc(text, params![FILES_LOOKED_AT], |row| row.text())?)).await
}

async fn look_at_relay(findings: &mut Findings, config: &Config) {
    let Some(mail) = &config.mail else {
        return findings.warn("mail relay", "none: mail waits until there is one");
    };
    match work::open_relay(mail) {
        Err(fault) => findings.bad("mail relay", fault.what),
        Ok(relay) => match relay.check().await {
            Ok(()) => findings.good("mail relay", format!("{} answers", mail.host)),
            Err(error) => findings.bad("mail relay", error),
        },
    }
}
