//! Rows, events, jobs and files, on SQLite or PostgreSQL from one text of SQL.
//!
//! This is the only crate that knows the engines. A use case is a closure over a [`Tx`]; it runs
//! on a thread that owns its connection, never across an `await`, and may be run again after a
//! serialization failure, so it takes its input by reference and touches nothing outside the
//! transaction. [`Db::write`] answers only after the commit is on disk.
//!
//! **A write without an event does not exist**: [`Tx::announce`] puts the event into the same
//! commit, and the sealer gives it its place in the agency's hash chain.

pub mod audit;
pub mod blobs;
mod db;
mod events;
pub mod jobs;
mod kept;
mod migrate;
mod pg;
mod pipe;
mod planner;
mod relay;
mod sql;
mod sqlite;
mod threads;
mod tls;
mod tx;
pub mod vouch;

pub use db::{Db, Engine};
pub use events::{Announced, seal_batch};
pub use migrate::{Migration, tables};
pub use sql::Sql;
pub use tx::{Row, Tx};

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static Sql> {
    [events::STATEMENTS, audit::STATEMENTS, jobs::STATEMENTS, pg::STATEMENTS, relay::STATEMENTS]
        .into_iter()
        .flatten()
        .copied()
        .collect()
}
