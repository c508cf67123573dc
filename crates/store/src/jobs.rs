//! Durable work and timers: a row that says when, what and which; run at least once, and in
//! effect exactly once per due time.
//!
//! A job is named by `(kind, key)`. Its handler gets the key, reads the state again and is
//! idempotent. A database job runs in the same transaction that ends it, so that a kill -9 in the
//! middle changes nothing; a job that talks to a peer is leased, and ends only while its lease is
//! still its own. What fails is tried again with backoff; what keeps failing becomes a dead
//! letter that an administrator sees. A million timers cost nothing while none is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tanggap_kernel::{AgencyId, Error, Fault, Refusal, Result, Timestamp, params};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::db::Db;
use crate::tx::{Row, Tx};

const LEASE_MICROS: i64 = 2 * Timestamp::MINUTE;
/// No lease reaches so far ahead: one that does was taken before the clock went back.
const LEASE_MICROS_MAX: i64 = Timestamp::HOUR;
/// How often the lease of a job that talks to a peer is renewed while it runs.
const RENEW_EVERY: Duration = Duration::from_secs(40);
const CLAIM_MAX: i64 = 64;
/// Jobs that talk to a peer, at the same time; more wait.
const PEERS_MAX: usize = 64;
/// How long such jobs have to end when the runner stops; afterwards their leases run out.
const PEERS_END_WITHIN: Duration = Duration::from_secs(30);
/// After so many failures a job is a dead letter.
pub const ATTEMPTS_MAX: i64 = 12;
/// When a job is due that waits for something other than time: never, until it is released.
pub const PARKED: Timestamp = Timestamp::from_micros(i64::MAX);
/// Nothing is counted further than this: where so many wait, the exact figure tells no more.
pub const COUNTED_MAX: i64 = 10_000;
/// The most kinds of jobs that are told apart.
const KINDS_MAX: usize = 100;
const POLL_EVERY: Duration = Duration::from_millis(500);

crate::sql! {
    SCHEDULE = "insert into jobs (kind, key, agency_id, run_at, body, attempts, lease_until,
        lease_token, created_at) values ($1, $2, $3, $4, $5, 0, 0, 0, $6)
        on conflict (kind, key) do update set run_at = excluded.run_at, body = excluded.body,
        attempts = 0, lease_until = 0, lease_token = 0, dead_at = null, last_error = null";
    SCHEDULE_ONCE = "insert into jobs (kind, key, agency_id, run_at, body, attempts, lease_until,
        lease_token, created_at) values ($1, $2, $3, $4, '{}', 0, 0, 0, $5)
        on conflict (kind, key) do update set run_at = excluded.run_at, attempts = 0,
        lease_until = 0, lease_token = 0, dead_at = null, last_error = null
        where jobs.dead_at is not null";
    CANCEL = "delete from jobs where kind = $1 and key = $2";
    CLAIM = "update jobs set lease_until = $2, lease_token = $3, attempts = attempts + 1
        where (kind, key) in (select kind, key from jobs
            where dead_at is null and run_at <= $1 and (lease_until <= $1 or lease_until > $5)
            order by run_at limit $4 for update skip locked)
        returning kind, key, agency_id, run_at, body, attempts, lease_token",
        sqlite: "update jobs set lease_until = $2, lease_token = $3, attempts = attempts + 1
        where (kind, key) in (select kind, key from jobs
            where dead_at is null and run_at <= $1 and (lease_until <= $1 or lease_until > $5)
            order by run_at limit $4)
        returning kind, key, agency_id, run_at, body, attempts, lease_token";
    NEXT = "select min(run_at) from jobs where dead_at is null";
    RENEW = "update jobs set lease_until = $4 where kind = $1 and key = $2 and lease_token = $3";
    FINISH = "delete from jobs where kind = $1 and key = $2 and lease_token = $3";
    FAIL = "update jobs set run_at = $4, lease_until = 0, lease_token = 0, last_error = $5,
        dead_at = $6 where kind = $1 and key = $2 and lease_token = $3";
    DEAD = "select kind, key, run_at, attempts, last_error, dead_at, lease_until from jobs
        where agency_id = $1 and dead_at is not null order by dead_at desc limit $2";
    NEXT_KIND = "select kind from jobs where agency_id = $1 and kind > $2 order by kind limit 1";
    COUNT = "select count(*) from (select 1 from jobs where agency_id = $1 and kind = $2
        limit $3) as counted";
    FIRST_DUE = "select run_at from jobs where agency_id = $1 and kind = $2 and dead_at is null
        order by run_at limit 1";
    DEAD_KINDS = "select kind from jobs where agency_id = $1 and dead_at is not null limit $2";
    RELEASE = "update jobs set run_at = $1 where (kind, key) in (select kind, key from jobs
        where dead_at is null and run_at = $2 and kind = $3 limit $4)";
    REVIVE = "update jobs set run_at = $4, attempts = 0, dead_at = null, lease_until = 0
        where agency_id = $1 and kind = $2 and key = $3 and dead_at is not null";
}

