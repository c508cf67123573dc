//! The schema: numbered files in PostgreSQL's dialect, applied once each, in order.
//!
//! Column types are BIGINT, TEXT, BOOLEAN, DOUBLE PRECISION and BYTEA; for SQLite four words are
//! swapped and tables become `strict, without rowid`. What only one engine has (full text) is
//! marked `-- only: sqlite` or `-- only: postgres` above its statement.

use std::path::Path;

use tanggap_kernel::{Fault, Result, Timestamp, params};

use crate::kept::Shared;
use crate::pipe::Link;
use crate::tls::Target;
use crate::tx::{Tx, lite_error};
use crate::{db::Engine, planner, sqlite};

/// One file of the schema.
#[derive(Debug)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// Its text, in PostgreSQL's dialect.
    pub text: &'static str,
}

macro_rules! migrations {
    ($($version:literal => $file:literal),* $(,)?) => {
        &[$(Migration {
            version: $version,
            text: include_str!(concat!("../../../migrations/", $file)),
        }),*]
    };
}

static ALL: &[Migration] = migrations! {
    1 => "0001_log_and_jobs.sql",
    2 => "0002_organisation.sql",
    3 => "0003_cases.sql",
    4 => "0004_temporary_passwords.sql",
    5 => "0005_hosts.sql",
    6 => "0006_jobs_by_kind.sql",
    7 => "0007_awaiting.sql",
    8 => "0008_contacts.sql",
    9 => "0009_cases_by_kind.sql",
    10 => "0010_channels.sql",
    11 => "0011_routing.sql",
    12 => "0012_chat.sql",
    15 => "0015_messengers.sql",
    16 => "0016_mailboxes.sql",
    17 => "0017_wallboards.sql",
    18 => "0018_outbound_parts.sql",
    19 => "0019_beside.sql",
    20 => "0020_quick_answers.sql",
    21 => "0021_reply_targets.sql",
    22 => "0022_one_time_codes.sql",
    23 => "0023_asides.sql",
    24 => "0024_wrap_up.sql",
    25 => "0025_parts_of_messages.sql",
    26 => "0026_language_and_picking.sql",
    27 => "0027_reminders.sql",
    28 => "0028_inquiries.sql",
    29 => "0029_words_of_messages_later.sql",
    30 => "0030_salts_of_words.sql",
    31 => "0031_installation.sql",
    32 => "0032_overdue_notices.sql",
    33 => "0033_addresses_used.sql",
    34 => "0034_what_may_go.sql",
};

const CREATE_LEDGER: &str =
    "create table if not exists schema_migrations (version BIGINT primary key, at BIGINT not null)";

impl Migration {
    /// Its statements for `sqlite` or for PostgreSQL.
    fn statements(&self, sqlite: bool) -> Vec<String> {
        let mut found = Vec::new();
        for part in self.text.split(";\n") {
            let only = |engine: &str| part.contains(&format!("-- only: {engine}"));
            if (sqlite && only("postgres")) || (!sqlite && only("sqlite")) {
                continue;
            }
            let bare: String = part
                .lines()
                .filter(|l| !l.trim_start().starts_with("--"))
                .collect::<Vec<_>>()
                .join("\n");
            let bare = bare.trim().trim_end_matches(';').trim();
            if !bare.is_empty() {
                found.push(if sqlite { for_sqlite(bare) } else { bare.to_owned() });
            }
        }
        found
    }
}

fn for_sqlite(statement: &str) -> String {
    let mut text = statement.to_owned();
    for (ours, theirs) in [
        ("DOUBLE PRECISION", "REAL"),
        ("BIGINT", "INTEGER"),
        ("BOOLEAN", "INTEGER"),
        ("BYTEA", "BLOB"),
    ] {
        text = text.replace(ours, theirs);
    }
    if text.starts_with("create table") {
        text.push_str(" strict, without rowid");
    }
    text
}

/// The tables that hold rows of ours, in an order in which they can be filled.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    ALL.iter()
        .flat_map(|m| m.text.lines())
        .filter_map(|line| line.strip_prefix("create table if not exists "))
        .filter_map(|rest| rest.split([' ', '(']).next())
        .collect()
}

pub(crate) fn sqlite(path: &Path, migrate: bool, now: Timestamp) -> Result<(), Fault> {
    let conn = sqlite::connect_first(path)?;
    let fault = |e: rusqlite::Error| lite_error("migrate", &e);
    conn.execute_batch(&for_sqlite(CREATE_LEDGER)).map_err(fault)?;
    conn.execute_batch("begin immediate").map_err(fault)?;
    let newest: i64 = conn
        .query_row("select coalesce(max(version), 0) from schema_migrations", [], |r| r.get(0))
        .map_err(fault)?;
    let pending = pending(newest, migrate)?;
    for migration in pending {
        for statement in migration.statements(true) {
            conn.execute_batch(&statement).map_err(fault)?;
        }
        conn.execute(
            "insert into schema_migrations (version, at) values (?1, ?2)",
            [migration.version, now.as_micros()],
        )
        .map_err(fault)?;
    }
    if !pending.is_empty() {
        planner::plant(&conn)?;
    }
    conn.execute_batch("commit").map_err(fault)
}

pub(crate) fn postgres(url: &str, migrate: bool, now: Timestamp) -> Result<(), Fault> {
    let mut link = Link::new(&Target::parse(url)?);
    link.bare(CREATE_LEDGER)?;
    link.once(&Shared::new(), now, |tx| {
        tx.script("lock table schema_migrations")?;
        let newest = "select coalesce(max(version), 0) from schema_migrations";
        let newest = tx.ad_hoc(newest, &[], |row| row.int::<i64>())?;
        for migration in pending(newest.first().copied().unwrap_or(0), migrate)? {
            for statement in migration.statements(false) {
                tx.script(&statement)?;
            }
            let done = "insert into schema_migrations (version, at) values ($1, $2)";
            tx.ad_hoc(done, params![migration.version, now], |_| Ok(()))?;
        }
        Ok(())
    })
}

/// Refuses a schema that is not the one this program knows.
pub(crate) fn refuse_unless_current(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let newest = "select coalesce(max(version), 0) from schema_migrations";
    let newest = tx.ad_hoc(newest, &[], |row| row.int::<i64>())?;
    pending(newest.first().copied().unwrap_or(0), false).map(drop)
}

fn pending(newest: i64, migrate: bool) -> Result<&'static [Migration], Fault> {
    let known = ALL.last().map_or(0, |m| m.version);
    if newest > known {
        return Err(Fault::new(format!(
            "the database has schema {newest}, newer than this program's {known}: use the \
             program that brought it there, or restore a backup with this one"
        )));
    }
    let from = ALL.iter().position(|m| m.version > newest).unwrap_or(ALL.len());
    if !migrate && from < ALL.len() {
        return Err(Fault::new("the schema is not up to date: run `tanggap migrate`"));
    }
    Ok(&ALL[from..])
}

impl Engine {
    /// Whether it is the embedded one.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}
