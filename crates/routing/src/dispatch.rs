//! The one that decides for all agencies of an installation: it follows the events, keeps a
//! [`Matcher`] of each agency in memory, and writes down each offer that this finds.
//!
//! One node does it at a time, by a lease; where two do for a moment, the versions of rows decide
//! who was first, so nothing is offered twice. What is in memory can be lost at any time: it is
//! read again from the rows.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Error, Result, Timestamp, params};
use tanggap_store::{Announced, Db, Tx, sql};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::matcher::{Match, Matcher};
use crate::model::ItemId;
use crate::{actions, store};

const LEASE: &str = "routing";
const LEASE_MICROS: i64 = 15 * Timestamp::SECOND;
/// So long before its end the lease is renewed.
const RENEW_MICROS: i64 = 10 * Timestamp::SECOND;
/// Who does not hold the lease asks for it so often.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// Time is looked at so often at least.
const TURN: Duration = Duration::from_millis(500);
/// So many offers are written before events are heard again.
const OFFERS_AT_ONCE: usize = 32;

sql! {
    TAKE = "insert into leases (name, holder, until) values ($1, $2, $3)
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.until <= $4 or leases.holder = excluded.holder";
    GIVE_UP = "update leases set until = 0 where name = $1 and holder = $2";
    AGENCIES = @scan("one row per agency") "select id from agencies order by id limit 10000";
}

/// Begins to route; ends with the database, or when `closing` says so: then another node may
/// begin at once. `node` names this process among others.
pub fn spawn(db: Db, node: String, mut closing: watch::Receiver<bool>) {
    tokio::spawn(async move {
        let mut router = Router::new(db, node);
        let ends = async move { closing.wait_for(|closing| *closing).await.map(drop) };
        tokio::select! {
            () = router.run() => {}
            _ = ends => {}
        }
        router.give_up().await;
    });
}

struct Router {
    db: Db,
    node: String,
    /// Whether what is in memory was kept up since the lease was taken.
    leased: bool,
    lease_until: Timestamp,
    asked_at: Option<Instant>,
    agencies: HashMap<AgencyId, Matcher>,
}

/// What changed in one agency.
#[derive(Default)]
struct Changed {
    items: HashSet<ItemId>,
    agents: HashSet<UserId>,
    settings: bool,
}

impl Router {
    fn new(db: Db, node: String) -> Self {
        let (lease_until, asked_at) = (Timestamp::default(), None);
        Self { db, node, leased: false, lease_until, asked_at, agencies: HashMap::new() }
    }

