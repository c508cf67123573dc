//! Looks at every file that a row names: whether it is there, and is what its name says.
//!
//! The log vouches for the names (a name is the hash of the content), so that with
//! `store::audit::verify` this tells of any file that was changed or taken away. A page of names
//! and a piece of each file under way are all that is in memory, however much there is; every file
//! is read, which is why `tanggap audit verify` does it only when asked to.

use futures_util::{StreamExt as _, stream};
use tanggap_kernel::{Result, params};
use tanggap_store::Db;
use tanggap_store::blobs::{Blobs, Found};

use crate::work::sweep::NAMING;

/// Names read at once.
const PAGE: usize = 500;
/// Files read at once: enough that a store far away does not make it slow.
const AT_ONCE: usize = 8;
/// A store of which so many files cannot be read is given up.
const FAULTS_MAX: u64 = 20;

/// A file that is not as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its name.
    pub name: String,
    /// The table and the column that name it.
    pub named_by: (&'static str, &'static str),
    /// What is wrong with it.
    pub why: String,
}

/// How many files were looked at, and how many are not as they were kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All.
    pub looked_at: u64,
    /// Those that are broken.
    pub broken: u64,
}

/// Looks at every file that a row names; `tell` hears each that is broken. What is erased while
/// this goes on is not taken for a loss.
///
/// # Errors
/// A fault of the engine, or of the store where it does not let files be read.
pub async fn verify(db: &Db, blobs: &Blobs, mut tell: impl FnMut(Broken)) -> Result<Report> {
    let (mut report, mut faults) = (Report::default(), 0);
    for &(table, column) in NAMING {
        let mut after = String::new();
        loop {
            let names = names(db, table, column, after).await?;
            let last = names.last().cloned();
            let looked = names.into_iter().map(async |name| (blobs.look_at(&name).await, name));
            let mut looked = stream::iter(looked).buffer_unordered(AT_ONCE);
            while let Some((found, name)) = looked.next().await {
                report.looked_at += 1;
                let why = match found {
                    Ok(Found::Sound) => continue,
                    Ok(Found::Missing) => "it is missing".to_owned(),
                    Ok(Found::Changed) => "its content was changed".to_owned(),
                    Err(fault) => {
                        faults += 1;
                        if faults > FAULTS_MAX {
                            return Err(fault.into());
                        }
                        fault.what
                    }
                };
                if is_named(db, table, column, name.clone()).await? {
                    report.broken += 1;
                    tell(Broken { name, named_by: (table, column), why });
                }
            }
            let Some(last) = last else { break };
            after = last;
        }
    }
    Ok(report)
}

async fn names(db: &Db, table: &str, column: &str, after: String) -> Result<Vec<String>> {
    let text = format!(
        "select distinct {column} from {table} where {column} > $1 order by {column} limit {PAGE}"
    );
    db.read(move |tx| Ok(tx.ad_hoc(&text, params![&after], |row| row.text())?)).await
}

/// Whether a row still names it.
async fn is_named(db: &Db, table: &str, column: &str, name: String) -> Result<bool> {
    let text = format!("select 1 from {table} where {column} = $1 limit 1");
    db.read(move |tx| Ok(!tx.ad_hoc(&text, params![&name], |_| Ok(()))?.is_empty())).await
}