/// A job that is due.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which handler.
    pub kind: String,
    /// Which thing.
    pub key: String,
    /// Whose.
    pub agency_id: AgencyId,
    /// When it was due.
    pub run_at: Timestamp,
    /// What the scheduler noted, as JSON.
    pub body: String,
    /// Which try this is, from 1.
    pub attempt: i64,
    token: i64,
}

/// A job as the administrator sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Which handler.
    pub kind: String,
    /// Which thing.
    pub key: String,
    /// When it is due next.
    pub run_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Since when it is a dead letter.
    pub dead_at: Option<Timestamp>,
    /// Until when somebody works on it; zero where nobody does.
    pub lease_until: Timestamp,
}

impl Listed {
    fn read(row: &mut Row<'_>) -> Result<Self, Fault> {
        Ok(Self {
            kind: row.text()?,
            key: row.text()?,
            run_at: row.int()?,
            attempts: row.int()?,
            last_error: row.opt_text()?,
            dead_at: row.opt_int()?,
            lease_until: row.int()?,
        })
    }
}

/// How many jobs of a kind there are.
#[derive(Clone, Debug)]
pub struct KindCount {
    /// Which handler.
    pub kind: String,
    /// How many there are, at most [`COUNTED_MAX`].
    pub count: i64,
    /// When the first is due; `None` where all of them are parked or dead letters.
    pub next_at: Option<Timestamp>,
    /// How many are dead letters, at most [`COUNTED_MAX`].
    pub dead: i64,
}

impl Tx<'_> {
    /// Plans a job for `run_at`, or moves it there where it is planned already.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn schedule(
        &mut self,
        agency_id: AgencyId,
        kind: &str,
        key: &str,
        run_at: Timestamp,
        body: &str,
    ) -> Result<(), Fault> {
        let now = self.now();
        self.put(&SCHEDULE, params![kind, key, agency_id, run_at, body, now])
    }

    /// Plans a job for `run_at`, unless it is planned already: one that comes round again and again
    /// is not put off by whoever asks for it.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn schedule_once(
        &mut self,
        agency_id: AgencyId,
        kind: &str,
        key: &str,
        run_at: Timestamp,
    ) -> Result<(), Fault> {
        let now = self.now();
        self.exec(&SCHEDULE_ONCE, params![kind, key, agency_id, run_at, now]).map(drop)
    }

    /// Plans no longer what was planned.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn unschedule(&mut self, kind: &str, key: &str) -> Result<(), Fault> {
        self.put(&CANCEL, params![kind, key])
    }
}

/// The newest dead letters.
///
/// # Errors
/// A fault of the engine.
pub fn dead(tx: &mut Tx<'_>, agency_id: AgencyId, limit: i64) -> Result<Vec<Listed>, Fault> {
    tx.all(&DEAD, params![agency_id, limit], Listed::read)
}

