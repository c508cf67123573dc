//! What a profile must satisfy before a case may begin under it. All problems are reported at
//! once, each with the place where it lies, so that an administrator can correct them in one go.

use std::collections::BTreeSet;

use super::{Deadline, Event, Expiry, Kind, Owner, Policy, Profile};
use crate::deadline::Unit;

/// The most deadlines of one profile.
pub const DEADLINES_MAX: usize = 40;

/// One thing that is wrong with a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The identifier is empty, too long, or has other signs than `a-z`, `0-9` and `-`.
    #[error("id: {0:?} is not made of lower-case letters, digits and hyphens")]
    Id(String),
    /// Versions begin at 1.
    #[error("version: must be 1 or more")]
    Version,
    /// A text that people or auditors need is missing.
    #[error("{0}: is empty")]
    Empty(String),
    /// There are no deadlines, or more than [`DEADLINES_MAX`].
    #[error("deadlines: {0} of them, where 1 to {DEADLINES_MAX} are possible")]
    DeadlineCount(usize),
    /// Two deadlines have the same name.
    #[error("{0}: is there twice")]
    Twice(Policy),
    /// The limit is 0, or with its extensions longer than possible.
    #[error("{policy}: a limit of {limit} in {unit} (with extensions) is not within 1 to {max}")]
    Limit {
        /// The deadline, or `reopen`.
        policy: String,
        /// The limit with all its extensions.
        limit: u64,
        /// Its unit.
        unit: Unit,
        /// The longest possible.
        max: u32,
    },
    /// No event starts it, or none meets it.
    #[error("{0}: needs an event that starts it and one that meets it")]
    Eventless(Policy),
    /// The same event would start and meet it.
    #[error("{policy}: {event} both starts and meets it")]
    StartsAndEnds {
        /// The deadline.
        policy: Policy,
        /// The event named twice.
        event: Event,
    },
    /// What happens at its end does not fit its owner.
    #[error("{0}: what the agency owes escalates; only what the citizen owes can lapse or close")]
    ExpiryOfOwner(Policy),
    /// Nothing would end the wait for the reporter.
    #[error("deadlines: exactly one must {expected:?}, there are {found}")]
    ExpiryCount {
        /// The consequence that must exist once.
        expected: Expiry,
        /// How many there are.
        found: usize,
    },
    /// A case could be open with no clock running.
    #[error("deadlines: after {0} no deadline would be running")]
    NoClock(Event),
    /// It rules another kind than the profile it replaces.
    #[error("kind: must be {0} as in the profile that it replaces")]
    OtherKind(Kind),
    /// Its key belongs to a profile of the program.
    #[error("id and version: {0} belongs to the program")]
    Taken(String),
    /// A deadline of the law is missing or made laxer.
    #[error("{0}: the law sets this deadline; it can be made stricter, not laxer or left out")]
    LaxerThanLaw(Policy),
}

impl Profile {
    /// Everything that is wrong with it; nothing if it may be used.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_head(&mut problems);
        let mut seen = BTreeSet::new();
        for deadline in &self.deadlines {
            if !seen.insert(&deadline.policy) {
                problems.push(Problem::Twice(deadline.policy.clone()));
            }
            check_deadline(deadline, &mut problems);
        }
        self.check_whole(&mut problems);
        problems
    }

    fn check_head(&self, problems: &mut Vec<Problem>) {
        let sound = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if self.id.is_empty() || self.id.len() > 60 || !self.id.bytes().all(sound) {
            problems.push(Problem::Id(self.id.clone()));
        }
        if self.version == 0 {
            problems.push(Problem::Version);
        }
        let texts = [
            ("code", self.code.trim().is_empty()),
            ("title", self.title.is_incomplete()),
            ("source", self.source.is_incomplete()),
        ];
        let empty = texts.into_iter().filter(|(_, is_empty)| *is_empty);
        problems.extend(empty.map(|(place, _)| Problem::Empty(place.to_owned())));
        check_limit("reopen", self.reopen.within, 0, self.reopen.unit, problems);
        if !(1..=DEADLINES_MAX).contains(&self.deadlines.len()) {
            problems.push(Problem::DeadlineCount(self.deadlines.len()));
        }
    }

    /// The invariant of the whole: while the case is open, some clock runs.
    fn check_whole(&self, problems: &mut Vec<Problem>) {
        for expected in [Expiry::Lapse, Expiry::Close] {
            let found = self.deadlines.iter().filter(|d| d.on_expiry == expected).count();
            if found != 1 {
                problems.push(Problem::ExpiryCount { expected, found });
            }
        }
        let agency = |deadline: &Deadline| deadline.owner == Owner::Agency;
        // Until the answer, the agency always owes something, whatever else has happened.
        let covered = [
            (Event::Received, self.started_by(Event::Received).any(agency)),
            (Event::Incomplete, self.lapse().is_none_or(|d| starts(d, Event::Incomplete))),
            (Event::Verified, self.deadlines.iter().any(|d| agency(d) && runs_once_verified(d))),
            (Event::Answered, self.auto_close().is_none_or(|d| starts(d, Event::Answered))),
            (Event::Reopened, self.started_by(Event::Reopened).any(agency)),
            (Event::Objected, self.started_by(Event::Objected).any(agency)),
        ];
        let uncovered = covered.into_iter().filter(|(_, is_covered)| !is_covered);
        problems.extend(uncovered.map(|(event, _)| Problem::NoClock(event)));
    }

    /// Everything that speaks against using it in place of `base`.
    #[must_use]
    pub(super) fn problems_beside(&self, base: &Self) -> Vec<Problem> {
        let mut problems = self.problems();
        if self.kind != base.kind {
            problems.push(Problem::OtherKind(base.kind));
        }
        let key = self.key();
        if Self::by_key(&key).is_some() {
            problems.push(Problem::Taken(key));
        }
        let laxer = base.deadlines.iter().filter(|law| law.statutory).filter(|law| {
            let ours = self.deadlines.iter().find(|ours| ours.policy == law.policy);
            ours.is_none_or(|ours| is_laxer(ours, law))
        });
        problems.extend(laxer.map(|law| Problem::LaxerThanLaw(law.policy.clone())));
        problems
    }
}

