//! Whether what was written is still there as it was written, and nothing else.
//!
//! A row that was changed or taken away is found where the event that vouches for it is read. One
//! that was slipped in has no event: it is found by counting, day by day.

use std::collections::{BTreeMap, HashMap};

use tanggap_kernel::{AgencyId, Fault, Result, Timestamp, id, params};

use crate::db::Db;
use crate::tx::Tx;
use crate::vouch::{self, Told, Vouched};

/// Rows that are asked for together.
const AT_ONCE: usize = 100;
/// Rows younger than this, in microseconds, are not counted: their events may still be on the way.
const YOUNG: i64 = Timestamp::MINUTE;
/// Later than the number of any event.
pub(super) const UNSEALED: i64 = i64::MAX;
const DAY: i64 = 24 * Timestamp::HOUR;

/// What was found of the rows of one agency so far.
pub(super) struct Rows {
    vouched: Vec<&'static Vouched>,
    agency: AgencyId,
    /// What was lawfully erased, by name, with the number of the event that tells it.
    pub erased: HashMap<String, i64>,
    /// Ids from here on are too young to be counted,
    pub until: i64,
    /// and from here on of a time to come, where no clock that is right makes any.
    ahead: i64,
    /// Rows that were looked at.
    pub seen: i64,
    /// The first row that an event vouches for: older ones are from before that.
    first: i64,
    /// How many rows of each kind, by day.
    counts: BTreeMap<(&'static str, i64), i64>,
    /// How many of each kind are of a time to come.
    counts_ahead: BTreeMap<&'static str, i64>,
}

impl Rows {
    pub(super) fn of(
        vouched: &[&'static Vouched],
        agency: AgencyId,
        now: Timestamp,
        erased: HashMap<String, i64>,
    ) -> Self {
        Self {
            vouched: vouched.to_vec(),
            agency,
            erased,
            until: id::floor_at(now.plus(-YOUNG)),
            ahead: id::floor_at(now.plus(Timestamp::DAY)),
            seen: 0,
            first: i64::MAX,
            counts: BTreeMap::new(),
            counts_ahead: BTreeMap::new(),
        }
    }

    /// Looks at the rows that events vouch for, each with the number of its event; returns the
    /// first that is not as it was written.
    pub(super) async fn check(
        &mut self,
        db: &Db,
        told: Vec<(i64, Told)>,
    ) -> Result<Option<(i64, &'static str, String)>> {
        let mut rows = Vec::with_capacity(told.len());
        for (seq, told) in told {
            // A kind that this program does not know yet, or no longer.
            let Some(of) = self.vouched.iter().find(|of| of.kind == told.kind) else { continue };
            self.first = self.first.min(told.id);
            // What was erased is not as it was written; what is left of it is vouched for anew.
            let erased = self.erased.get(&vouch::name(&told.kind, told.id));
            if erased.is_some_and(|at| seq < *at) {
                continue;
            }
            if told.id < self.until {
                *self.counts.entry((of.kind, day(told.id))).or_default() += 1;
            }
            if told.id >= self.ahead {
                *self.counts_ahead.entry(of.kind).or_default() += 1;
            }
            rows.push((seq, *of, told));
        }
        self.seen += rows.len() as i64;
        let agency = self.agency;
        let find = move |tx: &mut Tx<'_>| {
            for rows in rows.chunks(AT_ONCE) {
                for (_, of, told) in rows {
                    tx.ahead(of.row, params![agency, told.id])?;
                }
                for (seq, of, told) in rows {
                    if let Some(why) = wrong(tx, agency, of, told)? {
                        let row = format!("{} {}", of.kind, id::to_text(told.id));
                        return Ok(Some((*seq, why, row)));
                    }
                }
            }
            Ok(None)
        };
        db.read(find).await
    }

    /// Whether what is left of a row that was just shortened is vouched for by an event that is
    /// not sealed yet.
    pub(super) fn waits(&self) -> bool {
        self.erased.values().any(|seq| *seq == UNSEALED)
    }

    /// How many rows are from before the first that an event vouches for.
    pub(super) async fn older(&self, db: &Db) -> Result<i64> {
        let mut older = 0;
        for of in &self.vouched {
            older += self.count(db, of, i64::MIN, self.first.min(self.until)).await?;
        }
        Ok(older)
    }

    /// A kind and day of which there are more rows than events vouch for.
    pub(super) async fn stray(&self, db: &Db) -> Result<Option<String>> {
        for of in &self.vouched {
            let known = self.counts_ahead.get(of.kind).copied().unwrap_or_default();
            if self.count(db, of, self.ahead, i64::MAX).await? != known {
                return Ok(Some(format!("a {} of a time to come", of.kind)));
            }
        }
        if self.first >= self.until {
            return Ok(None);
        }
        for of in &self.vouched {
            let known = self.counts.iter().filter(|((kind, _), _)| *kind == of.kind);
            let known: i64 = known.map(|(_, n)| n).sum();
            if self.count(db, of, self.first, self.until).await? == known {
                continue;
            }
            for at in day(self.first)..=day(self.until) {
                let known = self.counts.get(&(of.kind, at)).copied().unwrap_or_default();
                let (from, to) = (start(at).max(self.first), start(at + 1).min(self.until));
                if self.count(db, of, from, to).await? != known {
                    return Ok(Some(format!("a {} of {}", of.kind, date(at))));
                }
            }
        }
        Ok(None)
    }

    async fn count(&self, db: &Db, of: &'static Vouched, from: i64, to: i64) -> Result<i64> {
        let agency = self.agency;
        db.read(move |tx| Ok(tx.one(of.count, params![agency, from, to], |row| row.int())?)).await
    }
}

fn wrong(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    of: &Vouched,
    told: &Told,
) -> Result<Option<&'static str>, Fault> {
    let stands = |row: &mut crate::Row<'_>| vouch::stands(row, &told.commitment);
    Ok(match tx.opt(of.row, params![agency, told.id], stands)? {
        Some(true) => None,
        Some(false) => Some("what was written was changed"),
        None => Some("what was written is gone"),
    })
}

/// The day, in UTC, on which an id was made.
fn day(id: i64) -> i64 {
    id::made_at(id).as_micros().div_euclid(DAY)
}

/// A day as `2026-11-22`.
fn date(day: i64) -> String {
    let midnight = jiff::Timestamp::from_microsecond(day * DAY).unwrap_or_default();
    midnight.strftime("%F").to_string()
}

/// The first id of a day.
fn start(day: i64) -> i64 {
    id::floor_at(Timestamp::from_micros(day * DAY))
}