/// How many jobs wait, by kind. Nothing is counted beyond [`COUNTED_MAX`], so that a million
/// timers do not make the page dear.
///
/// # Errors
/// A fault of the engine.
pub fn counts(tx: &mut Tx<'_>, agency_id: AgencyId) -> Result<Vec<KindCount>, Fault> {
    let dead: Vec<String> =
        tx.all(&DEAD_KINDS, params![agency_id, COUNTED_MAX], |row| row.text())?;
    let mut counts: Vec<KindCount> = Vec::new();
    while counts.len() < KINDS_MAX {
        let last = counts.last().map_or("", |known| known.kind.as_str());
        let next = tx.opt(&NEXT_KIND, params![agency_id, last], |row| row.text())?;
        let Some(kind) = next else { break };
        let counted = params![agency_id, &kind, COUNTED_MAX];
        let count = tx.one(&COUNT, counted, |row| row.int())?;
        let next_at: Option<Timestamp> =
            tx.opt(&FIRST_DUE, params![agency_id, &kind], |row| row.int())?;
        let dead = dead.iter().filter(|of| **of == kind).count();
        let dead = i64::try_from(dead).unwrap_or(i64::MAX);
        counts.push(KindCount { kind, count, next_at: next_at.filter(|at| *at < PARKED), dead });
    }
    Ok(counts)
}

/// Makes parked jobs of a kind due, at most `limit`; tells how many.
///
/// # Errors
/// A fault of the engine.
pub fn release(tx: &mut Tx<'_>, kind: &str, limit: i64) -> Result<usize, Fault> {
    let now = tx.now();
    let count = tx.exec(&RELEASE, params![now, PARKED, kind, limit])?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Tries a dead letter again, now.
///
/// # Errors
/// [`Refusal::NotFound`] where it is none, or a fault.
pub fn revive(tx: &mut Tx<'_>, agency_id: AgencyId, kind: &str, key: &str) -> Result<()> {
    let now = tx.now();
    match tx.exec(&REVIVE, params![agency_id, kind, key, now])? {
        0 => Err(Refusal::NotFound.into()),
        _ => Ok(()),
    }
}

/// Ends a leased job inside the transaction that did its work.
///
/// # Errors
/// A fault where the lease is no longer this run's: somebody else has the job now.
pub fn finish(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    match tx.exec(&FINISH, params![&job.kind, &job.key, job.token])? {
        0 => Err(Fault::new("the job's lease was lost").into()),
        _ => Ok(()),
    }
}

/// Work inside the transaction that ends the job.
pub type TxHandler = fn(&mut Tx<'_>, &Job) -> Result<()>;
/// Work that talks to a peer; it ends the job itself by [`finish`].
pub type PeerHandler = Arc<dyn Fn(Db, Job) -> BoxFuture<'static, Result<()>> + Send + Sync>;

#[derive(Clone)]
enum Handler {
    Tx(TxHandler),
    Peer(PeerHandler),
}

/// Runs jobs when they are due.
#[derive(Clone)]
pub struct Runner {
    db: Db,
    handlers: HashMap<&'static str, Handler>,
}

impl Runner {
    /// A runner without handlers.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, handlers: HashMap::new() }
    }

    /// Handles `kind` inside one transaction.
    #[must_use]
    pub fn on(mut self, kind: &'static str, handler: TxHandler) -> Self {
        self.handlers.insert(kind, Handler::Tx(handler));
        self
    }

    /// Handles `kind` with work outside a transaction.
    #[must_use]
    pub fn on_peer(mut self, kind: &'static str, handler: PeerHandler) -> Self {
        self.handlers.insert(kind, Handler::Peer(handler));
        self
    }

    /// Runs until `stop` is true; what is under way then is finished first. Work inside
    /// transactions never waits for work that talks to a peer.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut peers = JoinSet::new();
        while !*stop.borrow() {
            while peers.try_join_next().is_some() {}
            let ran = match self.run_round(&mut peers).await {
                Ok(ran) => ran,
                Err(error) => {
                    tracing::warn!(%error, "jobs wait");
                    0
                }
            };
            if ran == 0 {
                tokio::select! {
                    () = tokio::time::sleep(POLL_EVERY) => {}
                    _ = stop.changed() => {}
                }
            }
        }
        let all_end = async { while peers.join_next().await.is_some() {} };
        if tokio::time::timeout(PEERS_END_WITHIN, all_end).await.is_err() {
            tracing::warn!("jobs were still talking to peers; they are run again");
        }
    }

    async fn run_round(&self, peers: &mut JoinSet<()>) -> Result<usize> {
        if peers.len() >= PEERS_MAX {
            return Ok(0);
        }
        let jobs = self.claim_due().await?;
        let count = jobs.len();
        let (talking, plain): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| {
            matches!(self.handlers.get(job.kind.as_str()), Some(Handler::Peer(_)))
        });
        for job in talking {
            let runner = self.clone();
            peers.spawn(async move { runner.run_one(job).await });
        }
        join_all(plain.into_iter().map(|job| self.run_one(job))).await;
        Ok(count)
    }

    /// Runs what is due now, one batch; returns how many jobs that were.
    ///
    /// # Errors
    /// A fault of the engine.
    pub async fn run_due(&self) -> Result<usize> {
        let jobs = self.claim_due().await?;
        let count = jobs.len();
        join_all(jobs.into_iter().map(|job| self.run_one(job))).await;
        Ok(count)
    }

    async fn claim_due(&self) -> Result<Vec<Job>> {
        let now = self.db.now();
        let next = self.db.read(|tx| Ok(tx.one(&NEXT, params![], |row| row.opt_int())?)).await?;
        if next.is_none_or(|at: Timestamp| at > now) {
            return Ok(Vec::new());
        }
        let jobs = self.db.write(|tx| Ok(claim(tx)?)).await?;
        metrics::counter!("tanggap_jobs_run_total").increment(jobs.len() as u64);
        Ok(jobs)
    }

    async fn run_one(&self, job: Job) {
        let outcome = match self.handlers.get(job.kind.as_str()).cloned() {
            None => Err(Fault::new("no handler for this kind").into()),
            Some(Handler::Tx(handler)) => {
                let of_tx = job.clone();
                self.db
                    .write(move |tx| {
                        finish(tx, &of_tx)?;
                        handler(tx, &of_tx)
                    })
                    .await
            }
            Some(Handler::Peer(handler)) => {
                self.hold_lease(&job, handler(self.db.clone(), job.clone())).await
            }
        };
        if let Err(error) = outcome {
            let Job { kind, key, attempt, .. } = &job;
            tracing::warn!(kind, key, attempt, %error, "job failed");
            metrics::counter!("tanggap_jobs_failed_total").increment(1);
            let noted = self.db.write(move |tx| Ok(fail(tx, &job, &error)?)).await;
            if let Err(error) = noted {
                tracing::warn!(%error, "the failure could not be noted; the lease will run out");
            }
        }
    }
}

