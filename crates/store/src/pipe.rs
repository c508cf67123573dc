//! A connection to PostgreSQL on which statements travel together.
//!
//! A turn to the server and back costs both processes more than a short statement does. So what
//! nobody waits for (the beginning of a transaction, rows that are put down) stays here and goes
//! with the next question or with the commit, in the order in which it was said. Rows that are put
//! into different tables one after the other go as one statement, since the server answers each
//! statement by itself.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use futures_util::TryStreamExt;
use futures_util::future::{MaybeDone, maybe_done};
use tanggap_kernel::{Fault, Result, Timestamp, Value};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::kept::Shared;
use crate::sql::Sql;
use crate::tls::Target;
use crate::tx::{Conn, Handed, Pg, Tx, pg_fault};

/// How many statements may wait before they are sent by themselves.
const WAITING_MAX: usize = 256;
/// How many inserts become one statement, and how many such statements a connection keeps: the
/// server holds a plan of each, of some hundred kilobytes.
const TOGETHER_MAX: usize = 16;
const KEPT_TOGETHER_MAX: usize = 64;
/// A node that stops in the middle of a transaction must not hold its row locks (the sealer's
/// lease is one) for hours. A statement is prepared once, plan and all: planning costs more than
/// most of ours, and left to itself the server plans each with a `limit $n` anew for each value.
/// Such a plan must not be of the day when the tables were empty: reading all of a table that was
/// tiny then is ruinous a thousand events later, and only the next `analyze` would mend it. So
/// indexes are taken wherever there is one, as the test of all plans does. Nothing here runs long
/// enough to be worth a compiler or a second process.
const SESSION: &str = "set idle_in_transaction_session_timeout = '60s';
    set client_min_messages = warning;
    set plan_cache_mode = force_generic_plan;
    set enable_seqscan = off;
    set jit = off;
    set max_parallel_workers_per_gather = 0";
/// Before a statement that wants a plan of its own.
const OWN_PLANS: &str = "set local plan_cache_mode = auto";
const BEGIN: &str = "begin";
/// A reading transaction has one view of all rows, and changes nothing.
const READING: &str = "set default_transaction_isolation = 'repeatable read';
    set default_transaction_read_only = on";

/// One connection that comes back when it was lost.
pub(crate) struct Link {
    target: Target,
    reads: bool,
    open: Option<Open>,
}

struct Open {
    client: Client,
    /// Prepared statements, by the address of their source and the rows that they put down.
    prepared: HashMap<(usize, usize), Statement>,
    /// The same of several inserts that go as one.
    together: HashMap<Vec<(usize, usize)>, Statement>,
    /// Drives the connection while somebody waits for an answer.
    runtime: Runtime,
}

impl Link {
    pub(crate) fn new(target: &Target) -> Self {
        Self { target: target.clone(), reads: false, open: None }
    }

    /// One that only reads, each transaction in one view of all rows.
    pub(crate) fn reading(target: &Target) -> Self {
        Self { reads: true, ..Self::new(target) }
    }

    fn open(&mut self) -> Result<&mut Open, Fault> {
        if self.open.as_ref().is_none_or(|open| open.client.is_closed()) {
            self.open = None;
            self.open = Some(Open::new(&self.target, self.reads)?);
        }
        Ok(self.open.as_mut().expect("invariant: opened just above"))
    }

    /// Begins a transaction.
    pub(crate) fn begin(&mut self) -> Result<Pipe<'_>, Fault> {
        Ok(Pipe::new(self.open()?, true))
    }

    /// Lets each statement be a transaction of its own.
    pub(crate) fn without_transaction(&mut self) -> Result<Pipe<'_>, Fault> {
        Ok(Pipe::new(self.open()?, false))
    }

    /// Runs `run` in one transaction and commits it.
    pub(crate) fn once<T>(
        &mut self,
        shared: &Shared,
        now: Timestamp,
        run: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut tx = Tx::new(Conn::Postgres(self.begin()?), now, shared, Handed::default());
        let value = run(&mut tx);
        let Conn::Postgres(pipe) = tx.conn else { unreachable!("the connection given above") };
        match value {
            Ok(value) => pipe.commit().map(|()| value),
            Err(fault) => {
                pipe.abandon();
                Err(fault)
            }
        }
    }

    /// Runs a text outside a transaction.
    pub(crate) fn bare(&mut self, text: &str) -> Result<(), Fault> {
        let Open { client, runtime, .. } = self.open()?;
        runtime.block_on(client.batch_execute(text)).map_err(|e| pg_fault("statement", &e))
    }
}