fn check_deadline(deadline: &Deadline, problems: &mut Vec<Problem>) {
    let policy = &deadline.policy;
    let texts = [
        ("source", deadline.source.is_incomplete()),
        ("label", deadline.label.is_incomplete()),
        ("label_staff", deadline.for_staff().is_incomplete()),
        ("consequence", deadline.consequence.is_incomplete()),
    ];
    let empty = texts.into_iter().filter(|(_, is_empty)| *is_empty);
    problems.extend(empty.map(|(place, _)| Problem::Empty(format!("{policy}.{place}"))));

    let extra = extra_units(deadline);
    check_limit(policy.as_str(), deadline.limit, extra, deadline.unit, problems);
    if deadline.starts_on.is_empty() || deadline.ends_on.is_empty() {
        problems.push(Problem::Eventless(policy.clone()));
    }
    let both = deadline.starts_on.iter().filter(|event| deadline.ends_on.contains(event));
    problems.extend(both.map(|&event| Problem::StartsAndEnds { policy: policy.clone(), event }));
    let of_citizen = matches!(deadline.on_expiry, Expiry::Lapse | Expiry::Close);
    let of_agency = deadline.on_expiry == Expiry::Escalate;
    if (of_citizen && deadline.owner == Owner::Agency)
        || (of_agency && deadline.owner == Owner::Citizen)
    {
        problems.push(Problem::ExpiryOfOwner(policy.clone()));
    }
}

fn check_limit(policy: &str, limit: u32, extra: u64, unit: Unit, problems: &mut Vec<Problem>) {
    let (total, max) = (u64::from(limit) + extra, unit.limit_max());
    if limit == 0 || total > u64::from(max) {
        problems.push(Problem::Limit { policy: policy.to_owned(), limit: total, unit, max });
    }
}

/// What all its extensions add.
fn extra_units(deadline: &Deadline) -> u64 {
    deadline.extension.map_or(0, |e| u64::from(e.limit) * u64::from(e.times))
}

fn starts(deadline: &Deadline, event: Event) -> bool {
    deadline.starts_on.contains(&event)
}

/// Whether it runs from verification, or through it, until the answer.
fn runs_once_verified(deadline: &Deadline) -> bool {
    let begun = starts(deadline, Event::Verified)
        || (starts(deadline, Event::Received) && !deadline.ends_on.contains(&Event::Verified));
    let early = [Event::Incomplete, Event::Forwarded, Event::FirstAction];
    begun && !early.iter().any(|event| deadline.ends_on.contains(event))
}

/// Whether an agency's deadline gives less than the law's: a longer wait for the agency, less time
/// for the citizen, another clock, a later start, or an easier end.
fn is_laxer(ours: &Deadline, law: &Deadline) -> bool {
    let total = |d: &Deadline| u64::from(d.limit) + extra_units(d);
    let limit_is_laxer = match law.owner {
        Owner::Agency => total(ours) > total(law),
        Owner::Citizen => total(ours) < total(law),
    };
    let easier = |event: &Event| !law.ends_on.contains(event);
    ours.owner != law.owner
        || ours.unit != law.unit
        || limit_is_laxer
        || !law.starts_on.iter().all(|event| ours.starts_on.contains(event))
        || (law.owner == Owner::Agency && ours.ends_on.iter().any(easier))
        || (law.owner == Owner::Agency && ours.pauses_on_incomplete && !law.pauses_on_incomplete)
        || (law.owner == Owner::Agency && ours.roll_forward && !law.roll_forward)
}
