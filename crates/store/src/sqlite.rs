//! The embedded engine: one writer that commits in groups, a few readers, and a checkpointer.
//!
//! The writer drains its queue and commits up to 64 closures together, so that one fsync serves
//! the group; nobody is answered before the commit. Where one of them fails after it has changed
//! something, which is rare, the group is undone and run again with a savepoint around each: a
//! savepoint costs a sixth of a case. Some errors (disk full, I/O) roll back the whole group,
//! released savepoints included: then all of the group fail.
//!
//! A full disk keeps nobody from reading. SQLite makes two small files beside its own to open it
//! at all (the log, and its index); room for them is set aside, and given back where there is no
//! other. Whoever only reads can do without the index's file.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Fault, Result};
use tokio::sync::{Notify, mpsc};

use crate::db::{Work, not_announcing};
use crate::events::{self, Pending};
use crate::kept::{Kept, Shared};
use crate::threads::Threads;
use crate::tx::{Conn, Handed, Tx, lite_error};

const GROUP_MAX: usize = 64;
const READERS: usize = 4;
/// Statements kept prepared by each connection: more than the program has.
const PREPARED_MAX: usize = 1024;
const BUSY: Duration = Duration::from_secs(10);
/// Above this size the writer itself makes the log start again from its beginning.
const WAL_BYTES_MAX: u64 = 64 << 20;
const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);

/// Set aside beside the file: room for the log's index and some of the log.
const RESERVE_BYTES: usize = 1 << 20;
/// So much has to be free before anything is set aside.
const ROOM_FOR_RESERVE: u64 = 4 << 20;
/// SQLite's own way to open a file for one process, with the log's index in memory.
const ALONE: &str = "unix-excl";

type Queue = mpsc::Receiver<Box<dyn Work>>;

pub(crate) fn connect(path: &Path) -> Result<Connection, Fault> {
    let conn = Connection::open(path).map_err(|e| lite_error("open", &e))?;
    tune(&conn)?;
    conn.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma temp_store = memory; pragma wal_autocheckpoint = 0; pragma cache_size = -49152;",
    )
    .map_err(|e| lite_error("open", &e))?;
    Ok(conn)
}

/// Opens the file before anybody else of this process; on a full disk in the room set aside for
/// that, which is set aside again by a start that finds enough of it.
pub(crate) fn connect_first(path: &Path) -> Result<Connection, Fault> {
    let reserve = PathBuf::from(format!("{}-reserve", path.display()));
    match connect(path) {
        Err(fault) if fault.kind == FaultKind::Full => {
            tracing::warn!("no room on the disk: opening in what was set aside");
            let given_back = std::fs::remove_file(&reserve);
            let told = |_| Fault::new("no room on the disk to open the database: free some MB");
            given_back.map_err(told).and_then(|()| connect(path)).map_err(|f| f.of(fault.kind))
        }
        Err(fault) => Err(fault),
        Ok(conn) => {
            if !reserve.exists() && set_aside(&reserve).is_err() {
                let _ = std::fs::remove_file(&reserve);
            }
            Ok(conn)
        }
    }
}

/// Takes more than it keeps, so that it never takes the last there is. Random, since some file
/// systems keep what repeats in no room at all.
fn set_aside(reserve: &Path) -> std::io::Result<()> {
    let mut bytes = vec![0; RESERVE_BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let mut file = std::fs::File::create(reserve)?;
    for _ in 0..ROOM_FOR_RESERVE / RESERVE_BYTES as u64 {
        file.write_all(&bytes)?;
    }
    file.set_len(RESERVE_BYTES as u64)
}

/// A connection that only reads; `alone` in this process, where there is no room for the log's
/// index on the disk and nobody else has made it.
fn reader(path: &Path, alone: bool) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match alone {
        false => Connection::open_with_flags(path, flags),
        true => Connection::open_with_flags_and_vfs(path, flags, ALONE),
    };
    let conn = conn.map_err(|e| lite_error("open", &e))?;
    tune(&conn)?;
    conn.execute_batch(
        "pragma query_only = on; pragma temp_store = memory; pragma cache_size = -8192;
         select 1 from sqlite_master limit 1;",
    )
    .map_err(|e| lite_error("open", &e))?;
    Ok(conn)
}

