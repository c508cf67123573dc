//! What waits and what failed for good: `doctor` tells it, and `/metrics` shows it.

use tanggap_kernel::{Fault, Timestamp, params};
use tanggap_store::{Tx, sql};

/// A job is late that should have begun so long ago.
const LATE: i64 = 10 * Timestamp::MINUTE;

sql! {
    JOBS = @scan("once whenever somebody asks how the node is") "select
        (select count(*) from jobs where dead_at is not null),
        (select count(*) from jobs where dead_at is null and run_at < $1)";
    MESSAGES = @scan("once whenever somebody asks how the node is") "select
        (select count(*) from outbound where state = 'failed'),
        (select count(*) from outbound where state = 'waiting')";
}

/// How many, of all agencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that failed for good.
    pub jobs_dead: i64,
    /// Jobs that should have begun ten minutes ago.
    pub jobs_late: i64,
    /// Messages that failed for good.
    pub messages_failed: i64,
    /// Messages that are to go out.
    pub messages_waiting: i64,
}

impl Backlog {
    /// What there is now.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn read(tx: &mut Tx<'_>) -> Result<Self, Fault> {
        let late = tx.now().plus(-LATE);
        let (jobs_dead, jobs_late) =
            tx.one(&JOBS, params![late], |row| Ok((row.int()?, row.int()?)))?;
        let (messages_failed, messages_waiting) =
            tx.one(&MESSAGES, params![], |row| Ok((row.int()?, row.int()?)))?;
        Ok(Self { jobs_dead, jobs_late, messages_failed, messages_waiting })
    }

    /// Puts it among the figures of this node.
    pub fn show(&self) {
        metrics::gauge!("tanggap_jobs_dead").set(self.jobs_dead as f64);
        metrics::gauge!("tanggap_jobs_late").set(self.jobs_late as f64);
        metrics::gauge!("tanggap_outbound_failed").set(self.messages_failed as f64);
        metrics::gauge!("tanggap_outbound_waiting").set(self.messages_waiting as f64);
    }
}
