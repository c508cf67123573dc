//! PostgreSQL: a few threads with one connection each, and the sealer.
//!
//! Transactions run at READ COMMITTED with a version check on every update of a loaded row. A
//! serialization failure, a deadlock or a lost connection runs the closure again, bounded in
//! count and time. A connection lost during COMMIT is ambiguous: the first event's id tells
//! whether the commit took place.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Fault, IdGen, Result, Timestamp};
use tokio::sync::{Notify, mpsc};

use crate::db::{Work, not_announcing};
use crate::events;
use crate::threads::Threads;
use crate::tx::{Conn, Handed, Prepared, Tx, pg_fault};

const WRITERS: usize = 10;
const READERS: usize = 6;
/// How long a request waits for a database that is gone before it fails.
const UNAVAILABLE_MAX: Duration = Duration::from_secs(15);
const ATTEMPTS_MAX: u32 = 8;
const SEAL_EVERY: Duration = Duration::from_millis(200);
/// How long a server may leave bytes unacknowledged before the connection counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// A node that stops in the middle of a transaction must not hold its row locks (the sealer's
/// lease is one) for hours.
const SESSION: &str = "set idle_in_transaction_session_timeout = '60s'";
/// Lists have many conditions that only count where their value is given. A plan made without the
/// values takes each of them for a strong filter, fetches all rows and sorts them; one made for
/// the values walks the index and stops at the page's end.
const SESSION_OF_READER: &str = "set idle_in_transaction_session_timeout = '60s';
    set plan_cache_mode = force_custom_plan";

type Queue = Arc<Mutex<mpsc::Receiver<Box<dyn Work>>>>;

/// One connection that comes back when it was lost.
pub(crate) struct Link {
    url: String,
    session: &'static str,
    client: Option<Client>,
    prepared: Prepared,
}

impl Link {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), session: SESSION, client: None, prepared: Prepared::new() }
    }

    fn for_reading(url: &str) -> Self {
        Self { session: SESSION_OF_READER, ..Self::new(url) }
    }

    fn client(&mut self) -> Result<(&mut Client, &mut Prepared), Fault> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.prepared.clear();
            self.client = None;
            let mut config: postgres::Config =
                self.url.parse().map_err(|e| Fault::new(format!("database URL: {e}")))?;
            config.application_name("tanggap").connect_timeout(Duration::from_secs(5));
            // A server that went without a word is noticed, instead of being waited for.
            config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(SILENCE_MAX);
            let mut client = config
                .connect(NoTls)
                .map_err(|e| pg_fault("connect", &e).of(FaultKind::Unavailable))?;
            client.batch_execute(self.session).map_err(|e| pg_fault("connect", &e))?;
            self.client = Some(client);
        }
        let client = self.client.as_mut().expect("invariant: connected just above");
        Ok((client, &mut self.prepared))
    }

    /// Runs `run` in one transaction and commits it.
    pub(crate) fn once<T>(
        &mut self,
        ids: &IdGen,
        now: Timestamp,
        run: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (client, prepared) = self.client()?;
        let transaction = client.transaction().map_err(|e| pg_fault("begin", &e))?;
        let conn = Conn::Postgres(transaction, prepared);
        let mut tx = Tx::new(conn, now, ids, Handed::default());
        let value = run(&mut tx)?;
        let Conn::Postgres(transaction, _) = tx.conn else { unreachable!() };
        transaction.commit().map_err(|e| pg_fault("commit", &e))?;
        Ok(value)
    }
}

pub(crate) fn run_bare(url: &str, statement: &str) -> Result<(), Fault> {
    let mut client = Client::connect(url, NoTls).map_err(|e| pg_fault("connect", &e))?;
    client.batch_execute(statement).map_err(|e| pg_fault("statement", &e))
}

pub(crate) fn start(
    threads: &Threads,
    url: &str,
    ids: Arc<IdGen>,
    write: mpsc::Receiver<Box<dyn Work>>,
    read: mpsc::Receiver<Box<dyn Work>>,
    committed: Arc<Notify>,
) -> Result<(), Fault> {
    let (write, read) = (Arc::new(Mutex::new(write)), Arc::new(Mutex::new(read)));
    let (seal, wake) = std::sync::mpsc::sync_channel::<()>(1);
    for n in 0..WRITERS {
        let (mut link, ids) = (Link::new(url), Arc::clone(&ids));
        let (queue, seal) = (Arc::clone(&write), seal.clone());
        threads.spawn(&format!("pg-writer-{n}"), move || {
            serve(&queue, |mut work| {
                let outcome = write_one(&mut link, &ids, work.as_mut());
                if outcome.is_ok() {
                    let _ = seal.try_send(());
                }
                work.reply(outcome);
            });
        })?;
    }
    drop(seal);
    for n in 0..READERS {
        let (mut link, ids) = (Link::for_reading(url), Arc::clone(&ids));
        let queue = Arc::clone(&read);
        threads.spawn(&format!("pg-reader-{n}"), move || {
            serve(&queue, |mut work| {
                let outcome = read_one(&mut link, &ids, work.as_mut());
                work.reply(outcome);
            });
        })?;
    }
    let mut link = Link::new(url);
    threads.spawn("pg-sealer", move || seal_loop(&mut link, &ids, &wake, &committed))
}

