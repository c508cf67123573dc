//! Proof that the log is whole: signed heads to keep elsewhere, a check of every link, and of the
//! rows that the events vouch for ([`rows`]).

mod rows;

use std::collections::HashMap;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use tanggap_kernel::{AgencyId, Fault, Result, Timestamp, params};

use crate::db::Db;
use crate::events::{Record, commitment};
use crate::tx::Tx;
use crate::vouch::{self, Vouched};
use rows::Rows;

const PAGE: i64 = 2000;

crate::sql! {
    HEADS = @scan("one row per agency") "select agency_id, seq, hash from chain_heads
        order by agency_id";
    LINKS = "select e.agency_id, e.id, e.at, e.kind, e.subject_kind, e.subject_id, e.actor,
        e.on_behalf_of, e.body, e.private_hash, e.seq, e.prev_hash, e.hash, p.salt, p.body
        from events e left join event_private p
        on p.agency_id = e.agency_id and p.event_id = e.id
        where e.agency_id = $1 and e.seq > $2 order by e.seq limit $3";
    AGENCIES = @scan("the audit command reads everything") "select distinct agency_id from events";
    ERASING = @scan("the audit command reads everything") "select seq, at, actor, subject_id, body
        from events where agency_id = $1 and body like '%\"erases\":[%' order by id";
    UNSEALED = "select count(*) from events where agency_id = $1 and seq is null and id < $2";
    AT = "select hash from events where agency_id = $1 and seq = $2";
}

/// The newest place of an agency's log, signed: kept elsewhere, it proves later that nothing up
/// to it was changed or cut off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The agency.
    pub agency: AgencyId,
    /// The number of its newest event.
    pub seq: i64,
    /// The hash of that event, in hexadecimal.
    pub hash: String,
    /// When it was exported, microseconds UTC.
    pub at: Timestamp,
    /// The key that signed it, in hexadecimal.
    pub key: String,
    /// Ed25519 over agency, seq, hash and at, in hexadecimal.
    pub signature: String,
}

impl Head {
    fn signed_text(&self) -> String {
        format!(
            "tanggap-head-1\n{}\n{}\n{}\n{}",
            self.agency,
            self.seq,
            self.hash,
            self.at.as_micros()
        )
    }

    /// Whether `key` signed it. The key that it names itself proves nothing: anybody has one.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let signature = hex::decode(&self.signature).ok().and_then(|s| s.try_into().ok());
        signature.is_some_and(|signature| {
            let signature = Signature::from_bytes(&signature);
            key.verify_strict(self.signed_text().as_bytes(), &signature).is_ok()
        })
    }
}

/// The first place where a log is broken.
#[derive(Clone, Debug, Serialize)]
pub struct Broken {
    /// The agency.
    pub agency: AgencyId,
    /// The number of the event that should be there.
    pub seq: i64,
    /// What is wrong with it.
    pub why: &'static str,
    /// Which row, where it is one that the event vouches for: `message 0a…`.
    pub row: Option<String>,
}

impl Broken {
    /// A place where the log itself is broken.
    #[must_use]
    pub fn link(agency: AgencyId, seq: i64, why: &'static str) -> Self {
        Self { agency, seq, why, row: None }
    }
}

/// Rows that the log vouches for no longer. Nobody who changes the database can hide behind it: it
/// is told, to be held against the requests that were carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The agency.
    pub agency: AgencyId,
    /// The number of the event that tells it; `None`: not sealed yet.
    pub seq: Option<i64>,
    /// When, UTC.
    pub at: String,
    /// Who did it.
    pub actor: String,
    /// Who was forgotten, by their id.
    pub subject: String,
    /// The names of the rows.
    pub names: Vec<String>,
}

/// What a check found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How many agencies.
    pub agencies: usize,
    /// How many events.
    pub events: i64,
    /// Rows that events vouch for: reports, messages, files.
    pub rows: i64,
    /// Events not sealed yet; a running node seals them within a second.
    pub unsealed: i64,
    /// Agencies whose rows were not counted, since events that may vouch for some are not sealed:
    /// a row that was slipped in would not have been found.
    pub uncounted: Vec<AgencyId>,
    /// Rows from before the log vouched for rows: none where it always did.
    pub older: i64,
    /// What was erased.
    pub erased: Vec<Erased>,
    /// The first broken place of each agency that has one.
    pub broken: Vec<Broken>,
}

