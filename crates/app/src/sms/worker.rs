//! Keeps an account bound: what is brought is kept before it is acknowledged, what goes out goes
//! through the account's gateway.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tanggap_channels::exchange::{Accepted, NotSent, Outgoing};
use tanggap_channels::reach::Reach;
use tanggap_channels::sms::hear::fingerprint;
use tanggap_channels::sms::inbox::octets;
use tanggap_channels::sms::repeat::is_repeat;
use tanggap_channels::sms::wire::{Client, Delivery, State, client};
use tanggap_conversations::accounts::{self, Account, AccountId};
use tanggap_conversations::inbound::{self, NewInbound};
use tanggap_conversations::outbound::rules::Assurance;
use tanggap_kernel::{Access, AgencyId, Error, Result, Timestamp, id, params};
use tanggap_store::{Db, Tx, sql};
use tanggap_ui::Ctx;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Kept, Secrets};
use crate::account;
use crate::work::gateways::{Gateway, Gateways, Handing};

/// How often the accounts are looked at, and each bound one.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long an account is held without a sign of life (microseconds): then another node binds it.
const LEASE_MICROS: i64 = 20 * Timestamp::SECOND;
/// A lease this far ahead of us was taken before the clock went back.
const BOGUS_MICROS: i64 = 4 * LEASE_MICROS;
/// How long bound accounts have to unbind when the node goes down.
const UNBOUND_WITHIN: Duration = Duration::from_secs(40);
/// Deliveries that are kept in one transaction.
const BATCH_MAX: usize = 64;

sql! {
    // Ids of deliveries begin with what they say and end with when they came.
    LATEST = "select max(received_at) from inbound where agency_id = $1 and account_id = $2
        and external_id >= $3 and external_id < $4";
    HOLD = "insert into leases (name, holder, until) values ($1, $2, $3)
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.until <= $4 or leases.until > $5";
    RENEW = "update leases set until = $3 where name = $1 and holder = $2";
    LET_GO = "delete from leases where name = $1 and holder = $2";
}

/// The accounts that this node keeps bound.
type Tended = HashMap<(AgencyId, i64), JoinHandle<()>>;

