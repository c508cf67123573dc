//! A transaction, and the rows that come out of it: the same calls on both engines.

use std::sync::Arc;

use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{AgencyId, Event, Fault, Result, Timestamp, Value};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};

use crate::kept::{Kept, Shared, Thing};
use crate::pipe::Pipe;
use crate::sql::Sql;
use crate::vouch::{self, Voucher};

/// Rows of one statement: each number of rows is prepared by itself, so there are not many.
const ROWS_AT_ONCE: usize = 8;

pub(crate) enum Conn<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(Pipe<'c>),
}

impl Conn<'_> {
    #[track_caller]
    fn exec(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<u64, Fault> {
        match self {
            Conn::Sqlite(conn) => {
                let mut statement =
                    conn.prepare_cached(sql.sqlite()).map_err(|e| lite_fault(sql, &e))?;
                let changed = statement
                    .execute(rusqlite::params_from_iter(params.iter().map(Lite)))
                    .map_err(|e| lite_fault(sql, &e))?;
                Ok(changed as u64)
            }
            Conn::Postgres(pipe) => pipe.exec(sql, params),
        }
    }

    #[track_caller]
    fn all<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
        mut map: impl FnMut(&mut Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut found = Vec::new();
        match self {
            Conn::Sqlite(conn) => {
                let mut statement =
                    conn.prepare_cached(sql.sqlite()).map_err(|e| lite_fault(sql, &e))?;
                let mut rows = statement
                    .query(rusqlite::params_from_iter(params.iter().map(Lite)))
                    .map_err(|e| lite_fault(sql, &e))?;
                while let Some(row) = rows.next().map_err(|e| lite_fault(sql, &e))? {
                    found.push(map(&mut Row { sql, kind: RowKind::Sqlite(row), column: 0 })?);
                }
            }
            Conn::Postgres(pipe) => {
                for row in pipe.query(sql, params)? {
                    found.push(map(&mut Row { sql, kind: RowKind::Postgres(&row), column: 0 })?);
                }
            }
        }
        Ok(found)
    }
}

/// Ids handed out to one use case, so that a second run gets the same ones.
#[derive(Default)]
pub(crate) struct Handed {
    ids: Vec<i64>,
    next: usize,
}

impl Handed {
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
    }
}

/// An event with its id and the moment at which it was announced.
pub(crate) type Announcement = (i64, Timestamp, Event);

