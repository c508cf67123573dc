//! What the law asks for each kind of report: an ordinary or a supervisory complaint, a request for
//! information, an aspiration, an appreciation, a request for service.
//!
//! A profile is data in `law/profiles`: the deadlines with the events that start and meet them,
//! their limits and units, what happens when they pass, the article behind each, and the words for
//! the citizen. Both legal regimes of a complaint run side by side: the working days of SP4N-LAPOR!
//! and the calendar days of UU 25/2009. An agency may put its own profile in place of ours
//! ([`Profile::from_toml`], [`Profile::check_override`]); a case keeps the version it began under.
//!
//! Not here: states and who may do what (slice `cases`), and counting ([`crate::deadline`]).
//!
//! Invariant: under every valid profile a case that is open always has a running deadline; the
//! checks in `check.rs` refuse a profile that would leave it without one.

mod check;
mod source;
mod words;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::deadline::{DeadlineError, Term, Unit};
use crate::text::Text;

pub use check::{DEADLINES_MAX, Problem};
pub use source::{ProfileError, profile_among, profile_for};
pub use words::{Event, Kind, Owner, Policy, UnknownWord};

/// The rules for one kind of report, in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of the line of versions: lower-case letters, digits and hyphens.
    pub id: String,
    /// Version within that line, from 1; never changed once a case began under it.
    pub version: u32,
    /// The kind of report that it rules.
    pub kind: Kind,
    /// The first date of receipt that it rules (the date in the zone of the office).
    pub valid_from: Date,
    /// The official code of the class, as reports and exports carry it.
    pub code: String,
    /// What people call it.
    pub title: Text,
    /// The law behind the whole; an agency may write one wording for both languages.
    #[serde(deserialize_with = "crate::text::one_or_both")]
    pub source: Text,
    /// Whether a receipt with a registration number must be given at intake.
    pub receipt: bool,
    /// What the public may see.
    pub publication: Publication,
    /// Whether and until when the reporter can reopen.
    pub reopen: Reopen,
    /// All deadlines, of the agency and of the citizen.
    pub deadlines: Vec<Deadline>,
}

/// What the public may see of a report, unless its reporter asked for secrecy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Whether reports of this kind are published at all.
    pub allowed: bool,
    /// The event that it waits for.
    pub after: Event,
}

/// The reporter's right to reopen a closed case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reopen {
    /// How often; afterwards the reporter can object to the superior.
    pub times: u8,
    /// How long after closing, in `unit`.
    pub within: u32,
    /// The unit of `within`.
    pub unit: Unit,
}

/// One deadline of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Its stable name, such as `SP4N_VERIFY`.
    pub policy: Policy,
    /// Who has to act.
    pub owner: Owner,
    /// Events that start its clock; one that comes again starts it anew.
    pub starts_on: Vec<Event>,
    /// Events that meet it. The end of the case ([`Event::ends_case`]) stops every clock besides.
    pub ends_on: Vec<Event>,
    /// The limit, in `unit`, at least 1.
    pub limit: u32,
    /// What the limit is counted in.
    pub unit: Unit,
    /// Whether the clock stands still from [`Event::Incomplete`] to [`Event::Completed`].
    #[serde(default)]
    pub pauses_on_incomplete: bool,
    /// Whether an end on a day off moves to the next working day.
    #[serde(default)]
    pub roll_forward: bool,
    /// Whether and by how much it can be extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// Whether the service standard of the requested service replaces the limit with its own.
    #[serde(default)]
    pub standard_overrides: bool,
    /// Whether a law sets it, so that an agency can only be stricter.
    #[serde(default)]
    pub statutory: bool,
    /// What the program does when it passes.
    pub on_expiry: Expiry,
    /// The rule behind it, down to the article; an agency may write one wording for both languages.
    #[serde(deserialize_with = "crate::text::one_or_both")]
    pub source: Text,
    /// What the citizen reads beside the date.
    pub label: Text,
    /// What staff read, where the label speaks to the citizen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_staff: Option<Text>,
    /// What follows when it passes.
    pub consequence: Text,
}

/// How a deadline can be extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Units more, counted from the first due date.
    pub limit: u32,
    /// How often; a reason in writing is due each time.
    pub times: u8,
}

/// What the program does when a deadline passes unmet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// The agency is late: the superior is told and the case counts as overdue.
    Escalate,
    /// The case is taken as withdrawn, since the reporter did not complete it.
    Lapse,
    /// The case is closed, since the reporter was silent after the answer.
    Close,
    /// Nothing happens by itself; the fact is shown.
    Note,
}

impl Profile {
    /// Its name with its version, such as `complaint@1`: what a case stores.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// The deadline of a policy.
    #[must_use]
    pub fn deadline(&self, policy: &str) -> Option<&Deadline> {
        self.deadlines.iter().find(|deadline| deadline.policy.as_str() == policy)
    }

    /// The deadlines whose clocks an event starts.
    pub fn started_by(&self, event: Event) -> impl Iterator<Item = &Deadline> {
        self.deadlines.iter().filter(move |deadline| deadline.starts_on.contains(&event))
    }

    /// The deadlines that an event meets or stops.
    pub fn ended_by(&self, event: Event) -> impl Iterator<Item = &Deadline> {
        self.deadlines.iter().filter(move |deadline| deadline.is_ended_by(event))
    }

    /// The silence after the answer that closes the case.
    #[must_use]
    pub fn auto_close(&self) -> Option<&Deadline> {
        self.deadlines.iter().find(|deadline| deadline.on_expiry == Expiry::Close)
    }

    /// The time to complete a report, after which it lapses.
    #[must_use]
    pub fn lapse(&self) -> Option<&Deadline> {
        self.deadlines.iter().find(|deadline| deadline.on_expiry == Expiry::Lapse)
    }
}

impl Reopen {
    /// The time after closing in which the reporter can reopen; a day off at its end is forgiven.
    ///
    /// # Errors
    /// It is longer than any limit may be; a checked profile never is.
    pub fn term(self) -> Result<Term, DeadlineError> {
        Ok(Term::new(self.within, self.unit)?.rolling_forward(true))
    }
}

impl Deadline {
    /// What staff read beside the date.
    #[must_use]
    pub fn for_staff(&self) -> &Text {
        self.label_staff.as_ref().unwrap_or(&self.label)
    }

    /// What is counted, without extension.
    ///
    /// # Errors
    /// The limit is longer than any may be; a checked profile never has one.
    pub fn term(&self) -> Result<Term, DeadlineError> {
        Ok(Term::new(self.limit, self.unit)?.rolling_forward(self.roll_forward))
    }

    /// What is counted after it was extended `times` times, at most as often as it allows.
    ///
    /// # Errors
    /// The limit is longer than any may be; a checked profile never has one.
    pub fn extended_term(&self, times: u8) -> Result<Term, DeadlineError> {
        let granted = |e: Extension| e.limit.saturating_mul(u32::from(times.min(e.times)));
        self.term()?.extended_by(self.extension.map_or(0, granted))
    }

    /// Whether an event meets it or ends the case.
    #[must_use]
    pub fn is_ended_by(&self, event: Event) -> bool {
        event.ends_case() || self.ends_on.contains(&event)
    }
}
