//! Sends what the outbound ledger holds, through the relay.
//!
//! A send is a job whose lease its own task keeps, so that a slow relay holds up no deadline. The
//! message's id is its Message-ID: where nobody can know whether the relay took a message, the
//! second try carries the same one. Nothing is given up because the relay is away: a message
//! waits for days. Where no relay is configured it is parked, which costs nothing, until a node
//! starts that has one.

use std::sync::Arc;

use serde_json::json;
use tanggap_cases::notices::BASE_URL;
use tanggap_channels::email::wire::{AutoSubmitted, OutgoingMail, Relay, Severity};
use tanggap_conversations::outbound::{self, Outbound, OutboundId, SendState};
use tanggap_kernel::{Access, Event, Refusal, Result, Subject, Timestamp};
use tanggap_store::jobs::{self, Job};
use tanggap_store::{Db, Tx};
use tokio::sync::Semaphore;

/// Sends at the same time.
const SENDS_MAX: u32 = 32;
/// Parked messages that are sent on their way in one transaction.
const RELEASED_AT_ONCE: i64 = 500;
/// With all places taken it looks again after so long (microseconds).
const BUSY_WAIT: i64 = 20 * Timestamp::SECOND;
/// After so many tries, which are five days, the message has failed, visibly. What was parked
/// before does not count.
const TRIES_MAX: i64 = 128;

/// The relay with the number of sends under way.
pub struct Sender {
    relay: Option<Relay>,
    base_url: String,
    places: Arc<Semaphore>,
}

impl Sender {
    /// A sender; without a relay everything waits.
    #[must_use]
    pub fn new(relay: Option<Relay>, base_url: &str) -> Self {
        let places = Arc::new(Semaphore::new(SENDS_MAX as usize));
        Self { relay, base_url: base_url.to_owned(), places }
    }

    /// Waits until no send is under way.
    pub async fn idle(&self) {
        // Closing never happens, so all places can be had once the sends have ended.
        let _ = self.places.acquire_many(SENDS_MAX).await;
    }
}

/// The handler: begins the send and leaves it to itself, or plans it for later.
///
/// # Errors
/// A fault of the engine.
pub async fn handle(sender: Arc<Sender>, db: Db, job: Job) -> Result<()> {
    let Some(relay) = sender.relay.clone() else {
        return postpone(&db, job, |_| jobs::PARKED).await;
    };
    let Ok(place) = Arc::clone(&sender.places).try_acquire_owned() else {
        return postpone(&db, job, |now| now.plus(BUSY_WAIT)).await;
    };
    tokio::spawn(async move {
        if let Err(error) = send(&sender, &relay, &db, job).await {
            tracing::warn!(%error, "a mail's job waits for its lease to end");
        }
        drop(place);
    });
    Ok(())
}

async fn send(sender: &Sender, relay: &Relay, db: &Db, job: Job) -> Result<()> {
    let Some(row) = waiting_row(db, &job).await? else {
        return db.write(move |tx| jobs::finish(tx, &job)).await;
    };
    let from = relay.domain();
    let mail = letter(&row, &sender.base_url, &from);
    let outcome = relay.send(&mail).await;
    let counted = if outcome.is_ok() { "sent" } else { "not_sent" };
    metrics::counter!("tanggap_mails_total", "outcome" => counted).increment(1);
    let failed = outcome.err();
    db.write(move |tx| {
        jobs::finish(tx, &job)?;
        let access = Access::system(job.agency_id);
        match &failed {
            None => end(tx, &access, &row, SendState::Sent, None),
            Some(e) if e.severity == Severity::Permanent => {
                end(tx, &access, &row, SendState::Failed, Some(&e.text))
            }
            Some(e) if row.attempts + 1 >= TRIES_MAX => {
                end(tx, &access, &row, SendState::Failed, Some(&e.text))
            }
            Some(e) => {
                outbound::record(tx, &access, row.id, SendState::Waiting, Some(&e.text))?;
                let again = tx.now().plus(backoff_micros(row.attempts));
                Ok(tx.schedule(job.agency_id, &job.kind, &job.key, again, "{}")?)
            }
        }
    })
    .await
}