/// An open transaction. It ends by itself: committed where the closure returned `Ok`, rolled back
/// otherwise.
pub struct Tx<'c> {
    pub(crate) conn: Conn<'c>,
    pub(crate) now: Timestamp,
    pub(crate) shared: &'c Shared,
    /// See [`Kept`](crate::kept::Kept): what was forgotten when it began.
    generation: u64,
    pub(crate) handed: Handed,
    pub(crate) events: Vec<Announcement>,
    /// What no event of it vouches for yet.
    vouchers: Vec<Voucher>,
    /// Set by the first statement that failed: from then on nothing more is run, since the engine
    /// may have ended the transaction (a full disk does on SQLite, any error on PostgreSQL).
    pub(crate) failed: Option<FaultKind>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(
        conn: Conn<'c>,
        now: Timestamp,
        shared: &'c Shared,
        mut handed: Handed,
    ) -> Self {
        handed.rewind();
        let generation = shared.kept.generation();
        Self {
            conn,
            now,
            shared,
            generation,
            handed,
            events: Vec::new(),
            vouchers: Vec::new(),
            failed: None,
        }
    }

    /// The moment at which the use case began; the same on a second run.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id; the same on a second run.
    pub fn id<T: From<i64>>(&mut self) -> T {
        if self.handed.next == self.handed.ids.len() {
            self.handed.ids.push(self.shared.ids.next(self.now));
        }
        self.handed.next += 1;
        self.handed.ids[self.handed.next - 1].into()
    }

    /// Announces a change: the event becomes durable with the change itself.
    pub fn announce(&mut self, mut event: Event) {
        let id = self.id();
        vouch::put_into(&mut event, &mut self.vouchers);
        if Kept::is_made_of(event.subject.kind) {
            self.shared.kept.forget();
        }
        self.events.push((id, self.now, event));
    }

    /// Lets the log vouch for a row of what somebody wrote: an event of this transaction holds a
    /// commitment to `columns`, and the row keeps the salt that is returned (see
    /// [`Vouched`](crate::vouch::Vouched)).
    ///
    /// # Errors
    /// A fault where the system has no random bytes to give.
    pub fn vouch(
        &mut self,
        agency: AgencyId,
        kind: &'static str,
        id: i64,
        columns: &[Value<'_>],
    ) -> Result<Vec<u8>, Fault> {
        let (voucher, salt) = Voucher::new(agency, kind, id, columns)?;
        self.vouchers.push(voucher);
        Ok(salt)
    }

    /// What is left to be done where the closure said yes: nothing is vouched for by nobody.
    pub(crate) fn settle(&mut self) -> Result<(), Fault> {
        vouch::settle(&mut self.events, std::mem::take(&mut self.vouchers))
    }

    /// What `load` makes of an agency's rows, kept for later transactions until a setting is
    /// changed. `what` names it and `which` tells several apart. In a transaction that has changed
    /// settings itself nothing is kept, and what was kept is not used.
    ///
    /// # Errors
    /// What `load` refuses.
    pub fn kept<T: Send + Sync + 'static>(
        &mut self,
        agency: AgencyId,
        what: &'static str,
        which: i64,
        load: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Arc<T>> {
        let key = (agency, what, which);
        let own = self.events.iter().any(|(.., event)| Kept::is_made_of(event.subject.kind));
        if !own
            && let Some(thing) = self.shared.kept.get(&key)
            && let Ok(thing) = thing.downcast()
        {
            return Ok(thing);
        }
        let thing = Arc::new(load(self)?);
        if !own {
            let kept: Thing = Arc::<T>::clone(&thing);
            self.shared.kept.keep(key, kept, self.generation);
        }
        Ok(thing)
    }

    /// Runs `run` as if it were `at`: for replaying a history (the demo, an import), never for
    /// everyday use cases. What is replayed must come in the order of time, since ids only grow:
    /// then they, the events and their chain look as if each step had been written at its hour.
    pub fn at<T>(&mut self, at: Timestamp, run: impl FnOnce(&mut Self) -> T) -> T {
        let now = std::mem::replace(&mut self.now, at);
        let result = run(self);
        self.now = now;
        result
    }

    /// Runs a statement that yields no rows; returns how many rows it changed.
    ///
    /// # Errors
    /// A fault of the engine.
    #[track_caller]
    pub fn exec(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.whole()?;
        let changed = self.conn.exec(sql, params);
        self.note(changed)
    }

    /// Runs a statement whose count nobody needs: rows put down. On PostgreSQL it travels with the
    /// next question or with the commit; where it fails, that does.
    ///
    /// # Errors
    /// A fault of the engine.
    #[track_caller]
    pub fn put(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<(), Fault> {
        self.whole()?;
        let put = match &mut self.conn {
            Conn::Postgres(pipe) => pipe.put(sql, params),
            sqlite @ Conn::Sqlite(_) => sqlite.exec(sql, params).map(drop),
        };
        self.note(put)
    }

    /// Puts down several rows by a statement for one (`insert … values (…)`); on PostgreSQL in one
    /// statement, so no two of them may be the same to an `on conflict … do update`.
    ///
    /// # Errors
    /// A fault of the engine.
    #[track_caller]
    pub fn put_all(&mut self, sql: &'static Sql, rows: &[Vec<Value<'_>>]) -> Result<(), Fault> {
        self.whole()?;
        let mut put = Ok(());
        for rows in rows.chunks(ROWS_AT_ONCE) {
            put = put.and_then(|()| match &mut self.conn {
                Conn::Postgres(pipe) => pipe.put_rows(sql, rows.len(), &rows.concat()),
                sqlite @ Conn::Sqlite(_) => {
                    rows.iter().try_for_each(|row| sqlite.exec(sql, row).map(drop))
                }
            });
        }
        self.note(put)
    }

    /// Says what will be asked soon with the same values: on PostgreSQL it travels with the next
    /// question, so that several cost one turn. A hint: without it all is the same but slower, and
    /// a change in between makes it be asked anew.
    ///
    /// # Errors
    /// A fault of the engine.
    #[track_caller]
    pub fn ahead(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<(), Fault> {
        self.whole()?;
        let said = match &mut self.conn {
            Conn::Postgres(pipe) => pipe.ahead(sql, params),
            Conn::Sqlite(_) => Ok(()),
        };
        self.note(said)
    }

    /// All rows of a query, each mapped by `map`. Bound the number of rows in the statement.
    ///
    /// # Errors
    /// A fault of the engine or of `map`.
    #[track_caller]
    pub fn all<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
        map: impl FnMut(&mut Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        self.whole()?;
        let found = self.conn.all(sql, params, map);
        self.note(found)
    }

    #[track_caller]
    fn whole(&self) -> Result<(), Fault> {
        match self.failed {
            Some(kind) => Err(Fault::new("the transaction has failed already").of(kind)),
            None => Ok(()),
        }
    }

    fn note<T>(&mut self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &outcome {
            self.failed = Some(fault.kind);
        }
        outcome
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// A fault of the engine or of `map`.
    #[track_caller]
    pub fn opt<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
        map: impl FnMut(&mut Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        Ok(self.all(sql, params, map)?.into_iter().next())
    }

    /// The first row of a query that always has one, such as a count.
    ///
    /// # Errors
    /// A fault of the engine or of `map`, or no row.
    #[track_caller]
    pub fn one<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
        map: impl FnMut(&mut Row<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.opt(sql, params, map)?.ok_or_else(|| Fault::new(format!("{}: no row", sql.name)))
    }

    /// Runs a text that is no registered statement: schema, introspection, bulk work of the
    /// operator's commands. Not for use cases.
    ///
    /// # Errors
    /// A fault of the engine.
    #[track_caller]
    pub fn script(&mut self, text: &str) -> Result<(), Fault> {
        self.whole()?;
        let done = match &mut self.conn {
            Conn::Sqlite(conn) => conn.execute_batch(text).map_err(|e| lite_error("script", &e)),
            Conn::Postgres(pipe) => pipe.script(text),
        };
        self.note(done)
    }

    /// Runs a query that is no registered statement (see [`Tx::script`]); `text` is in the
    /// engine's own dialect with `$1..$n`.
    ///
    /// # Errors
    /// A fault of the engine or of `map`.
    #[track_caller]
    pub fn ad_hoc<T>(
        &mut self,
        text: &str,
        params: &[Value<'_>],
        mut map: impl FnMut(&mut Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        static AD_HOC: Sql = Sql::new("ad hoc", "", None, None);
        let sql = &AD_HOC;
        let mut found = Vec::new();
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                let mut statement =
                    conn.prepare(&text.replace('$', "?")).map_err(|e| lite_error("ad hoc", &e))?;
                let mut rows = statement
                    .query(rusqlite::params_from_iter(params.iter().map(Lite)))
                    .map_err(|e| lite_error("ad hoc", &e))?;
                while let Some(row) = rows.next().map_err(|e| lite_error("ad hoc", &e))? {
                    found.push(map(&mut Row { sql, kind: RowKind::Sqlite(row), column: 0 })?);
                }
            }
            Conn::Postgres(pipe) => {
                for row in pipe.ad_hoc(text, params)? {
                    found.push(map(&mut Row { sql, kind: RowKind::Postgres(&row), column: 0 })?);
                }
            }
        }
        Ok(found)
    }
}

/// A row; columns are read from left to right.
pub struct Row<'r> {
    sql: &'static Sql,
    kind: RowKind<'r>,
    column: usize,
}

enum RowKind<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

macro_rules! column {
    ($($(#[$doc:meta])* $name:ident -> $type:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// A fault where the column is missing or of another type.
        #[track_caller]
        pub fn $name(&mut self) -> Result<$type, Fault> {
            self.column += 1;
            match &self.kind {
                RowKind::Sqlite(row) => {
                    row.get(self.column - 1).map_err(|e| lite_fault(self.sql, &e))
                }
                RowKind::Postgres(row) => {
                    row.try_get(self.column - 1).map_err(|e| pg_fault(self.sql.name, &e))
                }
            }
        }
    )*};
}

impl Row<'_> {
    column! {
        /// The next column, TEXT.
        text -> String;
        /// The next column, TEXT or null.
        opt_text -> Option<String>;
        /// The next column, BOOLEAN.
        bool -> bool;
        /// The next column, DOUBLE PRECISION.
        real -> f64;
        /// The next column, DOUBLE PRECISION or null.
        opt_real -> Option<f64>;
        /// The next column, BYTEA.
        bytes -> Vec<u8>;
        /// The next column, BYTEA or null.
        opt_bytes -> Option<Vec<u8>>;
    }

    /// The next column, BIGINT, as a number, an id or an instant.
    ///
    /// # Errors
    /// A fault where the column is missing, null or of another type.
    #[track_caller]
    pub fn int<T: From<i64>>(&mut self) -> Result<T, Fault> {
        let name = self.sql.name;
        self.opt_int()?.ok_or_else(|| Fault::new(format!("{name}: null")))
    }

    /// The next column, BIGINT or null.
    ///
    /// # Errors
    /// A fault where the column is missing or of another type.
    #[track_caller]
    pub fn opt_int<T: From<i64>>(&mut self) -> Result<Option<T>, Fault> {
        self.column += 1;
        let column = self.column - 1;
        let value: Option<i64> = match &self.kind {
            RowKind::Sqlite(row) => row.get(column).map_err(|e| lite_fault(self.sql, &e))?,
            RowKind::Postgres(row) => {
                // Literals and some functions of PostgreSQL are INTEGER.
                if row.columns().get(column).is_some_and(|c| *c.type_() == Type::INT4) {
                    let small: Option<i32> =
                        row.try_get(column).map_err(|e| pg_fault(self.sql.name, &e))?;
                    small.map(i64::from)
                } else {
                    row.try_get(column).map_err(|e| pg_fault(self.sql.name, &e))?
                }
            }
        };
        Ok(value.map(T::from))
    }

    /// All columns that are left, whatever their types.
    ///
    /// # Errors
    /// A fault where one is of a type that the schema never uses.
    pub(crate) fn rest(&mut self) -> Result<Vec<Value<'static>>, Fault> {
        let columns = match &self.kind {
            RowKind::Sqlite(row) => row.as_ref().column_count(),
            RowKind::Postgres(row) => row.len(),
        };
        (self.column..columns).map(|_| self.any()).collect()
    }

    /// The next column, whatever its type: for tools that copy tables.
    ///
    /// # Errors
    /// A fault where the column is missing or of a type that the schema never uses.
    #[track_caller]
    pub fn any(&mut self) -> Result<Value<'static>, Fault> {
        match &self.kind {
            RowKind::Sqlite(row) => {
                use rusqlite::types::Value as Lite;
                self.column += 1;
                let value: Lite = row.get(self.column - 1).map_err(|e| lite_fault(self.sql, &e))?;
                Ok(match value {
                    Lite::Null => Value::Null,
                    Lite::Integer(v) => Value::Int(v),
                    Lite::Real(v) => Value::Real(v),
                    Lite::Text(v) => v.into(),
                    Lite::Blob(v) => v.into(),
                })
            }
            RowKind::Postgres(row) => match row.columns().get(self.column).map(|c| c.type_()) {
                Some(&Type::INT8 | &Type::INT4) => Ok(self.opt_int::<i64>()?.into()),
                Some(&Type::BOOL) => {
                    self.column += 1;
                    let value: Option<bool> =
                        row.try_get(self.column - 1).map_err(|e| pg_fault(self.sql.name, &e))?;
                    Ok(value.into())
                }
                Some(&Type::FLOAT8) => Ok(self.opt_real()?.into()),
                Some(&Type::BYTEA) => Ok(self.opt_bytes()?.into()),
                _ => Ok(self.opt_text()?.into()),
            },
        }
    }
}

