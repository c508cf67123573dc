//! One schema, whichever engine.

use std::collections::BTreeSet;

use tanggap_app::copy::{Kind, Table};
use tanggap_kernel::params;
use tanggap_testkit::{TestDb, block_on};

/// What only PostgreSQL needs.
const ONLY_POSTGRES: &[&str] = &["events_unsealed", "message_search_words"];

#[test]
fn both_engines_have_the_same_tables_columns_keys_and_indexes() {
    block_on(async {
        let Some(postgres) = TestDb::postgres().await else { return };
        let sqlite = TestDb::sqlite().await;
        let (here, there) = (tables(&sqlite).await, tables(&postgres).await);
        assert_eq!(here.len(), there.len());
        for (here, there) in here.iter().zip(&there) {
            assert_eq!((here.name, &here.key), (there.name, &there.key));
            assert_eq!(here.names(), there.names(), "{}", here.name);
            for (ours, theirs) in here.columns.iter().zip(&there.columns) {
                // SQLite keeps truth as a number.
                let theirs = if theirs.kind == Kind::Bool { Kind::Int } else { theirs.kind };
                assert_eq!(ours.kind, theirs, "{}.{}", here.name, ours.name);
            }
        }
        let mut theirs = indexes(&postgres).await;
        theirs.retain(|name| !ONLY_POSTGRES.contains(&name.as_str()));
        assert_eq!(indexes(&sqlite).await, theirs);
    });
}

async fn tables(kit: &TestDb) -> Vec<Table> {
    let sqlite = kit.engine.is_sqlite();
    kit.db.read(move |tx| Ok(Table::all(tx, sqlite)?)).await.expect("tables")
}

async fn indexes(kit: &TestDb) -> BTreeSet<String> {
    let text = match kit.engine.is_sqlite() {
        true => "select name from sqlite_master where type = 'index' and sql is not null",
        false => {
            "select cast(indexname as text) from pg_indexes
            where schemaname = current_schema() and indexname not like '%pkey'"
        }
    };
    let found = kit.db.read(move |tx| Ok(tx.ad_hoc(text, params![], |row| row.text())?)).await;
    found.expect("indexes").into_iter().collect()
}
