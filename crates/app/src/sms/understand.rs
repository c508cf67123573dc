//! Understands what lies kept of an account: receipts, messages, and the parts of long ones, which
//! wait in the store until they are whole or their time is over.

use tanggap_cases::report::Ticket;
use tanggap_channels::exchange::{InMessage, Incoming};
use tanggap_channels::sms::assembly::WAIT_MICROS;
use tanggap_channels::sms::inbox::{self, Said};
use tanggap_channels::sms::keyword::keyword;
use tanggap_conversations::accounts::Account;
use tanggap_conversations::inbound::{self, Inbound, InboundId, InboundState};
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp};
use tanggap_store::jobs::{self, Job};
use tanggap_ui::Ctx;

use super::{Kept, Secrets, answers};
use crate::account;
use crate::intake;
use crate::work::understand::STALE_TRIES;

/// Parts of one message that are looked at: there are 255 at most, and each may come again.
const PARTS_MAX: i64 = 1_000;
/// A receipt may come before our own note of having sent the message: it is tried again so soon,
/// and for so long.
const RECEIPT_AGAIN: i64 = 5 * Timestamp::SECOND;
const RECEIPT_WAIT: i64 = 10 * Timestamp::MINUTE;

/// Understands one delivery; ends its job, or plans it for later.
///
/// # Errors
/// A fault of the engine.
pub async fn understand(ctx: &Ctx, account: &Account, delivery: Inbound, job: Job) -> Result<()> {
    if delivery.state == InboundState::Done {
        // Another part of the same message took it along.
        return ctx.db.write(move |tx| jobs::finish(tx, &job)).await;
    }
    let now = ctx.db.now();
    let (kept, _): (Kept, Secrets) = account::open(&ctx.secrets, account)?;
    let Some(Said { tags, incoming }) = said_by(ctx, account, &kept, &delivery, now).await? else {
        let over = delivery.received_at.plus(WAIT_MICROS);
        return again(ctx, job, over.max(now.plus(Timestamp::SECOND))).await;
    };
    let wrong = match incoming {
        Incoming::Message(message) => match take(ctx, account, *message).await {
            // What is refused once will be refused again: somebody has to look.
            Err(Error::Refused(refusal)) if !matches!(refusal, Refusal::Stale) => {
                Some(format!("{refusal:?}"))
            }
            taken => taken.map(|()| None)?,
        },
        Incoming::Receipt(receipt) => {
            let young = now < delivery.received_at.plus(RECEIPT_WAIT);
            if !intake::note_receipt(ctx, account, receipt).await? && young {
                return again(ctx, job, now.plus(RECEIPT_AGAIN)).await;
            }
            None
        }
        Incoming::Other { .. } => None,
    };
    let access = Access::system(account.agency_id);
    ctx.db
        .write(move |tx| {
            jobs::finish(tx, &job)?;
            for id in &tags {
                inbound::record(tx, &access, *id, wrong.as_deref())?;
            }
            Ok(())
        })
        .await
}

/// What this delivery said, with all others that it takes; `None`: others are waited for.
async fn said_by(
    ctx: &Ctx,
    account: &Account,
    kept: &Kept,
    delivery: &Inbound,
    now: Timestamp,
) -> Result<Option<Said<InboundId>>> {
    let centre = &kept.centre;
    // Most are whole by themselves.
    let came = delivery.received_at.as_micros();
    let alone = inbox::read(vec![stored(delivery)], centre.alphabet, centre.ids, came);
    if let Some(said) = alone.into_iter().next() {
        return Ok(Some(said));
    }
    let octets = delivery.payload.as_deref().unwrap_or_default();
    let mut rows = match inbox::part_of(octets, centre.ids) {
        Some(group) => together(ctx, account, delivery, group).await?,
        None => Vec::new(),
    };
    if rows.iter().all(|row| row.id != delivery.id) {
        rows.push(delivery.clone());
    }
    let all = rows.iter().map(stored).collect();
    let said = inbox::read(all, centre.alphabet, centre.ids, now.as_micros());
    Ok(said.into_iter().find(|said| said.tags.contains(&delivery.id)))
}

/// The parts of a message that are here. Each says what it belongs to before it looks for the
/// others, so that of two that come at once one sees both.
async fn together(
    ctx: &Ctx,
    account: &Account,
    delivery: &Inbound,
    group: String,
) -> Result<Vec<Inbound>> {
    let (access, id) = (Access::system(account.agency_id), delivery.id);
    let account = account.id;
    let (own, part_of) = (access.clone(), group.clone());
    ctx.db.write(move |tx| Ok(inbound::join(tx, &own, id, &part_of)?)).await?;
    ctx.db.read(move |tx| Ok(inbound::parts(tx, &access, account, &group, PARTS_MAX)?)).await
}

fn stored(row: &Inbound) -> inbox::Kept<InboundId> {
    inbox::Kept {
        tag: row.id,
        external_id: row.external_id.clone(),
        at: row.received_at.as_micros(),
        octets: row.payload.clone().unwrap_or_default(),
    }
}

/// Takes a message in, and does what it asks for where it is one of the words that people may
/// send: both in one commit, so that it is done once.
async fn take(ctx: &Ctx, account: &Account, message: InMessage) -> Result<()> {
    let asked = keyword(&message.text);
    let mut tries = 0;
    loop {
        let taken = match &asked {
            None => intake::take_in(ctx, account, message.clone(), None, None).await,
            Some(asked) => {
                let (access, ticket) =
                    (Access::system(account.agency_id), Ticket::draw(&ctx.secrets)?);
                let (order, asked) = (Some(answers::order_of(asked)), asked.clone());
                let then = move |tx: &mut tanggap_store::Tx<'_>, taken: &_| {
                    answers::answer(tx, &access, taken, &asked, &ticket)
                };
                intake::take_order(ctx, account, message.clone(), None, None, (order, then)).await
            }
        };
        tries += 1;
        match taken {
            // Another delivery reached the same talk meanwhile: at once again.
            Err(Error::Refused(Refusal::Stale)) if tries < STALE_TRIES => {}
            taken => return taken.map(drop),
        }
    }
}

async fn again(ctx: &Ctx, job: Job, at: Timestamp) -> Result<()> {
    ctx.db
        .write(move |tx| {
            jobs::finish(tx, &job)?;
            Ok(tx.schedule(job.agency_id, &job.kind, &job.key, at, &job.body)?)
        })
        .await
}