/// The message of a job, where it still has to go out.
async fn waiting_row(db: &Db, job: &Job) -> Result<Option<Outbound>> {
    let (agency, key) = (job.agency_id, job.key.clone());
    let found = db
        .read(move |tx| {
            let id = OutboundId::parse(&key).ok_or(Refusal::NotFound)?;
            outbound::get(tx, &Access::system(agency), id)
        })
        .await;
    match found {
        Ok(row) => Ok((row.state == SendState::Waiting).then_some(row)),
        Err(tanggap_kernel::Error::Refused(Refusal::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes how it ended, and tells whoever listens. The address stays in the ledger.
fn end(
    tx: &mut Tx<'_>,
    access: &Access,
    row: &Outbound,
    state: SendState,
    error: Option<&str>,
) -> Result<()> {
    outbound::record(tx, access, row.id, state, error)?;
    let kind = if state == SendState::Sent { "mail.sent" } else { "mail.failed" };
    let subject = Subject { kind: "outbound", id: row.id.0 };
    let case = row.case_id.map(tanggap_kernel::id::to_text);
    let event = Event::new(access.agency_id, kind, subject, access.actor);
    tx.announce(event.with(json!({ "case": case })));
    Ok(())
}

/// Sends what was parked for want of a relay on its way; tells how many messages that were.
///
/// # Errors
/// A fault of the engine.
pub async fn release(db: &Db) -> Result<usize> {
    let mut released = 0;
    loop {
        let batch = db.write(|tx| Ok(jobs::release(tx, outbound::SEND, RELEASED_AT_ONCE)?)).await?;
        if batch == 0 {
            return Ok(released);
        }
        released += batch;
    }
}

/// Plans the job for later without counting a failure.
async fn postpone(db: &Db, job: Job, until: fn(Timestamp) -> Timestamp) -> Result<()> {
    db.write(move |tx| {
        jobs::finish(tx, &job)?;
        let at = until(tx.now());
        Ok(tx.schedule(job.agency_id, &job.kind, &job.key, at, &job.body)?)
    })
    .await
}

/// The letter of a row. Its id is made of the row's, so that an answer finds its way back.
#[must_use]
pub fn letter(row: &Outbound, base_url: &str, domain: &str) -> OutgoingMail {
    OutgoingMail {
        to: row.recipient.clone(),
        subject: row.subject.clone(),
        text: row.body.replace(BASE_URL, base_url),
        message_id: message_id(row.id, domain),
        date: row.created_at.as_micros(),
        auto_submitted: AutoSubmitted::Generated,
        ..OutgoingMail::default()
    }
}

/// The Message-ID of a row of the ledger.
#[must_use]
pub fn message_id(id: OutboundId, domain: &str) -> String {
    format!("<{id}@{domain}>")
}

/// The row of the ledger that a Message-ID of ours names.
#[must_use]
pub fn row_of_message_id(text: &str) -> Option<OutboundId> {
    let (id, _) = text.trim().strip_prefix('<')?.strip_suffix('>')?.split_once('@')?;
    OutboundId::parse(id)
}

/// 10 s, 20 s, 40 s … at most an hour.
fn backoff_micros(attempts: i64) -> i64 {
    let doubled = 10 * Timestamp::SECOND * (1 << attempts.clamp(0, 10));
    doubled.min(Timestamp::HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_our_mail_names_its_row() {
        let id = OutboundId(4_611_686_018_427_387_905);
        assert_eq!(row_of_message_id(&message_id(id, "contoh.go.id")), Some(id));
        for other in ["<abc@contoh.id>", "tanpa kurung", "<>", ""] {
            assert_eq!(row_of_message_id(other), None);
        }
    }

    #[test]
    fn tries_grow_rarer_up_to_an_hour() {
        let waits: Vec<i64> = (0..20).map(|n| backoff_micros(n) / Timestamp::SECOND).collect();
        assert_eq!(waits[..4], [10, 20, 40, 80]);
        assert_eq!(waits[19], 3600);
        let all: i64 = (0..TRIES_MAX).map(backoff_micros).sum();
        assert_eq!(all / Timestamp::DAY, 5);
    }
}
