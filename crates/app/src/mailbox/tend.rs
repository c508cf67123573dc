//! The one node that reads mailboxes: it starts a worker for each account that is used, anew where
//! the account was changed, and ends those of the others. Every node hangs in the ways out.
//!
//! By a lease, so that a mailbox is read once; where two nodes hold it for a moment, each message
//! is known by its id, so nothing is taken in twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tanggap_channels::web::Http;
use tanggap_conversations::accounts::{self, Account};
use tanggap_conversations::files::Scanner;
use tanggap_kernel::{Access, AgencyId, Fault, Result, Timestamp, params};
use tanggap_store::{Tx, sql};
use tanggap_ui::Ctx;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::follow::{Mailbox, follow};
use super::{CHANNEL, Secrets, Settings, logins, mailbox, relay};
use crate::account;
use crate::work::gateways::Gateways;
use crate::work::mail::RelayGateway;

/// How often the accounts are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LEASE: &str = "mailboxes";
const LEASE_MICROS: i64 = 10 * Timestamp::SECOND;
/// So long before its end the lease is renewed.
const RENEW_MICROS: i64 = 6 * Timestamp::SECOND;
/// How long a worker may take to keep what it has at hand.
const END_WITHIN: Duration = Duration::from_secs(15);

sql! {
    TAKE = "insert into leases (name, holder, until) values ($1, $2, $3)
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.until <= $4 or leases.holder = excluded.holder";
    GIVE_UP = "update leases set until = 0 where name = $1 and holder = $2";
}

/// A worker with the version of the account that it was started for.
struct Worker {
    version: i64,
    close: watch::Sender<bool>,
    task: JoinHandle<Result<()>>,
}

impl Worker {
    /// Ends it when it has kept what it has at hand.
    async fn end(mut self) {
        // Nobody listening any more is no failure: it has ended then.
        let _ = self.close.send(true);
        match timeout(END_WITHIN, &mut self.task).await {
            Ok(ended) => tell(ended),
            Err(_) => self.task.abort(),
        }
    }
}