impl Open {
    fn new(target: &Target, reads: bool) -> Result<Self, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Fault::new(format!("runtime: {e}")))?;
        let client = runtime.block_on(async {
            let client = target.connect().await?;
            for text in [SESSION].into_iter().chain(reads.then_some(READING)) {
                client.batch_execute(text).await.map_err(|e| pg_fault("connect", &e))?;
            }
            Ok::<_, Fault>(client)
        })?;
        Ok(Self { client, prepared: HashMap::new(), together: HashMap::new(), runtime })
    }

    fn prepare(&mut self, sql: &'static Sql) -> Result<Statement, Fault> {
        self.prepare_put(&Put { sql, rows: 1, params: 0 })
    }

    fn prepare_put(&mut self, put: &Put) -> Result<Statement, Fault> {
        if let Some(statement) = self.prepared.get(&put.key()) {
            return Ok(statement.clone());
        }
        let statement = self.prepare_text(&[*put])?;
        self.prepared.insert(put.key(), statement.clone());
        Ok(statement)
    }

    fn prepare_puts(&mut self, puts: &[Put]) -> Result<Statement, Fault> {
        if let [put] = puts {
            return self.prepare_put(put);
        }
        let key: Vec<_> = puts.iter().map(Put::key).collect();
        if let Some(statement) = self.together.get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.prepare_text(puts)?;
        if self.together.len() == KEPT_TOGETHER_MAX {
            self.together.clear();
        }
        self.together.insert(key, statement.clone());
        Ok(statement)
    }

    fn prepare_text(&self, puts: &[Put]) -> Result<Statement, Fault> {
        let name = name(puts);
        let parts: Vec<_> = puts.iter().map(|put| (put.sql, put.rows, put.params)).collect();
        let text = Sql::together(&parts)
            .ok_or_else(|| Fault::new(format!("{name}: puts down no rows at once")))?;
        self.runtime.block_on(self.client.prepare(&text)).map_err(|e| pg_fault(name, &e))
    }
}

/// Rows put down by one statement of the program.
#[derive(Clone, Copy)]
struct Put {
    sql: &'static Sql,
    rows: usize,
    /// How many values they take.
    params: usize,
}

impl Put {
    fn key(&self) -> (usize, usize) {
        (std::ptr::from_ref(self.sql).addr(), self.rows)
    }
}

/// What a fault of these is called; the server says in which table it was.
fn name(puts: &[Put]) -> &'static str {
    match puts {
        [put] => put.sql.name,
        _ => "rows put down together",
    }
}