/// The heads of all agencies, signed with `key`.
///
/// # Errors
/// A fault of the engine.
pub async fn heads(db: &Db, key: &SigningKey) -> Result<Vec<Head>> {
    let now = db.now();
    let rows = db.read(|tx| Ok(head_rows(tx)?)).await?;
    let public = hex::encode(key.verifying_key().to_bytes());
    Ok(rows
        .into_iter()
        .map(|(agency, seq, hash)| {
            let mut head = Head {
                agency,
                seq,
                hash: hex::encode(hash),
                at: now,
                key: public.clone(),
                signature: String::new(),
            };
            head.signature = hex::encode(key.sign(head.signed_text().as_bytes()).to_bytes());
            head
        })
        .collect())
}

/// Checks every link of every chain, the rows of `vouched` that the events vouch for, and that
/// each of `heads`, whose signatures the caller has looked at ([`Head::is_signed_by`]), is where
/// it was.
///
/// # Errors
/// A fault of the engine; what is broken in the log is in the report.
pub async fn verify(db: &Db, heads: Vec<Head>, vouched: &[&'static Vouched]) -> Result<Report> {
    let mut report = Report::default();
    let chained = db.read(|tx| Ok(head_rows(tx)?)).await?;
    let logged: Vec<AgencyId> =
        db.read(|tx| Ok(tx.all(&AGENCIES, params![], |row| row.int())?)).await?;
    let mut agencies: Vec<AgencyId> = chained.iter().map(|(agency, ..)| *agency).collect();
    agencies.extend(logged);
    agencies.extend(heads.iter().map(|head| head.agency));
    agencies.sort_unstable();
    agencies.dedup();
    for agency in &agencies {
        let head = chained.iter().find(|(id, ..)| id == agency);
        let head = head.map(|(_, seq, hash)| (*seq, hash));
        verify_agency(db, *agency, head, vouched, &mut report).await?;
        report.unsealed += unsealed(db, *agency, i64::MAX).await?;
    }
    for head in heads {
        if let Some(broken) = verify_head(db, head).await?
            && !report.broken.iter().any(|b| b.agency == broken.agency && b.seq <= broken.seq)
        {
            report.broken.push(broken);
        }
    }
    report.agencies = agencies.len();
    Ok(report)
}

/// Checks one agency and adds what was found to the report.
async fn verify_agency(
    db: &Db,
    agency: AgencyId,
    head: Option<(i64, &Vec<u8>)>,
    vouched: &[&'static Vouched],
    report: &mut Report,
) -> Result<()> {
    let mut told = erasures(db, agency).await?;
    loop {
        let mut rows = Rows::of(vouched, agency, db.now(), by_name(&told));
        let (events, mut broken) = verify_chain(db, agency, head, &mut rows).await?;
        let is_counted = unsealed(db, agency, rows.until).await? == 0 && !rows.waits();
        if broken.is_none() && is_counted {
            let stray = rows.stray(db).await?;
            let why = "a row is there that no event vouches for";
            broken =
                stray.map(|row| Broken { row: Some(row), ..Broken::link(agency, events, why) });
        }
        if broken.as_ref().is_some_and(|broken| broken.row.is_some()) {
            // Somebody was forgotten while the rows were looked at: they are looked at again.
            let now_told = erasures(db, agency).await?;
            if now_told != told {
                told = now_told;
                continue;
            }
        }
        report.events += events;
        report.rows += rows.seen;
        report.older += rows.older(db).await?;
        report.uncounted.extend((!is_counted).then_some(agency));
        report.erased.extend(told);
        report.broken.extend(broken);
        return Ok(());
    }
}

/// What was erased, and by which event. That these events are as they were written is seen where
/// the chain is walked.
async fn erasures(db: &Db, agency: AgencyId) -> Result<Vec<Erased>> {
    let read = move |row: &mut crate::Row<'_>| {
        let (seq, at, actor) = (row.opt_int()?, row.int::<i64>()?, row.text()?);
        let at = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
        let at = at.strftime("%F %H:%M").to_string();
        let (subject, body) = (tanggap_kernel::id::to_text(row.int()?), row.text()?);
        Ok(Erased { agency, seq, at, actor, subject, names: vouch::erased(&body) })
    };
    let mut erased = db.read(move |tx| Ok(tx.all(&ERASING, params![agency], read)?)).await?;
    erased.retain(|erased| !erased.names.is_empty());
    Ok(erased)
}

/// By which event a row was erased last: [`rows::UNSEALED`] where that is not sealed yet.
fn by_name(told: &[Erased]) -> HashMap<String, i64> {
    let mut last = HashMap::new();
    for erased in told {
        let seq = erased.seq.unwrap_or(rows::UNSEALED);
        for name in &erased.names {
            let at = last.entry(name.clone()).or_insert(seq);
            *at = seq.max(*at);
        }
    }
    last
}

async fn unsealed(db: &Db, agency: AgencyId, until: i64) -> Result<i64> {
    db.read(move |tx| Ok(tx.one(&UNSEALED, params![agency, until], |row| row.int())?)).await
}

async fn verify_head(db: &Db, head: Head) -> Result<Option<Broken>> {
    let broken = |why| Some(Broken::link(head.agency, head.seq, why));
    let (agency, seq) = (head.agency, head.seq);
    let found =
        db.read(move |tx| Ok(tx.opt(&AT, params![agency, seq], |row| row.bytes())?)).await?;
    Ok(match found {
        None => broken("the log ends before an exported head"),
        Some(hash) if hex::encode(&hash) != head.hash => broken("differs from an exported head"),
        Some(_) => None,
    })
}

/// Walks one chain; returns how many events it has and the first broken place.
async fn verify_chain(
    db: &Db,
    agency: AgencyId,
    head: Option<(i64, &Vec<u8>)>,
    rows: &mut Rows,
) -> Result<(i64, Option<Broken>)> {
    let (mut seq, mut prev) = (0, vec![0; 32]);
    loop {
        let after = seq;
        let links = db.read(move |tx| Ok(links(tx, agency, after)?)).await?;
        let last_page = (links.len() as i64) < PAGE;
        let (mut told, mut wrong) = (Vec::new(), None);
        for link in links {
            wrong = link.broken(seq + 1, &prev);
            if wrong.is_some() {
                break;
            }
            seq += 1;
            prev = link.hash;
            told.extend(vouch::told(&link.record.body).into_iter().map(|row| (seq, row)));
        }
        if let Some((seq, why, row)) = rows.check(db, told).await? {
            return Ok((seq, Some(Broken { row: Some(row), ..Broken::link(agency, seq, why) })));
        }
        if let Some(why) = wrong {
            return Ok((seq, Some(Broken::link(agency, seq + 1, why))));
        }
        if last_page {
            break;
        }
    }
    let whole = match head {
        None => seq == 0,
        // Newer events may have been sealed while the chain was read.
        Some((head_seq, hash)) => head_seq < seq || (head_seq == seq && *hash == prev),
    };
    let why = "the log ends before its head";
    Ok((seq, (!whole).then(|| Broken::link(agency, seq + 1, why))))
}

struct Link {
    record: Record,
    seq: i64,
    prev: Vec<u8>,
    hash: Vec<u8>,
    private: Option<(Vec<u8>, String)>,
}

impl Link {
    /// What is wrong with this event as number `seq` after `prev`.
    fn broken(&self, seq: i64, prev: &[u8]) -> Option<&'static str> {
        if self.seq != seq {
            return Some("an event is missing");
        }
        if self.prev != prev {
            return Some("it does not follow the event before it");
        }
        if self.record.hash(seq, prev) != self.hash {
            return Some("it was changed");
        }
        // Personal data that was erased leaves its commitment; data that is there must match it.
        let kept = self.private.as_ref()?;
        let stands = self.record.private_hash.as_ref() == Some(&commitment(&kept.0, &kept.1));
        (!stands).then_some("its personal data was changed")
    }
}

fn links(tx: &mut Tx<'_>, agency: AgencyId, after: i64) -> Result<Vec<Link>, Fault> {
    tx.all(&LINKS, params![agency, after, PAGE], |row| {
        let record = Record::read(row)?;
        let (seq, prev, hash) = (row.int()?, row.bytes()?, row.bytes()?);
        let private = row.opt_bytes()?.zip(row.opt_text()?);
        Ok(Link { record, seq, prev, hash, private })
    })
}

fn head_rows(tx: &mut Tx<'_>) -> Result<Vec<(AgencyId, i64, Vec<u8>)>, Fault> {
    tx.all(&HEADS, params![], |row| Ok((row.int()?, row.int()?, row.bytes()?)))
}
