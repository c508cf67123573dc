//! PostgreSQL: a few threads with one connection each, and the sealer.
//!
//! Transactions run at READ COMMITTED with a version check on every update of a loaded row. A
//! serialization failure, a deadlock or a lost connection runs the closure again, bounded in
//! count and time. A connection lost during COMMIT is ambiguous: the first event's id tells
//! whether the commit took place.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Fault, Result, Timestamp, params};
use tokio::sync::{Notify, mpsc};

use crate::db::{Work, not_announcing};
use crate::events;
use crate::kept::{Kept, Shared};
use crate::pipe::Link;
use crate::threads::Threads;
use crate::tls::Target;
use crate::tx::{Conn, Handed, Tx};

const WRITERS: usize = 10;
/// How long a request waits for a database that is gone before it fails.
const UNAVAILABLE_MAX: Duration = Duration::from_secs(15);
const ATTEMPTS_MAX: u32 = 8;
const SEAL_EVERY: Duration = Duration::from_millis(200);
/// What is committed meanwhile is sealed together: nobody sees so short a wait.
const SEAL_REST: Duration = Duration::from_millis(25);
crate::sql! {
    SEALER = "select 1 from leases where name = 'sealer' for update",
        sqlite: "select 1 from leases where name = 'sealer'";
}

/// As many as keep all cores busy while one of them waits: where there are more, requests wait for
/// a core in no order instead of for a reader in theirs, and the slowest wait far longer.
fn readers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from) + 1
}

type Queue = Arc<Mutex<mpsc::Receiver<Box<dyn Work>>>>;

/// Runs a text outside a transaction.
pub(crate) fn run_bare(url: &str, statement: &str) -> Result<(), Fault> {
    Link::new(&Target::parse(url)?).bare(statement)
}

pub(crate) fn start(
    threads: &Threads,
    url: &str,
    shared: Arc<Shared>,
    write: mpsc::Receiver<Box<dyn Work>>,
    read: mpsc::Receiver<Box<dyn Work>>,
    committed: Arc<Notify>,
) -> Result<(), Fault> {
    let target = Target::parse(url)?;
    let write = Arc::new(Mutex::new(write));
    let (seal, wake) = std::sync::mpsc::sync_channel::<()>(1);
    for n in 0..WRITERS {
        let (mut link, shared) = (Link::new(&target), Arc::clone(&shared));
        let (queue, seal) = (Arc::clone(&write), seal.clone());
        threads.spawn(&format!("pg-writer-{n}"), move || {
            serve(&queue, |mut work| {
                let outcome = write_one(&mut link, &shared, work.as_mut());
                if outcome.is_ok() {
                    let _ = seal.try_send(());
                }
                work.reply(outcome);
            });
        })?;
    }
    drop(seal);
    start_readers(threads, &target, &shared, read)?;
    let mut link = Link::new(&target);
    threads.spawn("pg-sealer", move || seal_loop(&mut link, &shared, &wake, &committed))
}

/// The same for whoever only reads; changes nothing in the database.
pub(crate) fn start_to_read(
    threads: &Threads,
    url: &str,
    shared: &Arc<Shared>,
    read: mpsc::Receiver<Box<dyn Work>>,
) -> Result<(), Fault> {
    start_readers(threads, &Target::parse(url)?, shared, read)
}

fn start_readers(
    threads: &Threads,
    target: &Target,
    shared: &Arc<Shared>,
    read: mpsc::Receiver<Box<dyn Work>>,
) -> Result<(), Fault> {
    let read = Arc::new(Mutex::new(read));
    for n in 0..readers() {
        let (mut link, shared) = (Link::reading(target), Arc::clone(shared));
        let queue = Arc::clone(&read);
        threads.spawn(&format!("pg-reader-{n}"), move || {
            serve(&queue, |work| {
                read_one(&mut link, &shared, work);
            });
        })?;
    }
    Ok(())
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
fn write_one(link: &mut Link, shared: &Shared, work: &mut dyn Work) -> Result<(), Fault> {
    let (mut unsure, mut settings) = (None, false);
    let outcome = retry(|| {
        if let Some((agency_id, id)) = unsure {
            let now = work.now();
            // Where this fails too it is asked again: running the closure before it is known
            // would do the work twice.
            if link.once(shared, now, |tx| events::exists(tx, agency_id, id)).map_err(Some)? {
                return Ok(());
            }
            unsure = None;
        }
        let now = work.now();
        let pipe = link.begin().map_err(Some)?;
        let (conn, outcome) = work.run(Conn::Postgres(pipe), shared);
        let mut tx = Tx::new(conn, now, shared, Handed::default());
        let first = match outcome {
            Ok(events) => {
                settings = events.iter().any(|(.., event)| Kept::is_made_of(event.subject.kind));
                tx.events = events;
                events::insert_unsealed(&mut tx).map_err(Some)
            }
            Err(Some(kind @ (FaultKind::Retry | FaultKind::Unavailable))) => {
                Err(Some(Fault::new("the transaction failed").of(kind)))
            }
            Err(_) => Err(None),
        };
        let Conn::Postgres(pipe) = tx.conn else { unreachable!("the connection given above") };
        let first = match first {
            Ok(first) => first,
            Err(failed) => {
                pipe.abandon();
                return Err(failed);
            }
        };
        pipe.commit().map_err(|fault| {
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
    });
    if settings {
        shared.kept.forget();
    }
    outcome
}

fn read_one(link: &mut Link, shared: &Shared, mut work: Box<dyn Work>) {
    let outcome = retry(|| {
        let pipe = if work.is_single() { link.without_transaction() } else { link.begin() };
        let (conn, outcome) = work.run(Conn::Postgres(pipe.map_err(Some)?), shared);
        let Conn::Postgres(pipe) = conn else { unreachable!("the connection given above") };
        pipe.abandon();
        match outcome {
            Err(Some(kind @ (FaultKind::Retry | FaultKind::Unavailable))) => {
                Err(Some(Fault::new("the transaction failed").of(kind)))
            }
            outcome => not_announcing(&outcome).map_err(Some),
        }
    });
    work.reply(outcome);
}

/// One node seals at a time: whoever holds the row of the lease.
fn seal_loop(
    link: &mut Link,
    shared: &Shared,
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
            let sealed = link.once(shared, Timestamp::default(), |tx| {
                tx.put(&SEALER, params![])?;
                events::seal_batch(tx)
            });
            match sealed {
                Ok(0) => break,
                Ok(_) => {
                    committed.notify_one();
                    std::thread::park_timeout(SEAL_REST);
                }
                Err(fault) => {
                    tracing::warn!(%fault, "sealing waits");
                    break;
                }
            }
        }
    }
}
