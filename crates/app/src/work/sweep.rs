//! Keeping house: rows that ended by themselves and files that no row names.
//!
//! None of this changes what an agency has to account for, so none of it is an event.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tanggap_kernel::{AgencyId, Fault, Result, Timestamp, id, params};
use tanggap_store::blobs::{Blobs, Kept};
use tanggap_store::jobs::{self, Job, Runner};
use tanggap_store::{Db, Tx, sql};

const ROWS: &str = "sweep_rows";
const FILES: &str = "sweep_files";
/// Jobs of the installation belong to no agency.
const NOBODY: AgencyId = AgencyId(0);
const ROWS_EVERY: i64 = 10 * Timestamp::MINUTE;
const FILES_EVERY: i64 = 6 * Timestamp::HOUR;
/// A file is put before its row is written, so only what is older can be an orphan.
const ORPHAN_AGE: i64 = Timestamp::DAY;
/// A repeated request is recognised for so long.
const IDEMPOTENCY_AGE: i64 = 2 * Timestamp::DAY;
/// What a provider told is needed no more once it is understood; so long it can be looked at.
const TOLD_AGE: i64 = 30 * Timestamp::DAY;
/// Names asked for at once.
const CHUNK: usize = 500;

sql! {
    PROOFS = "delete from spent_proofs where until <= $1";
    KEYS = "delete from idempotency_keys where at <= $1";
    TOLD = "update inbound set payload = null where id < $1 and payload is not null
        and state = 'done'";
}

macro_rules! naming {
    (@ $names:literal, $first:literal $column:literal $(, $table:literal $more:literal)*) => {
        concat!(
            "select w.value from ", $names, " as w where exists (select 1 from ", $first,
            " where ", $column, " = w.value)"
            $(, " or exists (select 1 from ", $table, " where ", $more, " = w.value)")*
        )
    };
    ($($table:literal $column:literal),+) => {
        /// The columns that name files: what they name is kept, and goes into a backup.
        pub(crate) const NAMING: &[(&str, &str)] = &[$(($table, $column)),+];

        mod named {
            tanggap_store::sql! {
                NAMED = naming!(
                    @ "json_array_elements_text(cast($1 as json))", $($table $column),+
                ), sqlite: naming!(@ "json_each($1)", $($table $column),+);
            }
        }
    };
}

naming! { "attachments" "blob", "attachments" "thumbnail", "messages" "raw", "inbound" "raw" }

/// The statements of this module, for the test that reads every plan.
pub(crate) fn statements() -> Vec<&'static tanggap_store::Sql> {
    [STATEMENTS, named::STATEMENTS].concat()
}

/// Adds the handlers.
#[must_use]
pub fn register(runner: Runner, blobs: Blobs) -> Runner {
    runner
        .on(ROWS, sweep_rows)
        .on_peer(FILES, Arc::new(move |db, job| Box::pin(sweep_files(db, blobs.clone(), job))))
}

/// Plans the first round of each.
///
/// # Errors
/// A fault of the engine.
pub fn plan(tx: &mut Tx<'_>) -> Result<()> {
    let now = tx.now();
    tx.schedule(NOBODY, ROWS, "all", now.plus(Timestamp::MINUTE), "{}")?;
    Ok(tx.schedule(NOBODY, FILES, "all", now.plus(Timestamp::HOUR), "{}")?)
}

fn sweep_rows(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    sweep_over(tx)?;
    let again = tx.now().plus(ROWS_EVERY);
    Ok(tx.schedule(NOBODY, ROWS, &job.key, again, "{}")?)
}

/// Removes the rows that are over. What was counted of wrong tries is not over with its wait.
fn sweep_over(tx: &mut Tx<'_>) -> Result<()> {
    let now = tx.now();
    tanggap_org::sessions::sweep(tx)?;
    tanggap_org::throttle::sweep(tx)?;
    tx.put(&PROOFS, params![now])?;
    tx.put(&KEYS, params![now.plus(-IDEMPOTENCY_AGE)])?;
    tx.put(&TOLD, params![id::floor_at(now.plus(-TOLD_AGE))])?;
    Ok(())
}

async fn sweep_files(db: Db, blobs: Blobs, job: Job) -> Result<()> {
    let oldest_spared = db.now().plus(-ORPHAN_AGE);
    let mut swept = 0;
    let mut chunks = blobs.list().chunks(CHUNK);
    while let Some(chunk) = chunks.next().await {
        let chunk: Vec<Kept> = chunk.into_iter().collect::<Result<_, Fault>>()?;
        let old = chunk.into_iter().filter(|kept| kept.put_at < oldest_spared);
        let names: Vec<String> = old.map(|kept| kept.name).collect();
        swept += sweep_chunk(&db, &blobs, names, oldest_spared).await?;
    }
    if swept > 0 {
        tracing::info!(swept, "files that no row names are gone");
    }
    db.write(move |tx| {
        jobs::finish(tx, &job)?;
        let at = tx.now().plus(FILES_EVERY);
        Ok(tx.schedule(NOBODY, FILES, &job.key, at, "{}")?)
    })
    .await
}

async fn sweep_chunk(
    db: &Db,
    blobs: &Blobs,
    names: Vec<String>,
    oldest_spared: Timestamp,
) -> Result<usize> {
    if names.is_empty() {
        return Ok(0);
    }
    let asked = serde_json::to_string(&names)?;
    let named: Vec<String> =
        db.read(move |tx| Ok(tx.all(&named::NAMED, params![&asked], |row| row.text())?)).await?;
    let mut swept = 0;
    for name in names.iter().filter(|name| !named.contains(name)) {
        // Put again meanwhile, it is young again.
        if blobs.put_at(name).await?.is_some_and(|at| at < oldest_spared) {
            blobs.delete(name).await?;
            swept += 1;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use tanggap_kernel::{Error, Refusal};
    use tanggap_org::throttle::{self, SECRET};
    use tanggap_testkit::engines;

    use super::*;

    engines! {
        async fn wrong_tries_are_counted_on_across_the_sweeps(kit) {
            let tried = async || {
                kit.db.write(|tx| throttle::attempt(tx, "pin:uji", SECRET)).await
            };
            let swept_after = async |micros| {
                kit.clock.set(kit.clock.now().plus(micros));
                kit.db.write(sweep_over).await.expect("swept");
            };
            for _ in 0..5 {
                assert!(tried().await.is_ok());
            }
            assert!(tried().await.is_err(), "five were free");
            swept_after(10 * Timestamp::MINUTE).await;
            assert!(tried().await.is_ok(), "the wait is over");
            let waits = tried().await;
            assert!(
                matches!(
                    waits,
                    Err(Error::Refused(Refusal::TooMany { retry_after_s: 31..=60 }))
                ),
                "each further try waits twice as long: {waits:?}"
            );
            swept_after(2 * Timestamp::HOUR).await;
            for _ in 0..5 {
                assert!(tried().await.is_ok(), "long ago is forgotten");
            }
        }
    }
}
