//! The event log: how an event becomes a row, and how rows become a chain.
//!
//! An agency's events have a gapless `seq`, and each hash covers the one before it, so that
//! editing, deleting or reordering any of them is found (see [`crate::audit`]). On SQLite the
//! writer seals the events of a group just before its commit; on PostgreSQL they are inserted
//! unsealed and one leased sealer follows in batches, since a chain head touched by each
//! transaction would serialise them all.

use sha2::{Digest, Sha256};
use tanggap_kernel::{AgencyId, Event, Fault, Result, Timestamp, params};

use crate::tx::Tx;

crate::sql! {
    INSERT = "insert into events (agency_id, id, at, kind, subject_kind, subject_id, actor,
        on_behalf_of, body, private_hash, seq, prev_hash, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    INSERT_PRIVATE = "insert into event_private (agency_id, event_id, salt, body)
        values ($1, $2, $3, $4)";
    HEAD = "select seq, hash from chain_heads where agency_id = $1";
    SET_HEAD = "insert into chain_heads (agency_id, seq, hash) values ($1, $2, $3)
        on conflict (agency_id) do update set seq = excluded.seq, hash = excluded.hash";
    UNSEALED = "select agency_id, id, at, kind, subject_kind, subject_id, actor, on_behalf_of,
        body, private_hash from events where seq is null order by agency_id, id limit 2000";
    SEAL = "update events set seq = $3, prev_hash = $4, hash = $5
        where agency_id = $1 and id = $2";
    EXISTS = "select 1 from events where agency_id = $1 and id = $2";
}

/// An event that was committed and sealed, as subscribers are told of it.
#[derive(Clone, Debug)]
pub struct Announced {
    /// The agency.
    pub agency_id: AgencyId,
    /// Its place in the agency's log.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened: `case.forwarded`.
    pub kind: String,
    /// The kind of thing it happened to.
    pub subject_kind: String,
    /// The id of that thing.
    pub subject_id: i64,
    /// Who did it, as text.
    pub actor: String,
    /// The facts, as JSON.
    pub body: String,
}

/// The columns of an event that its hash covers.
pub(crate) struct Record {
    pub agency_id: AgencyId,
    pub id: i64,
    pub at: Timestamp,
    pub kind: String,
    pub subject_kind: String,
    pub subject_id: i64,
    pub actor: String,
    pub on_behalf_of: Option<String>,
    pub body: String,
    pub private_hash: Option<Vec<u8>>,
}

impl Record {
    pub(crate) fn read(row: &mut crate::Row<'_>) -> Result<Self, Fault> {
        Ok(Self {
            agency_id: row.int()?,
            id: row.int()?,
            at: row.int()?,
            kind: row.text()?,
            subject_kind: row.text()?,
            subject_id: row.int()?,
            actor: row.text()?,
            on_behalf_of: row.opt_text()?,
            body: row.text()?,
            private_hash: row.opt_bytes()?,
        })
    }

    /// The hash of this event at `seq` after `prev`. Every field is preceded by its length, so
    /// that no two different events read alike.
    pub(crate) fn hash(&self, seq: i64, prev: &[u8]) -> Vec<u8> {
        let mut hasher = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        field(b"tanggap-event-1");
        field(prev);
        for number in [self.agency_id.0, seq, self.id, self.at.as_micros(), self.subject_id] {
            field(&number.to_be_bytes());
        }
        for text in [&self.kind, &self.subject_kind, &self.actor, &self.body] {
            field(text.as_bytes());
        }
        field(self.on_behalf_of.as_deref().unwrap_or("").as_bytes());
        field(self.private_hash.as_deref().unwrap_or(b""));
        hasher.finalize().to_vec()
    }
}

/// The commitment to personal data that stands in the log instead of it.
pub(crate) fn commitment(salt: &[u8], body: &str) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update((salt.len() as u64).to_be_bytes());
    hasher.update(salt);
    hasher.update(body.as_bytes());
    hasher.finalize().to_vec()
}

/// An event ready to be inserted.
pub(crate) struct Pending {
    record: Record,
    private: Option<(Vec<u8>, String)>,
}

impl Pending {
    pub(crate) fn new(id: i64, at: Timestamp, event: Event) -> Result<Self, Fault> {
        let private = match event.private {
            None => None,
            Some(value) => {
                let mut salt = vec![0; 16];
                getrandom::fill(&mut salt).map_err(|e| Fault::new(format!("random: {e}")))?;
                Some((salt, value.to_string()))
            }
        };
        let record = Record {
            agency_id: event.agency_id,
            id,
            at,
            kind: event.kind.to_owned(),
            subject_kind: event.subject.kind.to_owned(),
            subject_id: event.subject.id,
            actor: event.actor.to_string(),
            on_behalf_of: event.on_behalf_of.map(|actor| actor.to_string()),
            body: event.body.to_string(),
            private_hash: private.as_ref().map(|(salt, body)| commitment(salt, body)),
        };
        Ok(Self { record, private })
    }