/// What every connection is given.
fn tune(conn: &Connection) -> Result<(), Fault> {
    conn.busy_timeout(BUSY).map_err(|e| lite_error("open", &e))?;
    conn.set_prepared_statement_cache_capacity(PREPARED_MAX);
    // Plans that do not hang on the values bound: otherwise SQLite prepares some statements anew
    // each time they are run.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
        .map_err(|e| lite_error("open", &e))
}

pub(crate) fn start(
    threads: &Threads,
    path: &Path,
    shared: Arc<Shared>,
    write: Queue,
    read: Queue,
    committed: Arc<Notify>,
) -> Result<(), Fault> {
    let writer = connect(path)?;
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    let checkpointer = connect(path)?;
    let (running, ended) = std::sync::mpsc::channel::<()>();
    let of_writer = Arc::clone(&shared);
    threads.spawn("sqlite-writer", move || {
        write_loop(&writer, &of_writer, write, &committed, &wal);
        drop(running);
    })?;
    threads.spawn("sqlite-checkpoint", move || {
        while ended.recv_timeout(CHECKPOINT_EVERY) == Err(RecvTimeoutError::Timeout) {
            // Passive: never waits for a reader or the writer; the next round does the rest.
            let _ = checkpointer.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
        }
    })?;
    let first = reader(path, false)?;
    start_readers(threads, path, &shared, read, (first, false))
}

/// The same for whoever only reads; changes nothing in the database.
pub(crate) fn start_to_read(
    threads: &Threads,
    path: &Path,
    shared: &Arc<Shared>,
    read: Queue,
) -> Result<(), Fault> {
    if !path.exists() {
        return Err(Fault::new(format!("there is no database yet: {}", path.display())));
    }
    let first = match reader(path, false) {
        Ok(conn) => (conn, false),
        // The first error tells more than that of the second way.
        Err(fault) => (reader(path, true).map_err(|_| fault)?, true),
    };
    start_readers(threads, path, shared, read, first)
}

fn start_readers(
    threads: &Threads,
    path: &Path,
    shared: &Arc<Shared>,
    read: Queue,
    (first, alone): (Connection, bool),
) -> Result<(), Fault> {
    let read = Arc::new(Mutex::new(read));
    let others = (1..READERS).map(|_| reader(path, alone));
    for (n, conn) in std::iter::once(Ok(first)).chain(others).enumerate() {
        let (conn, read, shared) = (conn?, Arc::clone(&read), Arc::clone(shared));
        threads.spawn(&format!("sqlite-reader-{n}"), move || read_loop(&conn, &shared, &read))?;
    }
    Ok(())
}

fn read_loop(conn: &Connection, shared: &Shared, queue: &Mutex<Queue>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut work) = next else { return };
        let outcome = match conn.execute_batch("begin deferred") {
            Err(error) => Err(lite_error("begin", &error)),
            Ok(()) => {
                let (_, outcome) = work.run(Conn::Sqlite(conn), shared);
                let _ = conn.execute_batch("rollback");
                not_announcing(&outcome)
            }
        };
        work.reply(outcome);
    }
}

fn write_loop(
    conn: &Connection,
    shared: &Shared,
    mut queue: Queue,
    committed: &Notify,
    wal: &Path,
) {
    let mut groups: u32 = 0;
    while let Some(first) = queue.blocking_recv() {
        let (group, outcome) = write_group(conn, shared, first, &mut queue);
        if outcome.is_err() && !conn.is_autocommit() {
            let _ = conn.execute_batch("rollback");
        }
        if outcome.is_ok() {
            committed.notify_one();
        }
        metrics::histogram!("tanggap_commit_group_size").record(group.len() as f64);
        for work in group {
            work.reply(outcome.clone());
        }
        groups = groups.wrapping_add(1);
        if groups.is_multiple_of(64) {
            let size = std::fs::metadata(wal).map_or(0, |m| m.len());
            metrics::gauge!("tanggap_wal_bytes").set(size as f64);
            if size > WAL_BYTES_MAX {
                // Where a reader still needs the log the writer goes on without waiting for it.
                let _ = conn.busy_timeout(Duration::ZERO);
                let _ = conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
                let _ = conn.busy_timeout(BUSY);
            }
        }
    }
}

