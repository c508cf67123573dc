//! The door to the database: `read` and `write` take a closure, run it on a thread that owns its
//! connection, and answer when it is done; for `write`, when it is on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Clock, Error, Fault, Result, Timestamp};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, oneshot};

use crate::events::Announced;
use crate::kept::Shared;
use crate::relay::Node;
use crate::threads::Threads;
use crate::tx::{Announcement, Conn, Handed, Tx};
use crate::{migrate, pg, relay, sqlite};

/// How many closures may wait before callers have to.
const QUEUE_MAX: usize = 4096;
/// How many announcements a slow subscriber may lag behind before it has to look for itself.
const ANNOUNCED_MAX: usize = 8192;
/// Transactions of what nobody waits for that are in the queues at a time ([`Db::behind`]).
const BEHIND_MAX: usize = 4;
/// How long dropping the last handle waits for what is under way.
const DROP_WAIT: Duration = Duration::from_secs(5);
/// How long closing waits for what is under way.
const CLOSE_WAIT: Duration = Duration::from_secs(30);

/// Where the rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// An SQLite file; the embedded default.
    Sqlite(PathBuf),
    /// A PostgreSQL 15+ database, by its URL.
    Postgres(String),
}

impl Engine {
    /// Reads `postgres://…`, `sqlite:PATH` or a plain path.
    #[must_use]
    pub fn parse(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::Postgres(url.to_owned())
        } else {
            Self::Sqlite(PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(url)))
        }
    }
}

/// A closure on its way to a connection.
pub(crate) trait Work: Send {
    /// Runs it once; gives the connection back with the events it announced, or with the kind of
    /// fault that made it fail (`None` where it was a refusal).
    fn run<'c>(
        &mut self,
        conn: Conn<'c>,
        shared: &'c Shared,
    ) -> (Conn<'c>, Result<Vec<Announcement>, Option<FaultKind>>);

    /// When it began.
    fn now(&self) -> Timestamp;

    /// Whether it is content with a view of its own for each statement.
    fn is_single(&self) -> bool;

    /// Tells the caller, once its fate is certain: with a fault where the commit failed.
    fn reply(self: Box<Self>, commit: Result<(), Fault>);
}

/// What is announced in a read-only transaction would be lost: that is a mistake of the caller.
pub(crate) fn not_announcing(
    outcome: &Result<Vec<Announcement>, Option<FaultKind>>,
) -> Result<(), Fault> {
    match outcome {
        Ok(events) if !events.is_empty() => Err(Fault::new("a read announced a change")),
        _ => Ok(()),
    }
}

struct Call<F, T> {
    run: F,
    now: Timestamp,
    single: bool,
    handed: Handed,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<F, T> Work for Call<F, T>
where
    F: FnMut(&mut Tx<'_>) -> Result<T> + Send,
    T: Send,
{
    fn run<'c>(
        &mut self,
        conn: Conn<'c>,
        shared: &'c Shared,
    ) -> (Conn<'c>, Result<Vec<Announcement>, Option<FaultKind>>) {
        let mut tx = Tx::new(conn, self.now, shared, std::mem::take(&mut self.handed));
        let run = &mut self.run;
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&mut tx)));
        let result =
            caught.unwrap_or_else(|_| Err(Fault::new("a use case panicked; rolled back").into()));
        let result = result.and_then(|done| Ok(tx.settle().map(|()| done)?));
        self.handed = tx.handed;
        // A statement that failed leaves nothing to commit, even where the use case went on.
        let result = match (result, tx.failed) {
            (Ok(_), Some(kind)) => {
                Err(Fault::new("a failed statement was passed over").of(kind).into())
            }
            (result, _) => result,
        };
        let outcome = match &result {
            Ok(_) => Ok(tx.events),
            Err(Error::Fault(fault)) => Err(Some(fault.kind)),
            Err(Error::Refused(_)) => Err(None),
        };
        self.result = Some(result);
        (tx.conn, outcome)
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn is_single(&self) -> bool {
        self.single
    }

    fn reply(self: Box<Self>, commit: Result<(), Fault>) {
        let result = match (commit, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Fault::new("answered before it ran").into()),
            // A refusal is as true without the commit as with it.
            (Err(_), Some(Err(Error::Refused(refusal)))) => Err(refusal.into()),
            (Err(fault), _) => Err(fault.into()),
        };
        // The caller may have gone away; what was committed stays committed.
        let _ = self.reply.send(result);
    }
}