    async fn run(&mut self) {
        let mut heard = self.db.subscribe();
        loop {
            let until = Instant::now() + TURN;
            let mut news = Vec::new();
            let mut lost = false;
            match timeout_at(until, heard.recv()).await {
                Ok(Ok(event)) => news.push(event),
                Ok(Err(RecvError::Lagged(_))) => lost = true,
                Ok(Err(RecvError::Closed)) => return,
                Err(_) => {}
            }
            loop {
                match heard.try_recv() {
                    Ok(event) => news.push(event),
                    Err(TryRecvError::Lagged(_)) => lost = true,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            if lost {
                self.forget();
            }
            if let Err(error) = self.turn(news).await {
                tracing::warn!(%error, "routing begins anew");
                self.forget();
            }
        }
    }

    /// What is in memory is read again at the next turn.
    fn forget(&mut self) {
        self.agencies.clear();
        self.leased = false;
    }

    async fn turn(&mut self, news: Vec<Announced>) -> Result<()> {
        if !self.lease().await? {
            self.forget();
            return Ok(());
        }
        if !self.leased {
            self.leased = true;
            let all = self.db.read(|tx| Ok(tx.all(&AGENCIES, params![], |row| row.int())?)).await?;
            for agency in all {
                self.load(agency).await?;
            }
        }
        let mut changed: HashMap<AgencyId, Changed> = HashMap::new();
        for event in news {
            note(changed.entry(event.agency_id).or_default(), &event);
        }
        for (agency, changed) in changed {
            if changed.settings {
                self.load(agency).await?;
            } else {
                self.reload(agency, changed.items, changed.agents).await?;
            }
        }
        for agency in self.agencies.keys().copied().collect::<Vec<_>>() {
            self.route(agency).await?;
        }
        Ok(())
    }

    async fn lease(&mut self) -> Result<bool> {
        let now = self.db.now();
        if self.leased && now < self.lease_until.plus(-RENEW_MICROS) {
            return Ok(true);
        }
        if !self.leased && self.asked_at.is_some_and(|asked| asked.elapsed() < ASK_EVERY) {
            return Ok(false);
        }
        self.asked_at = Some(Instant::now());
        let node = self.node.clone();
        let until = now.plus(LEASE_MICROS);
        let take =
            move |tx: &mut Tx<'_>| Ok(tx.exec(&TAKE, params![LEASE, &node, until, now])? == 1);
        let taken = self.db.write(take).await?;
        self.lease_until = if taken { until } else { self.lease_until };
        Ok(taken)
    }

    /// Lets another node begin.
    async fn give_up(&self) {
        let node = self.node.clone();
        let give = move |tx: &mut Tx<'_>| Ok(tx.put(&GIVE_UP, params![LEASE, &node])?);
        if let Err(error) = self.db.write(give).await {
            tracing::warn!(%error, "another node routes a little later");
        }
    }

    /// Reads an agency anew; one without queues is left alone.
    async fn load(&mut self, agency: AgencyId) -> Result<()> {
        let read = move |tx: &mut Tx<'_>| {
            let (access, now) = (Access::system(agency), tx.now());
            let queues = store::queues(tx, &access)?;
            if queues.is_empty() {
                return Ok(None);
            }
            let mut matcher = Matcher::new();
            for queue in queues.iter() {
                let calendar = store::calendar(tx, &access, queue)?;
                matcher.put_queue(queue.clone(), (*calendar).clone(), now);
            }
            for agent in store::agents(tx, &access)? {
                matcher.put_agent(agent, now);
            }
            for queue in queues.iter() {
                for item in store::waiting(tx, &access, queue.id, store::ITEMS_MAX)? {
                    matcher.put_item(item, now);
                }
            }
            Ok(Some(matcher))
        };
        match self.db.read(read).await? {
            Some(matcher) => self.agencies.insert(agency, matcher),
            None => self.agencies.remove(&agency),
        };
        Ok(())
    }

    /// Reads again what changed.
    async fn reload(
        &mut self,
        agency: AgencyId,
        items: HashSet<ItemId>,
        agents: HashSet<UserId>,
    ) -> Result<()> {
        let Some(matcher) = self.agencies.get_mut(&agency) else { return Ok(()) };
        let read = move |tx: &mut Tx<'_>| {
            let access = Access::system(agency);
            let (mut found, mut people) = (Vec::new(), agents.clone());
            for id in &items {
                let item = store::item(tx, &access, *id)?;
                people.extend(item.state.agent());
                found.push(item);
            }
            let mut known = Vec::new();
            for id in people {
                known.extend(store::agent(tx, &access, id)?);
            }
            Ok((found, known, tx.now()))
        };
        let (items, agents, now) = self.db.read(read).await?;
        for item in items {
            matcher.put_item(item, now);
        }
        for agent in agents {
            matcher.put_agent(agent, now);
        }
        Ok(())
    }

    /// Decides and offers until nothing is left to be decided.
    async fn route(&mut self, agency: AgencyId) -> Result<()> {
        loop {
            let now = self.db.now();
            let Some(matcher) = self.agencies.get_mut(&agency) else { return Ok(()) };
            let found = matcher.decide(now, OFFERS_AT_ONCE);
            let enough = found.len() < OFFERS_AT_ONCE;
            for found in found {
                if !self.offer(agency, found).await? {
                    // Somebody was quicker: it is looked at as it is now.
                    let (items, agents) = (HashSet::from([found.item]), [found.agent].into());
                    self.reload(agency, items, agents).await?;
                }
            }
            if enough {
                return Ok(());
            }
        }
    }

    async fn offer(&self, agency: AgencyId, found: Match) -> Result<bool> {
        let offer = move |tx: &mut Tx<'_>| actions::offer(tx, &Access::system(agency), &found);
        match self.db.write(offer).await {
            Err(Error::Refused(_)) => Ok(false),
            other => other,
        }
    }
}

/// What an event changes for routing.
fn note(changed: &mut Changed, event: &Announced) {
    match event.subject_kind.as_str() {
        "work" => drop(changed.items.insert(ItemId(event.subject_id))),
        "presence" => drop(changed.agents.insert(UserId(event.subject_id))),
        "queue" | "skill" | "agent" | "calendar" | "agency" | "unit" => changed.settings = true,
        _ => {}
    }
}
