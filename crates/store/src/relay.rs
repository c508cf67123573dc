//! Tells the node's subscribers what was announced, whoever wrote it.
//!
//! Woken by a commit of this node and, since commands and other nodes may write beside it, every
//! 200 ms; reads each agency's head and then only what is newer. Also leases this node's number,
//! which its ids carry.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{AgencyId, Fault, Result, Timestamp, id, params};

use crate::db::Db;
use crate::events::Announced;
use crate::kept::Kept;
use crate::tx::Tx;

const POLL_EVERY: Duration = Duration::from_millis(200);
const REST: Duration = Duration::from_millis(10);
const LEASE_MICROS: i64 = 120 * Timestamp::SECOND;
const RENEW_EVERY_MICROS: i64 = 20 * Timestamp::SECOND;
const BATCH: i64 = 1000;
/// The number of a node that has leased none yet.
const NONE: i64 = -1;

crate::sql! {
    HEADS = @scan("one row per agency") "select agency_id, seq from chain_heads";
    SINCE = "select agency_id, seq, at, kind, subject_kind, subject_id, actor, body from events
        where agency_id = $1 and seq > $2 order by seq limit $3";
    NODES = "select name from leases where name >= 'node:' and name < 'node;' and until > $1";
    LEASE = "insert into leases (name, holder, until) values ($1, $2, $3)
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.until <= $4 or leases.holder = excluded.holder";
    RELEASE = "update leases set until = $3 where name = $1 and holder = $2";
}

/// The number that this process's ids carry, and the name under which it is leased. The name is
/// random: process numbers repeat between machines and containers.
#[derive(Clone)]
pub(crate) struct Node {
    holder: Arc<str>,
    number: Arc<AtomicI64>,
}

impl Node {
    pub(crate) fn new() -> Result<Self, Fault> {
        let mut holder = [0u8; 16];
        getrandom::fill(&mut holder).map_err(|e| Fault::new(format!("random: {e}")))?;
        Ok(Self { holder: hex::encode(holder).into(), number: Arc::new(AtomicI64::new(NONE)) })
    }

    fn number(&self) -> i64 {
        self.number.load(Ordering::Acquire)
    }

    /// Whether it has a number, without which nothing may be written.
    pub(crate) fn is_leased(&self) -> bool {
        self.number() != NONE
    }
}

/// Leases the lowest free node number for this process and makes its ids carry it.
pub(crate) async fn lease_node(db: &Db) -> Result<()> {
    let node = db.node().clone();
    let leased = db.write_unnumbered(move |tx| {
        let now = tx.now();
        let taken: Vec<String> = tx.all(&NODES, params![now], |row| row.text())?;
        let free = (0..id::NODES).find(|n| !taken.contains(&name(*n)));
        let free = free.ok_or_else(|| Fault::new("all node numbers are leased"))?;
        // Two processes that start together may both pick it: the second finds it changed.
        if lease(tx, &node.holder, free)? {
            Ok(free)
        } else {
            Err(Fault::new("busy").of(FaultKind::Retry).into())
        }
    });
    let number = leased.await?;
    db.node().number.store(number, Ordering::Release);
    db.shared().ids.set_node(number);
    Ok(())
}

fn lease(tx: &mut Tx<'_>, holder: &str, number: i64) -> Result<bool, Fault> {
    let now = tx.now();
    Ok(tx.exec(&LEASE, params![name(number), holder, now.plus(LEASE_MICROS), now])? == 1)
}

/// Gives the number back. Its lease ends at the transaction's time and not before, so that a
/// clock which goes back does not make the same ids again.
pub(crate) fn release(tx: &mut Tx<'_>, node: &Node) -> Result<(), Fault> {
    let until = tx.now().plus(1000);
    tx.put(&RELEASE, params![name(node.number()), &*node.holder, until])
}

/// Holds the number for longer; takes another where this one was lost meanwhile (a process that
/// stood still for minutes), since two nodes with one number would make the same ids.
async fn renew(db: &Db) -> Result<()> {
    let node = db.node().clone();
    if !db.write(move |tx| Ok(lease(tx, &node.holder, node.number())?)).await? {
        tracing::warn!(number = db.node().number(), "the node's number was lost; taking another");
        lease_node(db).await?;
    }
    Ok(())
}

fn name(node: i64) -> String {
    format!("node:{node:03}")
}

pub(crate) async fn start(db: &Db) -> Result<()> {
    let mut seen: HashMap<AgencyId, i64> =
        db.read(|tx| Ok(heads(tx)?)).await?.into_iter().collect();
    let (weak, committed) = (db.downgrade(), Arc::clone(db.committed()));
    let mut leased_at = db.now();
    tokio::spawn(async move {
        loop {
            let _ = tokio::time::timeout(POLL_EVERY, committed.notified()).await;
            // What comes meanwhile is told together.
            tokio::time::sleep(REST).await;
            // The handle is weak, so that dropping the last `Db` ends this task and the engine.
            let Some(db) = weak.upgrade() else { return };
            if let Err(error) = relay(&db, &mut seen).await {
                tracing::warn!(%error, "relaying waits");
            }
            let now = db.now();
            if now.as_micros().abs_diff(leased_at.as_micros()) >= RENEW_EVERY_MICROS.unsigned_abs()
            {
                match renew(&db).await {
                    Ok(()) => leased_at = now,
                    Err(error) => tracing::error!(%error, "the node's number waits to be leased"),
                }
            }
        }
    });
    Ok(())
}

async fn relay(db: &Db, seen: &mut HashMap<AgencyId, i64>) -> Result<()> {
    loop {
        let (known, heard) = (seen.clone(), db.announced().receiver_count() > 0);
        let news = db.read(move |tx| Ok(news(tx, &known, heard)?)).await?;
        let more = news.iter().any(|(.., events)| events.len() as i64 == BATCH);
        for (agency_id, head, events) in news {
            let read_to = if heard { events.last().map(|last| last.seq) } else { Some(head) };
            seen.extend(read_to.map(|seq| (agency_id, seq)));
            if !heard || events.iter().any(|event| Kept::is_made_of(&event.subject_kind)) {
                db.shared().kept.forget();
            }
            for announced in events {
                let _ = db.announced().send(announced);
            }
        }
        if !more {
            return Ok(());
        }
    }
}

/// The agencies with something new, their heads, and what it is where anybody wants to know.
fn news(
    tx: &mut Tx<'_>,
    seen: &HashMap<AgencyId, i64>,
    heard: bool,
) -> Result<Vec<(AgencyId, i64, Vec<Announced>)>, Fault> {
    let mut news = Vec::new();
    for (agency_id, head) in heads(tx)? {
        let after = seen.get(&agency_id).copied().unwrap_or(0);
        if after < head {
            let events = if heard { since(tx, agency_id, after)? } else { Vec::new() };
            news.push((agency_id, head, events));
        }
    }
    Ok(news)
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