/// Runs one group up to and including its commit.
fn write_group(
    conn: &Connection,
    shared: &Shared,
    first: Box<dyn Work>,
    queue: &mut Queue,
) -> (Vec<Box<dyn Work>>, Result<(), Fault>) {
    let mut group = vec![first];
    if let Err(error) = conn.execute_batch("begin immediate") {
        return (group, Err(lite_error("begin", &error)));
    }
    let (mut announced, mut apart, mut at) = (Vec::new(), false, 0);
    loop {
        match run_one(conn, shared, group[at].as_mut(), &mut announced, apart) {
            Ok(Ran::Whole) => at += 1,
            Ok(Ran::Spoiled) => {
                announced.clear();
                (apart, at) = (true, 0);
                // What the group saw of its own changes never became true.
                shared.kept.forget();
                if let Err(fault) = begin_again(conn) {
                    return (group, Err(fault));
                }
            }
            Err(fault) => {
                shared.kept.forget();
                return (group, Err(fault));
            }
        }
        if at < group.len() {
            continue;
        }
        if at == GROUP_MAX {
            break;
        }
        match queue.try_recv() {
            Ok(next) => group.push(next),
            Err(_) => break,
        }
    }
    let settings = announced.iter().any(|event| Kept::is_made_of(event.subject_kind()));
    let outcome = seal(conn, shared, announced)
        .and_then(|()| conn.execute_batch("commit").map_err(|e| lite_error("commit", &e)));
    if settings {
        shared.kept.forget();
    }
    (group, outcome)
}

/// What a closure left behind.
enum Ran {
    /// All that it was to change, or nothing.
    Whole,
    /// Some of the changes of a closure that failed.
    Spoiled,
}

fn begin_again(conn: &Connection) -> Result<(), Fault> {
    conn.execute_batch("rollback; begin immediate").map_err(|e| lite_error("begin", &e))
}

/// Runs one closure, where `apart` inside a savepoint of its own. Fails where the engine rolled
/// back the whole group.
fn run_one(
    conn: &Connection,
    shared: &Shared,
    work: &mut dyn Work,
    announced: &mut Vec<Pending>,
    apart: bool,
) -> Result<Ran, Fault> {
    let sql = |text: &str| conn.execute_batch(text).map_err(|e| lite_error("savepoint", &e));
    if apart {
        sql("savepoint one")?;
    }
    let before = conn.total_changes();
    let (_, outcome) = work.run(Conn::Sqlite(conn), shared);
    if conn.is_autocommit() {
        let kind = match outcome {
            Err(Some(kind)) => kind,
            _ => FaultKind::Broken,
        };
        return Err(Fault::new("the engine rolled back the group").of(kind));
    }
    match outcome {
        Ok(events) => {
            for (id, at, event) in events {
                announced.push(Pending::new(id, at, event)?);
            }
            if apart {
                sql("release one")?;
            }
        }
        Err(_) if apart => sql("rollback to one; release one")?,
        // Whoever is refused has seldom changed anything yet.
        Err(None) if conn.total_changes() == before => {}
        Err(_) => return Ok(Ran::Spoiled),
    }
    Ok(Ran::Whole)
}

fn seal(conn: &Connection, shared: &Shared, announced: Vec<Pending>) -> Result<(), Fault> {
    if announced.is_empty() {
        return Ok(());
    }
    let now = tanggap_kernel::Timestamp::default();
    let mut tx = Tx::new(Conn::Sqlite(conn), now, shared, Handed::default());
    events::insert_sealed(&mut tx, announced)
}