/// Keeps every account that is used bound, by one node at a time, until `stop` is true.
pub async fn tend(ctx: Ctx, gateways: Gateways, reach: Reach, mut stop: watch::Receiver<bool>) {
    let mut tended = Tended::default();
    while !*stop.borrow() {
        if let Err(error) = look(&ctx, &gateways, &reach, &stop, &mut tended).await {
            tracing::warn!(%error, "SMS accounts are not kept up");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
    let all_end = join_all(tended.into_values());
    if tokio::time::timeout(UNBOUND_WITHIN, all_end).await.is_err() {
        tracing::warn!("SMS accounts were still bound; their leases run out");
    }
}

async fn look(
    ctx: &Ctx,
    gateways: &Gateways,
    reach: &Reach,
    stop: &watch::Receiver<bool>,
    tended: &mut Tended,
) -> Result<()> {
    tended.retain(|_, handle| !handle.is_finished());
    let all = ctx.db.read(|tx| Ok(accounts::in_use(tx, super::CHANNEL)?)).await?;
    for account in all {
        let place = (account.agency_id, account.id.0);
        if tended.contains_key(&place) {
            continue;
        }
        let lease = Lease { name: format!("sms:{}:{}", account.agency_id, account.id) };
        let Some(lease) = lease.take(&ctx.db).await? else { continue };
        let (ctx, gateways, stop) = (ctx.clone(), gateways.clone(), stop.clone());
        let reach = reach.clone();
        let bound = async move {
            if let Err(error) = keep_bound(&ctx, &gateways, (reach, stop), &account, &lease).await {
                tracing::warn!(%error, account = %account.name, "the SMS account is not bound");
            }
            lease.let_go(&ctx.db).await;
        };
        tended.insert(place, tokio::spawn(bound));
    }
    Ok(())
}

/// The right to be the one that is bound.
struct Lease {
    name: String,
}

struct Held {
    name: String,
    holder: String,
}

impl Lease {
    async fn take(self, db: &Db) -> Result<Option<Held>> {
        let name = self.name;
        db.write(move |tx| {
            let (holder, now): (i64, _) = (tx.id(), tx.now());
            let held = Held { name: name.clone(), holder: id::to_text(holder) };
            let until = now.plus(LEASE_MICROS);
            let taken = params![&held.name, &held.holder, until, now, now.plus(BOGUS_MICROS)];
            Ok((tx.exec(&HOLD, taken)? > 0).then_some(held))
        })
        .await
    }
}

impl Held {
    /// Holds on to it; false where another node has it.
    async fn renew(&self, db: &Db) -> Result<bool> {
        let (name, holder) = (self.name.clone(), self.holder.clone());
        db.write(move |tx| {
            let until = tx.now().plus(LEASE_MICROS);
            Ok(tx.exec(&RENEW, params![&name, &holder, until])? > 0)
        })
        .await
    }

    async fn let_go(self, db: &Db) {
        let let_go = move |tx: &mut Tx<'_>| Ok(tx.put(&LET_GO, params![&self.name, &self.holder])?);
        if let Err(error) = db.write(let_go).await {
            tracing::warn!(%error, "an SMS account is free only when its lease ends");
        }
    }
}

/// Whether the account is still as it was and ours to keep bound. Where the database cannot be
/// asked, it is for as long as the lease lasts.
async fn still(db: &Db, account: &Account, lease: &Held, renewed: &mut Instant) -> bool {
    let (access, id) = (Access::system(account.agency_id), account.id);
    let found = db.read(move |tx| accounts::get(tx, &access, id)).await;
    let same = match found {
        Ok(now) => now.active && now.version == account.version,
        Err(Error::Refused(_)) => false,
        Err(Error::Fault(_)) => true,
    };
    let lasts = Duration::from_micros(LEASE_MICROS.unsigned_abs());
    match lease.renew(db).await {
        Ok(ours) => {
            *renewed = Instant::now();
            same && ours
        }
        Err(_) => same && renewed.elapsed() < lasts,
    }
}

async fn keep_bound(
    ctx: &Ctx,
    gateways: &Gateways,
    (reach, mut stop): (Reach, watch::Receiver<bool>),
    account: &Account,
    lease: &Held,
) -> Result<()> {
    let (mut kept, secrets): (Kept, Secrets) = account::open(&ctx.secrets, account)?;
    kept.centre.reach = reach;
    let window = usize::from(kept.centre.window);
    let (client, brought, driver) = client(kept.centre, secrets.password);
    let driving = tokio::spawn(driver.run());
    let own = account.id.0;
    gateways.set(account.agency_id, own, Arc::new(Bound { client: client.clone(), window }));
    let taking = tokio::spawn(take(ctx.db.clone(), account.clone(), brought));
    let telling = tokio::spawn(tell(ctx.db.clone(), account.clone(), client.state()));
    let mut renewed = Instant::now();
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
        if !still(&ctx.db, account, lease, &mut renewed).await {
            break;
        }
    }
    gateways.remove(account.agency_id, own);
    client.close();
    // The driver ends when all is answered; its end closes the queue, and the taker with it.
    let _ = driving.await;
    let _ = taking.await;
    telling.abort();
    Ok(())
}

/// Notes where the centre refuses us, and where it no longer does.
async fn tell(db: Db, account: Account, mut state: watch::Receiver<State>) {
    loop {
        let now = state.borrow_and_update().clone();
        let trouble = match now {
            State::Up => None,
            State::Down { why } | State::Refused { why } => Some(why),
        };
        if trouble.as_deref() != Some("") {
            let access = Access::system(account.agency_id);
            let id = account.id;
            let noted = db
                .write(move |tx| accounts::note_trouble(tx, &access, id, trouble.as_deref()))
                .await;
            if let Err(error) = noted {
                tracing::warn!(%error, "the state of an SMS account could not be noted");
            }
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// Keeps what is brought, some at a time, and acknowledges it then.
async fn take(db: Db, account: Account, mut brought: mpsc::Receiver<Delivery>) {
    // What was acknowledged right before this process began may be unknown to the centre.
    let began = Instant::now();
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while brought.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let now = db.now();
        let moment = |at: Instant| {
            let ago = i64::try_from(at.elapsed().as_micros()).unwrap_or(i64::MAX);
            now.plus(-ago).as_micros()
        };
        let news: Vec<New> = batch
            .iter()
            .map(|delivery| New {
                says: fingerprint(&delivery.message),
                octets: octets(&delivery.message),
                lost_at: moment(delivery.lost_at.unwrap_or(began)),
            })
            .collect();
        let (access, id) = (Access::system(account.agency_id), account.id);
        match db.write(move |tx| keep(tx, &access, id, &news)).await {
            Ok(()) => {
                for delivery in batch.drain(..) {
                    delivery.accept().await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "messages could not be kept; the centre brings them again");
                batch.clear();
            }
        }
    }
}

/// A delivery that is to be kept.
struct New {
    says: String,
    octets: Vec<u8>,
    lost_at: i64,
}

fn keep(tx: &mut Tx<'_>, access: &Access, account_id: AccountId, news: &[New]) -> Result<()> {
    for New { says, octets, lost_at } in news {
        let now = tx.now();
        let (from, to) = (format!("{says}-"), format!("{says}."));
        let row = params![access.agency_id, account_id, &from, &to];
        let earlier: Option<i64> = tx.one(&LATEST, row, |row| row.opt_int())?;
        if earlier.is_some_and(|at| is_repeat(at, now.as_micros(), Some(*lost_at))) {
            continue;
        }
        let external_id = format!("{from}{}", now.as_micros());
        let new =
            NewInbound { account_id, external_id: &external_id, payload: Some(octets), raw: None };
        inbound::keep(tx, access, &new)?;
    }
    Ok(())
}

/// The way out through a bound account.
struct Bound {
    client: Client,
    window: usize,
}

impl Gateway for Bound {
    /// A centre takes the same message as often as it is given.
    fn assurance(&self) -> Assurance {
        Assurance::Mute
    }

    fn window(&self) -> usize {
        self.window.max(1)
    }

    fn send(
        &self,
        outgoing: Outgoing,
        handing: Handing,
    ) -> BoxFuture<'static, Result<Accepted, NotSent>> {
        let client = self.client.clone();
        Box::pin(
            async move { client.send_when(&outgoing, async move || handing.over().await).await },
        )
    }
}
