//! Tells the node's subscribers what was announced, whoever wrote it.
//!
//! Woken by a commit of this node and, since commands and other nodes may write beside it, every
//! 200 ms; reads each agency's head and then only what is newer. Also leases this node's number,
//! which its ids carry.

use std::collections::HashMap;
use std::time::Duration;

use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{AgencyId, Fault, Result, Timestamp, id, params};

use crate::db::Db;
use crate::events::Announced;
use crate::tx::Tx;

const POLL_EVERY: Duration = Duration::from_millis(200);
const LEASE_MICROS: i64 = 120 * Timestamp::SECOND;
const RENEW_EVERY_POLLS: u32 = 100;
const BATCH: i64 = 1000;

crate::sql! {
    HEADS = @scan("one row per agency") "select agency_id, seq from chain_heads";
    SINCE = "select agency_id, seq, at, kind, subject_kind, subject_id, actor, body from events
        where agency_id = $1 and seq > $2 order by seq limit $3";
    NODES = "select name from leases where name >= 'node:' and name < 'node;' and until > $1";
    LEASE = "insert into leases (name, holder, until) values ($1, $2, $3)
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.until <= $4 or leases.holder = excluded.holder";
}

/// Leases the lowest free node number for this process.
pub(crate) async fn lease_node(db: &Db) -> Result<i64> {
    db.write(move |tx| {
        let now = tx.now();
        let taken: Vec<String> = tx.all(&NODES, params![now], |row| row.text())?;
        let free = (0..id::NODES).find(|n| !taken.contains(&name(*n)));
        let node = free.ok_or_else(|| Fault::new("all node numbers are leased"))?;
        // Two processes that start together may both pick it: the second finds it changed.
        if lease(tx, node)? {
            Ok(node)
        } else {
            Err(Fault::new("busy").of(FaultKind::Retry).into())
        }
    })
    .await
}

fn lease(tx: &mut Tx<'_>, node: i64) -> Result<bool, Fault> {
    let now = tx.now();
    let holder = format!("{}:{node}", std::process::id());
    Ok(tx.exec(&LEASE, params![name(node), holder, now.plus(LEASE_MICROS), now])? == 1)
}

fn name(node: i64) -> String {
    format!("node:{node:03}")
}

pub(crate) async fn start(db: &Db, node: i64) -> Result<()> {
    let mut seen: HashMap<AgencyId, i64> =
        db.read(|tx| Ok(heads(tx)?)).await?.into_iter().collect();
    let weak = db.downgrade();
    tokio::spawn(async move {
        let mut polls = 0;
        // The handle is weak, so that dropping the last `Db` ends this task and the engine.
        while let Some(db) = weak.upgrade() {
            let _ = tokio::time::timeout(POLL_EVERY, db.committed().notified()).await;
            if let Err(error) = relay(&db, &mut seen).await {
                tracing::warn!(%error, "relaying waits");
            }
            polls += 1;
            if polls % RENEW_EVERY_POLLS == 0 {
                let renewed = db.write(move |tx| Ok(lease(tx, node)?)).await;
                if !matches!(renewed, Ok(true)) {
                    tracing::error!(node, "the node's number could not be leased again");
                }
            }
        }
    });
    Ok(())
}

async fn relay(db: &Db, seen: &mut HashMap<AgencyId, i64>) -> Result<()> {
    let heads = db.read(|tx| Ok(heads(tx)?)).await?;
    for (agency_id, head) in heads {
        let cursor = seen.entry(agency_id).or_insert(0);
        if db.announced().receiver_count() == 0 {
            *cursor = head;
        }
        while *cursor < head {
            let after = *cursor;
            let news = db.read(move |tx| Ok(since(tx, agency_id, after)?)).await?;
            let Some(last) = news.last() else { break };
            *cursor = last.seq;
            for announced in news {
                let _ = db.announced().send(announced);
            }
        }
    }
    Ok(())
}

fn heads(tx: &mut Tx<'_>) -> Result<Vec<(AgencyId, i64)>, Fault> {
    tx.all(&HEADS, params![], |row| Ok((row.int()?, row.int()?)))
}

fn since(tx: &mut Tx<'_>, agency_id: AgencyId, after: i64) -> Result<Vec<Announced>, Fault> {
    tx.all(&SINCE, params![agency_id, after, BATCH], |row| {
        Ok(Announced {
            agency_id: row.int()?,
            seq: row.int()?,
            at: row.int()?,
            kind: row.text()?,
            subject_kind: row.text()?,
            subject_id: row.int()?,
            actor: row.text()?,
            body: row.text()?,
        })
    })
}