struct Lite<'v>(&'v Value<'v>);

impl rusqlite::ToSql for Lite<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Real(v) => ValueRef::Real(*v),
            Value::Bool(v) => ValueRef::Integer(i64::from(*v)),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Bytes(v) => ValueRef::Blob(v),
        }))
    }
}

#[derive(Debug)]
pub(crate) struct Pg<'v>(pub &'v Value<'v>);

impl ToSql for Pg<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(v) if *ty == Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
            Value::Int(v) => v.to_sql(&Type::INT8, out),
            Value::Real(v) => v.to_sql(&Type::FLOAT8, out),
            Value::Bool(v) => v.to_sql(&Type::BOOL, out),
            // PostgreSQL's TEXT holds any character but this one.
            Value::Text(v) if v.contains('\0') => v.replace('\0', "\u{fffd}").to_sql(ty, out),
            Value::Text(v) => v.as_ref().to_sql(&Type::TEXT, out),
            Value::Bytes(v) => v.as_ref().to_sql(&Type::BYTEA, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

#[track_caller]
fn lite_fault(sql: &Sql, error: &rusqlite::Error) -> Fault {
    lite_error(sql.name, error)
}

#[track_caller]
pub(crate) fn lite_error(what: &str, error: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode;
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => FaultKind::Full,
        // No room for the log's index.
        Some(ErrorCode::SystemIoFailure) if is_about_room(error) => FaultKind::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => FaultKind::Retry,
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => FaultKind::Unavailable,
        _ => FaultKind::Broken,
    };
    Fault::new(format!("{what}: {error}")).of(kind)
}

fn is_about_room(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

#[track_caller]
pub(crate) fn pg_fault(what: &str, error: &tokio_postgres::Error) -> Fault {
    let state = error.code().map(tokio_postgres::error::SqlState::code);
    let peer = std::error::Error::source(error).filter(|source| is_io(*source));
    let kind = match state {
        Some("40001" | "40P01") => FaultKind::Retry,
        Some("53100") => FaultKind::Full,
        Some("57P01" | "57P02" | "57P03" | "53300") => FaultKind::Unavailable,
        None if error.is_closed() || peer.is_some() => FaultKind::Unavailable,
        _ => FaultKind::Broken,
    };
    let told = error.as_db_error().map(|e| e.message().to_owned());
    let more = peer.map(|e| format!(": {e}")).unwrap_or_default();
    let detail = told.unwrap_or_else(|| format!("{error}{more}"));
    Fault::new(format!("{what}: {detail}")).of(kind)
}

fn is_io(source: &(dyn std::error::Error + 'static)) -> bool {
    source.is::<std::io::Error>()
}