    pub(crate) fn subject_kind(&self) -> &str {
        &self.record.subject_kind
    }

    fn insert(&self, tx: &mut Tx<'_>, seal: Option<(i64, &[u8], &[u8])>) -> Result<(), Fault> {
        let r = &self.record;
        tx.put(
            &INSERT,
            params![
                r.agency_id,
                r.id,
                r.at,
                &r.kind,
                &r.subject_kind,
                r.subject_id,
                &r.actor,
                r.on_behalf_of.as_deref(),
                &r.body,
                r.private_hash.as_deref(),
                seal.map(|(seq, ..)| seq),
                seal.map(|(_, prev, _)| prev),
                seal.map(|(.., hash)| hash),
            ],
        )?;
        if let Some((salt, body)) = &self.private {
            tx.put(&INSERT_PRIVATE, params![r.agency_id, r.id, salt, body])?;
        }
        Ok(())
    }
}

/// Inserts events unsealed (PostgreSQL).
pub(crate) fn insert_unsealed(tx: &mut Tx<'_>) -> Result<Option<(AgencyId, i64)>, Fault> {
    let mut first = None;
    for (id, at, event) in std::mem::take(&mut tx.events) {
        let pending = Pending::new(id, at, event)?;
        first.get_or_insert((pending.record.agency_id, pending.record.id));
        pending.insert(tx, None)?;
    }
    Ok(first)
}

/// Whether an event is there: tells whether a commit whose answer was lost took place.
pub(crate) fn exists(tx: &mut Tx<'_>, agency_id: AgencyId, id: i64) -> Result<bool, Fault> {
    Ok(tx.opt(&EXISTS, params![agency_id, id], |_| Ok(()))?.is_some())
}

/// Inserts events with their place in the chain (SQLite's writer, before the group's commit).
pub(crate) fn insert_sealed(tx: &mut Tx<'_>, pending: Vec<Pending>) -> Result<(), Fault> {
    let mut heads: Vec<(AgencyId, i64, Vec<u8>)> = Vec::new();
    for event in pending {
        let agency_id = event.record.agency_id;
        let at = match heads.iter().position(|head| head.0 == agency_id) {
            Some(at) => at,
            None => {
                let (seq, hash) = head(tx, agency_id)?;
                heads.push((agency_id, seq, hash));
                heads.len() - 1
            }
        };
        let (_, seq, prev) = &mut heads[at];
        *seq += 1;
        let hash = event.record.hash(*seq, prev);
        event.insert(tx, Some((*seq, prev, &hash)))?;
        *prev = hash;
    }
    for (agency_id, seq, hash) in heads {
        tx.put(&SET_HEAD, params![agency_id, seq, hash])?;
    }
    Ok(())
}

fn head(tx: &mut Tx<'_>, agency_id: AgencyId) -> Result<(i64, Vec<u8>), Fault> {
    let found = tx.opt(&HEAD, params![agency_id], |row| Ok((row.int()?, row.bytes()?)))?;
    Ok(found.unwrap_or((0, vec![0; 32])))
}

/// Seals what was inserted unsealed, one batch; returns how many events that were. The engine
/// does it by itself; only a restore of another engine's rows calls it.
///
/// # Errors
/// A fault of the engine.
pub fn seal_batch(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let records = tx.all(&UNSEALED, params![], Record::read)?;
    let count = records.len();
    let mut current: Option<(AgencyId, i64, Vec<u8>)> = None;
    for record in records {
        if current.as_ref().is_none_or(|(agency_id, ..)| *agency_id != record.agency_id) {
            save_head(tx, current.take())?;
            let (seq, hash) = head(tx, record.agency_id)?;
            current = Some((record.agency_id, seq, hash));
        }
        let (_, seq, prev) = current.as_mut().expect("invariant: a head was just loaded");
        *seq += 1;
        let hash = record.hash(*seq, prev);
        tx.put(&SEAL, params![record.agency_id, record.id, *seq, &*prev, &hash])?;
        *prev = hash;
    }
    save_head(tx, current)?;
    Ok(count)
}

fn save_head(tx: &mut Tx<'_>, head: Option<(AgencyId, i64, Vec<u8>)>) -> Result<(), Fault> {
    if let Some((agency_id, seq, hash)) = head {
        tx.put(&SET_HEAD, params![agency_id, seq, hash])?;
    }
    Ok(())
}
