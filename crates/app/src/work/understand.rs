//! Understands what providers told, each channel by its own reader; they were answered before.
//!
//! What cannot be understood is set aside and shown; what passes (a provider that does not give a
//! file yet) is tried again.

use std::sync::Arc;

use tanggap_channels::messenger::Kind;
use tanggap_conversations::accounts::{self, Account};
use tanggap_conversations::files::Scanner;
use tanggap_conversations::inbound::{self, Inbound, InboundId, UNDERSTAND};
use tanggap_kernel::{Access, Error, Refusal, Result};
use tanggap_store::Db;
use tanggap_store::jobs::{self, Job, Runner};
use tanggap_ui::Ctx;

use crate::mailbox;
use crate::messengers::{Messengers, arrive};
use crate::sms;

/// Tries of a delivery whose talk others change meanwhile, before it waits.
pub(crate) const STALE_TRIES: u32 = 8;

/// Has the runner understand what providers told.
#[must_use]
pub fn register(
    runner: Runner,
    ctx: Ctx,
    messengers: Messengers,
    scanner: Option<Scanner>,
) -> Runner {
    // Whoever calls is answered before what was told is understood.
    let ctx = Ctx { db: ctx.db.behind(), ..ctx };
    let handler = move |_: Db, job: Job| {
        let (ctx, messengers, scanner) = (ctx.clone(), messengers.clone(), scanner.clone());
        Box::pin(async move { run(&ctx, &messengers, scanner.as_ref(), job).await }) as _
    };
    runner.on_peer(UNDERSTAND, Arc::new(handler))
}

async fn run(
    ctx: &Ctx,
    messengers: &Messengers,
    scanner: Option<&Scanner>,
    job: Job,
) -> Result<()> {
    let access = Access::system(job.agency_id);
    let Some((delivery, all)) = load(&ctx.db, &access, &job.key).await? else {
        return ctx.db.write(move |tx| jobs::finish(tx, &job)).await;
    };
    let own = all.iter().find(|account| account.id == delivery.account_id);
    if let Some(account) = own.filter(|account| account.channel == sms::CHANNEL) {
        return sms::understand::understand(ctx, account, delivery, job).await;
    }
    let told = match own.map(|account| (account, Kind::parse(&account.channel))) {
        Some((account, Some(_))) => {
            let accounts = (account, all.as_slice());
            let mut tries = 0;
            loop {
                let told =
                    arrive::tell(ctx, messengers, scanner, &delivery, accounts, job.attempt).await;
                tries += 1;
                // Another delivery reached the same talk meanwhile: at once again.
                if tries >= STALE_TRIES || !matches!(told, Err(Error::Refused(Refusal::Stale))) {
                    break told;
                }
            }
        }
        Some((account, None)) if account.channel == mailbox::CHANNEL => {
            mailbox::take_in(ctx, scanner, account, &delivery).await
        }
        _ => Err(Refusal::NotFound.into()),
    };
    let wrong = match told {
        Ok(()) => None,
        // What changed meanwhile is read again.
        Err(error @ (Error::Fault(_) | Error::Refused(Refusal::Stale))) => return Err(error),
        // What is refused once will be refused again: somebody has to look.
        Err(Error::Refused(refusal)) => Some(format!("{refusal:?}")),
    };
    let id = delivery.id;
    ctx.db
        .write(move |tx| {
            inbound::record(tx, &access, id, wrong.as_deref())?;
            jobs::finish(tx, &job)
        })
        .await
}

/// The delivery of a job, with the agency's accounts; `None` where it is gone.
async fn load(db: &Db, access: &Access, key: &str) -> Result<Option<(Inbound, Vec<Account>)>> {
    let Some(id) = InboundId::parse(key) else { return Ok(None) };
    let access = access.clone();
    let found =
        db.read(move |tx| Ok((inbound::get(tx, &access, id)?, accounts::all(tx, &access)?))).await;
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Refused(Refusal::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}