fn tell(ended: Result<Result<()>, tokio::task::JoinError>) {
    let error = match ended {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::warn!(error, "a mailbox is read no more for a moment");
}

type Place = (AgencyId, i64);

/// What is needed to read mailboxes and to send by their servers.
pub struct Tender {
    ctx: Ctx,
    http: Http,
    scanner: Option<Scanner>,
    gateways: Gateways,
    node: String,
    lease_until: Timestamp,
    workers: HashMap<Place, Worker>,
    /// The account, and its version, whose way out hangs for an agency.
    hanging: HashMap<AgencyId, (i64, i64)>,
}

impl Tender {
    /// Nothing is read yet. `node` names this process among others.
    #[must_use]
    pub fn new(
        ctx: Ctx,
        http: Http,
        scanner: Option<Scanner>,
        gateways: Gateways,
        node: String,
    ) -> Self {
        Self {
            ctx,
            http,
            scanner,
            gateways,
            node,
            lease_until: Timestamp::default(),
            workers: HashMap::new(),
            hanging: HashMap::new(),
        }
    }

    /// Reads until `closing` says so; afterwards another node may begin at once.
    pub async fn run(mut self, mut closing: watch::Receiver<bool>) {
        while !*closing.borrow() {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "accounts of mailboxes are not kept up");
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                _ = closing.changed() => {}
            }
        }
        self.end_all().await;
        let node = self.node.clone();
        let give = move |tx: &mut Tx<'_>| Ok(tx.put(&GIVE_UP, params![LEASE, &node])?);
        if let Err(error) = self.ctx.db.write(give).await {
            tracing::warn!(%error, "another node reads the mailboxes a little later");
        }
    }

    /// Brings workers and ways out in line with the accounts.
    ///
    /// # Errors
    /// A fault of the engine.
    pub async fn look(&mut self) -> Result<()> {
        let all = self.ctx.db.read(|tx| Ok(accounts::in_use(tx, CHANNEL)?)).await?;
        self.hang(&all);
        if !self.lease().await? {
            self.end_all().await;
            return Ok(());
        }
        let used: HashMap<Place, i64> = all.iter().map(|a| (place(a), a.version)).collect();
        let over = |(at, worker): (&Place, &Worker)| {
            (used.get(at) != Some(&worker.version) || worker.task.is_finished()).then_some(*at)
        };
        let over: Vec<Place> = self.workers.iter().filter_map(over).collect();
        let over = over.into_iter().filter_map(|at| self.workers.remove(&at));
        futures_util::future::join_all(over.map(Worker::end)).await;
        for account in &all {
            if self.workers.contains_key(&place(account)) {
                continue;
            }
            match self.begin(account) {
                Ok(worker) => drop(self.workers.insert(place(account), worker)),
                Err(error) => self.troubled(account, &error).await?,
            }
        }
        Ok(())
    }

    async fn lease(&mut self) -> Result<bool> {
        let now = self.ctx.db.now();
        if now < self.lease_until.plus(-RENEW_MICROS) {
            return Ok(true);
        }
        let (node, until) = (self.node.clone(), now.plus(LEASE_MICROS));
        let take =
            move |tx: &mut Tx<'_>| Ok(tx.exec(&TAKE, params![LEASE, &node, until, now])? == 1);
        let taken = self.ctx.db.write(take).await?;
        self.lease_until = if taken { until } else { Timestamp::default() };
        Ok(taken)
    }

    fn begin(&self, account: &Account) -> Result<Worker, Fault> {
        let (settings, _): (Settings, Secrets) = account::open(&self.ctx.secrets, account)?;
        let login = logins(&self.ctx, &self.http, account)?;
        let own = Mailbox {
            agency: account.agency_id,
            account: account.id,
            config: mailbox(account, &settings, login, &self.http),
            scanner: self.scanner.clone(),
            authserv: Some(settings.authserv).filter(|name| !name.is_empty()),
        };
        let (close, closing) = watch::channel(false);
        let task = tokio::spawn(follow(self.ctx.clone(), own, closing));
        Ok(Worker { version: account.version, close, task })
    }

    async fn troubled(&self, account: &Account, error: &Fault) -> Result<()> {
        tracing::warn!(%error, account = %account.name, "the mailbox cannot be read");
        let (access, id) = (Access::system(account.agency_id), account.id);
        let why = error.to_string();
        let note = move |tx: &mut Tx<'_>| accounts::note_trouble(tx, &access, id, Some(&why));
        self.ctx.db.write(note).await
    }

    async fn end_all(&mut self) {
        let workers = self.workers.drain().map(|(_, worker)| worker.end());
        futures_util::future::join_all(workers).await;
    }

    /// Hangs in the ways out of agencies that send by their own servers: of several accounts with
    /// one, the oldest.
    fn hang(&mut self, all: &[Account]) {
        let mut ways: HashMap<AgencyId, &Account> = HashMap::new();
        for account in all.iter().filter(|account| self.has_way_out(account)) {
            let way = ways.entry(account.agency_id).or_insert(account);
            if account.id < way.id {
                *way = account;
            }
        }
        self.hanging.retain(|agency, _| {
            let stays = ways.contains_key(agency);
            if !stays {
                self.gateways.remove_for(*agency, CHANNEL);
            }
            stays
        });
        for (agency, account) in ways {
            let now = (account.id.0, account.version);
            if self.hanging.insert(agency, now) == Some(now) {
                continue;
            }
            match self.way_out(account) {
                Ok(Some(gateway)) => self.gateways.set_for(agency, CHANNEL, Arc::new(gateway)),
                Ok(None) => {}
                Err(error) => {
                    self.gateways.remove_for(agency, CHANNEL);
                    tracing::warn!(%error, account = %account.name, "no mail goes out by it");
                }
            }
        }
        self.ctx.site.own_relays.set(self.hanging.keys().copied().collect());
    }

    fn has_way_out(&self, account: &Account) -> bool {
        serde_json::from_str::<Settings>(&account.settings).is_ok_and(|kept| kept.smtp.is_some())
    }

    fn way_out(&self, account: &Account) -> Result<Option<RelayGateway>, Fault> {
        let (settings, secrets): (Settings, Secrets) = account::open(&self.ctx.secrets, account)?;
        let login = logins(&self.ctx, &self.http, account)?;
        let relay = relay(account, (&settings, &secrets), login, &self.http)?;
        let gateway =
            |relay| RelayGateway::new(relay, super::CONNECTIONS, self.ctx.secrets.clone());
        Ok(relay.map(gateway))
    }
}

fn place(account: &Account) -> Place {
    (account.agency_id, account.id.0)
}