fn serve(queue: &Queue, mut each: impl FnMut(Box<dyn Work>)) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(work) = next else { return };
        each(work);
    }
}

/// Runs `attempt` until it succeeds, is final, or has been tried long enough.
fn retry(mut attempt: impl FnMut() -> Result<(), Option<Fault>>) -> Result<(), Fault> {
    let began = Instant::now();
    let mut tries = 0;
    loop {
        let Err(failed) = attempt() else { return Ok(()) };
        let Some(fault) = failed else { return Ok(()) };
        tries += 1;
        let again = match fault.kind {
            FaultKind::Retry => tries < ATTEMPTS_MAX,
            FaultKind::Unavailable => began.elapsed() < UNAVAILABLE_MAX,
            _ => false,
        };
        if !again {
            return Err(fault);
        }
        let mut jitter = [0u8; 1];
        let _ = getrandom::fill(&mut jitter);
        let base = if fault.kind == FaultKind::Retry { 2u64 << tries.min(6) } else { 250 };
        std::thread::park_timeout(Duration::from_millis(base + u64::from(jitter[0]) / 8));
    }
}

/// `Err(None)` inside [`retry`] means: the closure itself refused or failed for good; it holds
/// its own result, so the caller is simply answered.
fn write_one(link: &mut Link, ids: &IdGen, work: &mut dyn Work) -> Result<(), Fault> {
    let mut unsure = None;
    retry(|| {
        if let Some((agency_id, id)) = unsure {
            let now = work.now();
            // Where this fails too it is asked again: running the closure before it is known
            // would do the work twice.
            if link.once(ids, now, |tx| events::exists(tx, agency_id, id)).map_err(Some)? {
                return Ok(());
            }
            unsure = None;
        }
        let now = work.now();
        let (client, prepared) = link.client().map_err(Some)?;
        let transaction = client.transaction().map_err(|e| Some(pg_fault("begin", &e)))?;
        let (conn, outcome) = work.run(Conn::Postgres(transaction, prepared), ids);
        let events = match outcome {
            Ok(events) => events,
            Err(Some(kind @ (FaultKind::Retry | FaultKind::Unavailable))) => {
                return Err(Some(Fault::new("the transaction failed").of(kind)));
            }
            Err(_) => return Err(None),
        };
        let mut tx = Tx::new(conn, now, ids, Handed::default());
        tx.events = events;
        let first = events::insert_unsealed(&mut tx).map_err(Some)?;
        let Conn::Postgres(transaction, _) = tx.conn else { unreachable!() };
        transaction.commit().map_err(|e| {
            let fault = pg_fault("commit", &e);
            match (fault.kind, first) {
                (FaultKind::Unavailable, Some(first)) => unsure = Some(first),
                // Nothing tells whether it took place, so it is not run again.
                (FaultKind::Unavailable, None) => {
                    return Some(Fault::new("the answer to a commit was lost"));
                }
                _ => {}
            }
            Some(fault)
        })
    })
}

fn read_one(link: &mut Link, ids: &IdGen, work: &mut dyn Work) -> Result<(), Fault> {
    retry(|| {
        let (client, prepared) = link.client().map_err(Some)?;
        let transaction = client
            .build_transaction()
            .isolation_level(postgres::IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .map_err(|e| Some(pg_fault("begin", &e)))?;
        match work.run(Conn::Postgres(transaction, prepared), ids).1 {
            Err(Some(kind @ (FaultKind::Retry | FaultKind::Unavailable))) => {
                Err(Some(Fault::new("the transaction failed").of(kind)))
            }
            outcome => not_announcing(&outcome).map_err(Some),
        }
    })
}

/// One node seals at a time: whoever holds the row of the lease.
fn seal_loop(
    link: &mut Link,
    ids: &IdGen,
    wake: &std::sync::mpsc::Receiver<()>,
    committed: &Notify,
) {
    loop {
        match wake.recv_timeout(SEAL_EVERY) {
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
            Ok(()) | Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
        }
        // Every commit before the end left its token in the channel, so nothing stays unsealed.
        loop {
            let sealed = link.once(ids, Timestamp::default(), |tx| {
                tx.script("select 1 from leases where name = 'sealer' for update")?;
                events::seal_batch(tx)
            });
            match sealed {
                Ok(0) => break,
                Ok(_) => committed.notify_one(),
                Err(fault) => {
                    tracing::warn!(%fault, "sealing waits");
                    break;
                }
            }
        }
    }
}