/// The database; cloned freely.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
    /// Whether whoever uses this handle lets others go first.
    behind: bool,
}

struct Inner {
    engine: Engine,
    clock: Clock,
    read: mpsc::Sender<Box<dyn Work>>,
    write: mpsc::Sender<Box<dyn Work>>,
    behind: Semaphore,
    announced: broadcast::Sender<Announced>,
    committed: Arc<Notify>,
    shared: Arc<Shared>,
    node: Node,
    threads: Threads,
}

impl Drop for Inner {
    /// Gives the node's number back and lets what was begun end: the process may end next.
    fn drop(&mut self) {
        let now = self.clock.now().max(self.shared.ids.newest_at());
        let node = self.node.clone();
        let (reply, _) = oneshot::channel();
        let run = move |tx: &mut Tx<'_>| Ok(relay::release(tx, &node)?);
        let call = Call { run, now, single: false, handed: Handed::default(), result: None, reply };
        // Where the queue is full the lease runs out by itself.
        let _ = self.write.try_send(Box::new(call));
        (self.write, _) = mpsc::channel(1);
        (self.read, _) = mpsc::channel(1);
        self.threads.wait(DROP_WAIT);
    }
}

impl Db {
    /// Opens the database, brings its schema up to date where `migrate`, and begins to relay
    /// what is announced. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// A fault where it cannot be reached or its schema is not the one this program knows.
    pub async fn open(engine: Engine, clock: Clock, migrate: bool) -> Result<Self> {
        let db = Self::start(engine, clock, Some(migrate)).await?;
        match relay::lease_node(&db).await {
            // The first write that finds room leases it.
            Err(Error::Fault(fault)) if fault.kind == FaultKind::Full => {
                tracing::warn!("no room on the disk: nothing can be written until there is");
            }
            leased => leased?,
        }
        relay::start(&db).await?;
        Ok(db)
    }

    /// Opens the database for [`Db::read`] only and changes nothing in it, so that it can be
    /// looked at when the disk is full. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// A fault where it cannot be reached, is not there, or its schema is not the one this
    /// program knows.
    pub async fn open_to_read(engine: Engine, clock: Clock) -> Result<Self> {
        let db = Self::start(engine, clock, None).await?;
        db.read(|tx| Ok(migrate::refuse_unless_current(tx)?)).await?;
        Ok(db)
    }

    /// Starts the engine: to write, with or without migrating, or only to read.
    async fn start(engine: Engine, clock: Clock, write: Option<bool>) -> Result<Self> {
        let shared = Arc::new(Shared::new());
        let committed = Arc::new(Notify::new());
        let (announced, _) = broadcast::channel(ANNOUNCED_MAX);
        let (write_to, write_queue) = mpsc::channel(QUEUE_MAX);
        let (read, read_queue) = mpsc::channel(QUEUE_MAX);
        let (notify, threads) = (Arc::clone(&committed), Threads::default());
        let given = (Arc::clone(&shared), engine.clone(), clock.clone(), threads.clone());
        tokio::task::spawn_blocking(move || {
            let (shared, engine, clock, threads) = given;
            match (&engine, write) {
                (Engine::Sqlite(path), Some(migrate)) => {
                    migrate::sqlite(path, migrate, clock.now())?;
                    sqlite::start(&threads, path, shared, write_queue, read_queue, notify)
                }
                (Engine::Postgres(url), Some(migrate)) => {
                    migrate::postgres(url, migrate, clock.now())?;
                    pg::start(&threads, url, shared, write_queue, read_queue, notify)
                }
                (Engine::Sqlite(path), None) => {
                    sqlite::start_to_read(&threads, path, &shared, read_queue)
                }
                (Engine::Postgres(url), None) => {
                    pg::start_to_read(&threads, url, &shared, read_queue)
                }
            }
        })
        .await
        .map_err(|e| Fault::new(format!("opening the database: {e}")))??;
        let node = Node::new()?;
        let inner = Inner {
            engine,
            clock,
            read,
            write: write_to,
            behind: Semaphore::new(BEHIND_MAX),
            announced,
            committed,
            shared,
            node,
            threads,
        };
        Ok(Self { inner: Arc::new(inner), behind: false })
    }

