//! What SQLite's planner is told of the tables, so that its plans are the same on the first day
//! and with a million cases.
//!
//! Without figures SQLite takes a table of ours, whose rows lie in its primary key, to be walked
//! through for one agency rather than looked up by an index. The figures are planted once, when
//! the schema is made, and tell of a large installation; real ones (`analyze`) may replace them.

use rusqlite::Connection;
use tanggap_kernel::Fault;

use crate::tx::lite_error;

/// Rows of a table as the planner is told.
const ROWS: u64 = 1_000_000;
/// One row of so many is in a partial index: most cases are closed, most mail is sent.
const PARTIAL: u64 = 20;
/// Columns of few different values; each divides what is left by [`NARROWS`].
const FEW_VALUES: &[&str] =
    &["status", "kind", "state", "open", "subject_kind", "channel", "escalation", "awaiting"];
const NARROWS: u64 = 8;
/// Rows that share an id, a moment or a name.
const SHARED: u64 = 10;

/// Plants the figures for every index.
pub(crate) fn plant(conn: &Connection) -> Result<(), Fault> {
    let fault = |e: rusqlite::Error| lite_error("planner", &e);
    conn.execute_batch("analyze sqlite_master; delete from sqlite_stat1").map_err(fault)?;
    let mut indexes = conn
        .prepare(
            "select m.name, i.name, i.\"unique\", i.origin, i.partial
            from sqlite_master m, pragma_index_list(m.name) i
            where m.type = 'table' and m.name not like 'sqlite%'
            and m.name not like 'message_search%'",
        )
        .map_err(fault)?;
    let mut found = indexes.query([]).map_err(fault)?;
    while let Some(row) = found.next().map_err(fault)? {
        let read = || -> rusqlite::Result<(String, String, bool, String, bool)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        };
        let (table, index, unique, origin, partial) = read().map_err(fault)?;
        let columns = columns(conn, &index).map_err(fault)?;
        // The primary key of a table without rowid goes by the table's own name.
        let index = if origin == "pk" { &table } else { &index };
        let figures = figures(&columns, unique, partial);
        conn.execute("insert into sqlite_stat1 values (?1, ?2, ?3)", [&table, index, &figures])
            .map_err(fault)?;
    }
    Ok(())
}

fn columns(conn: &Connection, index: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare("select coalesce(name, '') from pragma_index_info(?1)")?;
    let names = statement.query_map([index], |row| row.get(0))?;
    names.collect()
}

/// Rows in all, then rows that share the first column, the first two ...
fn figures(columns: &[String], unique: bool, partial: bool) -> String {
    let rows = if partial { ROWS / PARTIAL } else { ROWS };
    let (mut left, mut figures) = (rows, rows.to_string());
    for (at, column) in columns.iter().enumerate() {
        if FEW_VALUES.contains(&column.as_str()) {
            left = (left / NARROWS).max(1);
        } else if column != "agency_id" {
            left = left.min(SHARED);
        }
        if unique && at + 1 == columns.len() {
            left = 1;
        }
        figures.push_str(&format!(" {left}"));
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_looked_up_by_its_index_from_the_first_row_on() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "create table events (agency_id integer, id integer, subject_id integer, body text,
                primary key (agency_id, id)) without rowid;
            create index events_by_subject on events (agency_id, subject_id, id)",
        )
        .unwrap();
        plant(&conn).unwrap();
        conn.execute_batch("analyze sqlite_master").unwrap();
        let plan: String = conn
            .query_row(
                "explain query plan select body from events
                where agency_id = 1 and subject_id = 2 order by id limit 5",
                [],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.contains("events_by_subject"), "{plan}");
    }
}