impl Runner {
    /// Renews the lease of `job` for as long as `work` takes, so that nobody begins it anew.
    async fn hold_lease(&self, job: &Job, mut work: BoxFuture<'static, Result<()>>) -> Result<()> {
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(RENEW_EVERY) => {}
            }
            let of_tx = job.clone();
            let renewed = self.db.write(move |tx| Ok(renew(tx, &of_tx)?)).await;
            if let Err(error) = renewed {
                tracing::warn!(kind = job.kind, %error, "a job's lease could not be renewed");
            }
        }
    }
}

fn renew(tx: &mut Tx<'_>, job: &Job) -> Result<(), Fault> {
    let until = tx.now().plus(LEASE_MICROS);
    tx.put(&RENEW, params![&job.kind, &job.key, job.token, until])
}

fn claim(tx: &mut Tx<'_>) -> Result<Vec<Job>, Fault> {
    let now = tx.now();
    let token: i64 = tx.id();
    let bogus = now.plus(LEASE_MICROS_MAX);
    let leased = params![now, now.plus(LEASE_MICROS), token, CLAIM_MAX, bogus];
    tx.all(&CLAIM, leased, |row| {
        Ok(Job {
            kind: row.text()?,
            key: row.text()?,
            agency_id: row.int()?,
            run_at: row.int()?,
            body: row.text()?,
            attempt: row.int()?,
            token: row.int()?,
        })
    })
}

fn fail(tx: &mut Tx<'_>, job: &Job, error: &Error) -> Result<(), Fault> {
    let now = tx.now();
    let dead = (job.attempt >= ATTEMPTS_MAX).then_some(now);
    let again = now.plus(backoff_micros(job.attempt));
    let said: String = error.to_string().chars().take(500).collect();
    tx.put(&FAIL, params![&job.kind, &job.key, job.token, again, said, dead])
}

/// 5 s, 10 s, 20 s … at most an hour.
fn backoff_micros(attempt: i64) -> i64 {
    let doubled = 5 * Timestamp::SECOND * (1 << attempt.clamp(1, 12).saturating_sub(1));
    doubled.min(Timestamp::HOUR)
}