    /// Closes this handle and waits until the engine has ended: everything begun is committed or
    /// refused, the node's number is given back, and on SQLite the log is folded into the file.
    /// Other handles keep it open; then it waits for them, at most 30 s.
    ///
    /// # Errors
    /// A fault where it was not over in time.
    pub async fn close(self) -> Result<()> {
        let threads = self.inner.threads.clone();
        let ended = tokio::task::spawn_blocking(move || {
            drop(self);
            threads.wait(CLOSE_WAIT)
        });
        match ended.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::new("the database is still in use").into()),
            Err(e) => Err(Fault::new(format!("closing the database: {e}")).into()),
        }
    }

    /// Runs one statement on a PostgreSQL server without looking at its schema: making a database
    /// or a schema to open afterwards.
    ///
    /// # Errors
    /// A fault where the server cannot be reached or refuses it.
    pub async fn open_bare(url: &str, statement: &str) -> Result<()> {
        let (url, statement) = (url.to_owned(), statement.to_owned());
        tokio::task::spawn_blocking(move || pg::run_bare(&url, &statement))
            .await
            .map_err(|e| Fault::new(format!("opening the database: {e}")))??;
        Ok(())
    }

    /// The engine in use.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The clock by which use cases run.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// A handle for what nobody waits for: of all such handles only a few transactions are in the
    /// queues at a time, so that whoever waits for an answer is not behind a heap of them.
    #[must_use]
    pub fn behind(&self) -> Self {
        Self { behind: true, ..self.clone() }
    }

    /// Runs `run` in a read-only transaction with a consistent view.
    ///
    /// # Errors
    /// What `run` refused, or a fault.
    pub async fn read<T, F>(&self, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.call(&self.inner.read, false, run).await
    }

    /// Runs `run`, which reads by one statement as a rule: it has no consistent view of several,
    /// and costs less.
    ///
    /// # Errors
    /// What `run` refused, or a fault.
    pub async fn read_one<T, F>(&self, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.call(&self.inner.read, true, run).await
    }

    /// Runs `run` in a transaction and answers when its commit is on disk. `run` may be run again
    /// after a serialization failure: it must change nothing but the transaction.
    ///
    /// # Errors
    /// What `run` refused, or a fault; either way nothing was changed.
    pub async fn write<T, F>(&self, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        if !self.inner.node.is_leased() {
            relay::lease_node(self).await?;
        }
        self.write_unnumbered(run).await
    }

    /// The same for a node that has no number yet; makes no ids.
    pub(crate) async fn write_unnumbered<T, F>(&self, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.call(&self.inner.write, false, run).await
    }

    async fn call<T, F>(
        &self,
        queue: &mpsc::Sender<Box<dyn Work>>,
        single: bool,
        run: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let gone = || Fault::new("the database is closed").of(FaultKind::Unavailable);
        let _turn = match self.behind {
            true => Some(self.inner.behind.acquire().await.map_err(|_| gone())?),
            false => None,
        };
        let (reply, answer) = oneshot::channel();
        let now = self.now();
        let call = Call { run, now, single, handed: Handed::default(), result: None, reply };
        let full = || Fault::new("the database is overloaded").of(FaultKind::Unavailable);
        tokio::time::timeout(Duration::from_secs(10), queue.send(Box::new(call)))
            .await
            .map_err(|_| full())?
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Hears of every event once it is sealed. A subscriber that lags is told so and reads the
    /// rows itself: losing messages loses time, never work.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Announced> {
        self.inner.announced.subscribe()
    }

    pub(crate) fn announced(&self) -> &broadcast::Sender<Announced> {
        &self.inner.announced
    }

    pub(crate) fn committed(&self) -> &Arc<Notify> {
        &self.inner.committed
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    pub(crate) fn node(&self) -> &Node {
        &self.inner.node
    }

    pub(crate) fn downgrade(&self) -> Weak {
        Weak(Arc::downgrade(&self.inner))
    }
}

/// A handle that does not keep the database open.
pub(crate) struct Weak(std::sync::Weak<Inner>);

impl Weak {
    pub(crate) fn upgrade(&self) -> Option<Db> {
        self.0.upgrade().map(|inner| Db { inner, behind: false })
    }
}
