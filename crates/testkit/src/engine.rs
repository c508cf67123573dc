//! A database of its own for each test: an SQLite file in a folder that goes away, or a schema of
//! the test run's PostgreSQL.

use tanggap_kernel::{Clock, Timestamp};
use tanggap_store::{Db, Engine};
use tempfile::TempDir;

/// Wednesday 14 October 2026, 09.00 WIB: where the clock of a test stands at first.
pub const START: Timestamp = Timestamp::from_micros(1_791_943_200_000_000);

/// An empty, migrated database.
pub struct TestDb {
    /// The database.
    pub db: Db,
    /// The clock it runs by; move it with [`Clock::set`].
    pub clock: Clock,
    /// Where to open it a second time.
    pub engine: Engine,
    /// A folder for files; goes away with the test.
    pub folder: TempDir,
}

impl TestDb {
    /// On SQLite.
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let engine = Engine::Sqlite(folder.path().join("tanggap.sqlite3"));
        Self::open(engine, folder).await
    }

    /// On PostgreSQL, where the test run has one.
    pub async fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("TANGGAP_TEST_POSTGRES") else {
            assert!(std::env::var("CI").is_err(), "CI needs TANGGAP_TEST_POSTGRES");
            println!("skipped: TANGGAP_TEST_POSTGRES is not set");
            return None;
        };
        let folder = TempDir::new().expect("a folder");
        let name = folder.path().file_name().expect("a name").to_string_lossy().to_lowercase();
        let schema = format!("t{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
        let root = Db::open_bare(&url, &format!("create schema \"{schema}\"")).await;
        root.expect("a schema of its own");
        let engine = Engine::Postgres(format!("{url}?options=-csearch_path%3D{schema}"));
        Some(Self::open(engine, folder).await)
    }

    async fn open(engine: Engine, folder: TempDir) -> Self {
        let clock = Clock::fixed(START);
        let db = Db::open(engine.clone(), clock.clone(), true).await.expect("an open database");
        Self { db, clock, engine, folder }
    }
}
