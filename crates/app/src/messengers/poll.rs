//! Telegram where it cannot call us: its updates are asked for, kept, and only then confirmed.
//!
//! The number to go on from is kept in the same transaction as the updates before it, so that a
//! node that dies in between asks for them again and finds them there. Asking is a job, so that
//! one node does it at a time.

use std::sync::Arc;
use std::time::Duration;

use tanggap_channels::exchange::NotSent;
use tanggap_channels::messenger::{Client, Kind};
use tanggap_channels::telegram::wire::Polled;
use tanggap_conversations::accounts::{self, Account, AccountId};
use tanggap_conversations::inbound::{self, NewInbound};
use tanggap_kernel::{Access, AgencyId, Error, Fault, Refusal, Result, Timestamp};
use tanggap_store::jobs::{self, Job, Runner};
use tanggap_store::{Db, Tx};
use tanggap_ui::ctx::Secrets as Keys;

use super::Messengers;
use super::hook::delivery;

/// The kind of job that asks once; its key is the account's id.
const POLL: &str = "telegram_poll";
/// How long Telegram holds a question for which it has no answer yet: a job of the runner waits
/// meanwhile, so not long.
const WAIT: Duration = Duration::from_secs(2);
/// The next question after an answer, and after a refusal.
const AFTER_ANSWER: i64 = 200_000;
const AFTER_REFUSAL: i64 = Timestamp::MINUTE;

/// Begins asking for an account.
///
/// # Errors
/// A fault of the engine.
pub fn begin(tx: &mut Tx<'_>, agency: AgencyId, account: AccountId) -> Result<(), Fault> {
    let now = tx.now();
    tx.schedule(agency, POLL, &account.to_string(), now, "{}")
}

/// Has the runner ask.
#[must_use]
pub fn register(runner: Runner, messengers: Messengers, keys: Keys) -> Runner {
    let handler = move |db: Db, job: Job| {
        let (messengers, keys) = (messengers.clone(), keys.clone());
        Box::pin(async move { run(&messengers, &keys, &db, job).await }) as _
    };
    runner.on_peer(POLL, Arc::new(handler))
}

/// The account of a job, where it still asks.
async fn account(db: &Db, keys: &Keys, job: &Job) -> Result<Option<Account>> {
    let access = Access::system(job.agency_id);
    let Some(id) = AccountId::parse(&job.key) else { return Ok(None) };
    let found = db.read(move |tx| accounts::get(tx, &access, id)).await;
    let account = match found {
        Ok(account) => account,
        Err(Error::Refused(Refusal::NotFound)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (_, settings, _) = super::open(keys, &account)?;
    Ok((account.active && settings.polling).then_some(account))
}

async fn run(messengers: &Messengers, keys: &Keys, db: &Db, job: Job) -> Result<()> {
    let Some(account) = account(db, keys, &job).await? else {
        return db.write(move |tx| jobs::finish(tx, &job)).await;
    };
    let access = Access::system(job.agency_id);
    let (own, id) = (access.clone(), account.id);
    let known = db.read(move |tx| Ok(accounts::cursor(tx, &own, id, "")?)).await?;
    let offset = known.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let polled = match messengers.client_of(keys, &account)? {
        Client::Telegram(bot) => bot.poll(offset, WAIT).await,
        _ => Err(NotSent::Account { why: "no bot".to_owned() }),
    };
    db.write(move |tx| {
        jobs::finish(tx, &job)?;
        let (trouble, after) = match &polled {
            Ok(polled) => {
                keep(tx, &access, id, polled, offset)?;
                (None, AFTER_ANSWER)
            }
            Err(NotSent::Account { why }) => (Some(why.clone()), AFTER_REFUSAL),
            // What passes is no trouble of the account.
            Err(_) => (account.trouble.clone(), AFTER_REFUSAL),
        };
        accounts::note_trouble(tx, &access, id, trouble.as_deref())?;
        let next = tx.now().plus(after);
        Ok(tx.schedule(access.agency_id, POLL, &id.to_string(), next, "{}")?)
    })
    .await
}

fn keep(
    tx: &mut Tx<'_>,
    access: &Access,
    account: AccountId,
    polled: &Polled,
    offset: i64,
) -> Result<()> {
    for (_, update) in &polled.updates {
        let external_id = delivery(Kind::Telegram, update);
        let new = NewInbound {
            account_id: account,
            external_id: &external_id,
            payload: Some(update),
            raw: None,
        };
        inbound::keep(tx, access, &new)?;
    }
    if polled.next != offset {
        accounts::set_cursor(tx, access, account, "", &polled.next.to_string())?;
    }
    Ok(())
}
