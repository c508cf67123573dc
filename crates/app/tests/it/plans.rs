//! Every statement of the program, prepared on both engines, and its plan read: none goes through
//! a whole large table, unless it says why.
//!
//! The tables are filled, so that PostgreSQL has something to weigh. Its connections make
//! sequential scans dear, so that one in a plan means that no index could serve. A walk through a
//! whole index is a scan as well.

use tanggap_app::copy::{Kind, Table};
use tanggap_kernel::{Fault, Value, params};
use tanggap_store::{Sql, Tx};
use tanggap_testkit::{TestDb, engines};

/// Tables that grow with use.
const LARGE: &[&str] = &[
    "events",
    "event_private",
    "jobs",
    "sessions",
    "throttles",
    "idempotency_keys",
    "contacts",
    "contact_identities",
    "contact_words",
    "interactions",
    "messages",
    "message_search",
    "attachments",
    "cases",
    "case_addresses",
    "case_deadlines",
    "follow_ups",
    "drafts",
    "outbound",
    "outbound_parts",
    "inbound",
    "inquiries",
    "talks",
    "talk_turns",
    "reminders",
    "chat_visitors",
    "suppressions",
    "spent_proofs",
    "presence_intervals",
    "routing_items",
    "routing_offers",
];
/// Only PostgreSQL's sealer runs these; SQLite's writer seals as it writes.
const ONLY_POSTGRES: &[&str] = &["UNSEALED"];
const ROWS: usize = 1500;

engines! {
    async fn no_statement_scans_a_large_table(kit) {
        fill(&kit, kit.engine.is_sqlite()).await;
        let found = scans(&kit).await;
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    async fn no_plan_that_was_made_for_empty_tables_scans_them_once_they_are_large(kit) {
        let found = scans(&kit).await;
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// Every statement whose plan scans a large table without saying why.
async fn scans(kit: &TestDb) -> Vec<String> {
    let sqlite = kit.engine.is_sqlite();
    let found = kit.db.write(move |tx| {
        let mut found = Vec::new();
        for sql in tanggap_app::statements() {
            if sqlite && ONLY_POSTGRES.contains(&sql.name) {
                continue;
            }
            let scanned = if sqlite { of_sqlite(tx, sql)? } else { of_postgres(tx, sql)? };
            for what in scanned.into_iter().filter(|_| sql.scan.is_none()) {
                found.push(format!("{}: {what}", sql.name));
            }
        }
        Ok(found)
    });
    found.await.expect("every statement is prepared")
}

/// Fills the large tables with rows that all differ.
async fn fill(kit: &TestDb, sqlite: bool) {
    kit.db
        .write(move |tx| {
            for table in Table::all(tx, sqlite)? {
                if LARGE.contains(&table.name) {
                    tx.script(&filling(&table, sqlite))?;
                }
            }
            // Most jobs are no dead letters.
            tx.script("update jobs set dead_at = null where run_at % 10 > 0")?;
            if !sqlite {
                tx.script("analyze")?;
            }
            Ok(())
        })
        .await
        .expect("filled");
}

fn filling(table: &Table, sqlite: bool) -> String {
    let value = |column: &tanggap_app::copy::Column| match column.kind {
        Kind::Int if column.name == "agency_id" => "n % 7".to_owned(),
        Kind::Int => "n".to_owned(),
        Kind::Bool => "n % 3 = 0".to_owned(),
        Kind::Real => "n".to_owned(),
        Kind::Text if sqlite => "'t' || n".to_owned(),
        Kind::Text => "cast('t' || n as text)".to_owned(),
        Kind::Bytes if sqlite => "cast('b' || n as blob)".to_owned(),
        Kind::Bytes => "cast('b' || n as bytea)".to_owned(),
    };
    let values: Vec<String> = table.columns.iter().map(value).collect();
    let numbers = match sqlite {
        true => format!(
            "with recursive s(n) as (select 1 union all select n + 1 from s where n < {ROWS}) "
        ),
        false => format!("with s as (select generate_series(1, {ROWS}) as n) "),
    };
    let (name, columns) = (table.name, table.names().join(", "));
    format!("insert into {name} ({columns}) {numbers} select {} from s", values.join(", "))
}

/// How many parameters a statement has.
fn parameters(text: &str) -> usize {
    let after = text.split('$').skip(1);
    let number = |part: &str| {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        part[..digits].parse().unwrap_or(0)
    };
    after.map(number).max().unwrap_or(0)
}

/// The large table that a name in a plan stands for.
fn large(text: &str, name: &str) -> Option<&'static str> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let is = |table: &&&str| {
        **table == name
            || words.windows(2).any(|pair| pair == [**table, name])
            || words.windows(3).any(|three| three == [**table, "as", name])
    };
    LARGE.iter().find(is).copied()
}

fn of_sqlite(tx: &mut Tx<'_>, sql: &'static Sql) -> Result<Vec<String>, Fault> {
    let text = sql.sqlite();
    let nothing = vec![Value::Null; parameters(&text.replace('?', "$"))];
    let plan = tx.ad_hoc(&format!("explain query plan {text}"), &nothing, |row| {
        let _: (i64, i64, i64) = (row.int()?, row.int()?, row.int()?);
        row.text()
    });
    let plan = plan.map_err(|fault| Fault::new(format!("{}: {fault}", sql.name)))?;
    let scans = plan.into_iter().filter_map(|step| {
        let name = step.strip_prefix("SCAN ")?.split(' ').next()?.to_owned();
        let is_search = step.contains("VIRTUAL TABLE");
        large(text, &name).filter(|_| !is_search).map(|_| step)
    });
    Ok(scans.collect())
}

fn of_postgres(tx: &mut Tx<'_>, sql: &'static Sql) -> Result<Vec<String>, Fault> {
    let wrong = |fault: Fault| Fault::new(format!("{}: {fault}", sql.name));
    tx.script("deallocate all")?;
    tx.script(&format!("prepare plan_of as {}", sql.postgres)).map_err(wrong)?;
    let nulls = vec!["null"; parameters(sql.postgres)].join(", ");
    let execution = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    let plan =
        tx.ad_hoc(&format!("explain execute plan_of{execution}"), params![], |row| row.text());
    let plan = plan.map_err(wrong)?;
    let mut scans = Vec::new();
    for (at, step) in plan.iter().enumerate() {
        let words: Vec<&str> = step.split_whitespace().collect();
        let Some(on) = words.iter().position(|word| *word == "on") else { continue };
        let table = words.get(on + 1).copied().unwrap_or_default();
        let is_large = LARGE.contains(&table);
        let whole_index = step.contains("Index") && step.contains("Scan using");
        let next = plan.get(at + 1).map_or("", String::as_str);
        // The first rows in the order of an index are no walk through all of it.
        let first_rows = at > 0 && plan[at - 1].contains("Limit") && !next.contains("Filter");
        let bounded = next.contains("Index Cond") || first_rows;
        if is_large && (step.contains("Seq Scan") || (whole_index && !bounded)) {
            scans.push(step.trim().to_owned());
        }
    }
    Ok(scans)
}