enum Waiting {
    Text(&'static str),
    /// Inserts into different tables, or one other statement; the values of all of them.
    Rows(Vec<Put>, Vec<Value<'static>>),
    /// Asked ahead: its answer is wanted later.
    Ahead(&'static Sql, Statement, Vec<Value<'static>>),
}

/// What is asked at the end of a turn.
enum Question<'q> {
    Count(&'static Sql, Statement, &'q [Value<'q>]),
    Rows(&'static Sql, Statement, &'q [Value<'q>]),
    /// A query without a place in the program's statements.
    Other(&'q str, &'q [Value<'q>]),
    Text(&'q str),
}

enum Answer {
    Nothing,
    Count(u64),
    Rows(Vec<Row>),
}

type Answered = Result<Answer, (&'static str, Error)>;
type Turn<'t> = Pin<Box<dyn Future<Output = Answered> + 't>>;

/// A transaction, and what of it was not sent yet.
pub(crate) struct Pipe<'c> {
    open: &'c mut Open,
    waiting: Vec<Waiting>,
    /// Answers to what was asked ahead.
    ready: Vec<(&'static Sql, Vec<Value<'static>>, Vec<Row>)>,
    /// Whether there is a transaction to be ended.
    begun: bool,
    own_plans: bool,
}

impl<'c> Pipe<'c> {
    fn new(open: &'c mut Open, transaction: bool) -> Self {
        let waiting = transaction.then_some(Waiting::Text(BEGIN)).into_iter().collect();
        Self { open, waiting, ready: Vec::new(), begun: false, own_plans: false }
    }

    /// Says a query whose answer will be wanted soon; once is enough.
    pub(crate) fn ahead(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<(), Fault> {
        let same = |of: &Sql, with: &[Value<'_>]| std::ptr::eq(of, sql) && with == params;
        let said = self
            .waiting
            .iter()
            .any(|said| matches!(said, Waiting::Ahead(of, _, with) if same(of, with)));
        if said || self.ready.iter().any(|(of, with, _)| same(of, with)) {
            return Ok(());
        }
        let statement = self.prepare(sql)?;
        let params = params.iter().map(|value| value.clone().into_owned()).collect();
        self.waiting.push(Waiting::Ahead(sql, statement, params));
        Ok(())
    }

    /// After a change what was asked before it may be untrue.
    fn forget_ahead(&mut self) {
        self.ready.clear();
        self.waiting.retain(|said| !matches!(said, Waiting::Ahead(..)));
    }

    /// Says a statement whose count nobody needs; where it fails, the next turn does.
    pub(crate) fn put(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<(), Fault> {
        self.put_rows(sql, 1, params)
    }

    /// The same with several rows, whose values are in `params` one after the other.
    pub(crate) fn put_rows(
        &mut self,
        sql: &'static Sql,
        rows: usize,
        params: &[Value<'_>],
    ) -> Result<(), Fault> {
        self.forget_ahead();
        let put = Put { sql, rows, params: params.len() };
        let params = params.iter().map(|value| value.clone().into_owned());
        match self.waiting.last_mut() {
            Some(Waiting::Rows(puts, values)) if takes(puts, sql) => {
                puts.push(put);
                values.extend(params);
            }
            _ => self.waiting.push(Waiting::Rows(vec![put], params.collect())),
        }
        if self.waiting.len() >= WAITING_MAX { self.turn(None).map(drop) } else { Ok(()) }
    }

    pub(crate) fn exec(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.forget_ahead();
        let statement = self.prepare(sql)?;
        match self.turn(Some(Question::Count(sql, statement, params)))? {
            Answer::Count(count) => Ok(count),
            _ => Err(Fault::new("a count was asked for")),
        }
    }

    pub(crate) fn query(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
    ) -> Result<Vec<Row>, Fault> {
        let same = |of: &Sql, with: &[Value<'_>]| std::ptr::eq(of, sql) && with == params;
        if let Some(at) = self.ready.iter().position(|(of, with, _)| same(of, with)) {
            return Ok(self.ready.swap_remove(at).2);
        }
        self.waiting.retain(|said| !matches!(said, Waiting::Ahead(of, _, with) if same(of, with)));
        let statement = self.prepare(sql)?;
        self.rows(Question::Rows(sql, statement, params))
    }

    pub(crate) fn ad_hoc(&mut self, text: &str, params: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        self.rows(Question::Other(text, params))
    }

    pub(crate) fn script(&mut self, text: &str) -> Result<(), Fault> {
        self.forget_ahead();
        self.turn(Some(Question::Text(text))).map(drop)
    }

    /// Commits. After a fault of the kind `Unavailable` nobody knows whether it did.
    pub(crate) fn commit(mut self) -> Result<(), Fault> {
        self.forget_ahead();
        if !self.begun && self.waiting.iter().all(|said| matches!(said, Waiting::Text(_))) {
            return Ok(());
        }
        // Where a statement before it fails, the server answers a commit by rolling back.
        let committed = self.turn(Some(Question::Text("commit"))).map(drop);
        if committed.is_err() {
            self.abandon();
        }
        committed
    }

    /// Ends the transaction without a change and without waiting for the server's word on it.
    pub(crate) fn abandon(self) {
        let Open { client, runtime, .. } = self.open;
        if !self.begun || client.is_closed() {
            return;
        }
        runtime.block_on(async {
            let mut rollback = Box::pin(client.batch_execute("rollback"));
            // The first poll hands it to the connection, which sends it when its turn comes.
            poll_fn(|cx| {
                let _ = rollback.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
            tokio::task::yield_now().await;
        });
    }

    fn prepare(&mut self, sql: &'static Sql) -> Result<Statement, Fault> {
        if sql.wants_own_plan() && !self.own_plans {
            self.waiting.push(Waiting::Text(OWN_PLANS));
            self.own_plans = true;
        }
        self.open.prepare(sql)
    }

    fn rows(&mut self, question: Question<'_>) -> Result<Vec<Row>, Fault> {
        match self.turn(Some(question))? {
            Answer::Rows(rows) => Ok(rows),
            _ => Err(Fault::new("rows were asked for")),
        }
    }

    /// Sends all that waits, then the question, and waits for all answers. The first fault counts:
    /// what follows it fails only because the transaction has.
    fn turn(&mut self, question: Option<Question<'_>>) -> Result<Answer, Fault> {
        let waiting = std::mem::take(&mut self.waiting);
        self.begun |= matches!(waiting.first(), Some(Waiting::Text(BEGIN)));
        let asked = question.is_some();
        let mut statements = Vec::with_capacity(waiting.len());
        for said in &waiting {
            statements.push(match said {
                Waiting::Rows(puts, _) => Some(self.open.prepare_puts(puts)?),
                Waiting::Text(_) | Waiting::Ahead(..) => None,
            });
        }
        let Open { client, runtime, .. } = &*self.open;
        let mut turns: Vec<MaybeDone<Turn<'_>>> = waiting
            .iter()
            .zip(&statements)
            .map(|(said, statement)| maybe_done(say(client, said, statement.as_ref())))
            .collect();
        turns.extend(question.map(|question| maybe_done(ask(client, question))));
        runtime.block_on(poll_fn(|cx| {
            // Polled in their order: the first poll of each sends it.
            let mut pending = false;
            for turn in &mut turns {
                pending |= Pin::new(turn).poll(cx).is_pending();
            }
            if pending { Poll::Pending } else { Poll::Ready(()) }
        }));
        let mut answers = Vec::with_capacity(turns.len());
        for turn in &mut turns {
            let outcome = Pin::new(turn).take_output().expect("invariant: all have ended");
            answers.push(outcome.map_err(|(name, error)| pg_fault(name, &error))?);
        }
        drop(turns);
        let answer = if asked { answers.pop() } else { None };
        for (said, answer) in waiting.into_iter().zip(answers) {
            if let (Waiting::Ahead(sql, _, params), Answer::Rows(rows)) = (said, answer) {
                self.ready.push((sql, params, rows));
            }
        }
        Ok(answer.unwrap_or(Answer::Nothing))
    }
}

/// Whether an insert may go with others: into a table into which none of them puts a row.
fn takes(puts: &[Put], sql: &Sql) -> bool {
    let Some(table) = sql.fills() else { return false };
    puts.len() < TOGETHER_MAX
        && puts.iter().all(|put| put.sql.fills().is_some_and(|filled| filled != table))
}

fn say<'t>(client: &'t Client, said: &'t Waiting, statement: Option<&'t Statement>) -> Turn<'t> {
    match said {
        Waiting::Text(text) => Box::pin(async move {
            client.batch_execute(text).await.map_err(|e| (*text, e))?;
            Ok(Answer::Nothing)
        }),
        Waiting::Rows(puts, params) => Box::pin(async move {
            let statement = statement.expect("invariant: prepared before the turn");
            let params = params.iter().map(Pg);
            client.execute_raw(statement, params).await.map_err(|e| (name(puts), e))?;
            Ok(Answer::Nothing)
        }),
        Waiting::Ahead(sql, statement, params) => Box::pin(rows(client, sql, statement, params)),
    }
}

async fn rows(
    client: &Client,
    sql: &'static Sql,
    statement: &Statement,
    params: &[Value<'_>],
) -> Answered {
    let rows = async {
        // A plan made without the values takes each optional condition for a strong filter,
        // fetches all rows and sorts them; one made for them walks an index.
        let rows = if sql.wants_own_plan() {
            let typed = params.iter().map(Pg).zip(statement.params().iter().cloned());
            client.query_typed_raw(sql.postgres, typed.collect::<Vec<_>>()).await?
        } else {
            client.query_raw(statement, params.iter().map(Pg)).await?
        };
        rows.try_collect().await
    };
    rows.await.map(Answer::Rows).map_err(|e| (sql.name, e))
}

fn ask<'t>(client: &'t Client, question: Question<'t>) -> Turn<'t> {
    Box::pin(async move {
        match question {
            Question::Count(sql, statement, params) => {
                let count = client.execute_raw(&statement, params.iter().map(Pg)).await;
                Ok(Answer::Count(count.map_err(|e| (sql.name, e))?))
            }
            Question::Rows(sql, statement, params) => rows(client, sql, &statement, params).await,
            Question::Other(text, params) => {
                let rows = async {
                    client.query_raw(text, params.iter().map(Pg)).await?.try_collect().await
                };
                Ok(Answer::Rows(rows.await.map_err(|e| ("ad hoc", e))?))
            }
            Question::Text(text) => {
                client.batch_execute(text).await.map_err(|e| ("script", e))?;
                Ok(Answer::Nothing)
            }
        }
    })
}
