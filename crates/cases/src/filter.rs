//! What a list of cases is asked for: which cases, and in which order. The figure beside a list and
//! the list itself come from one filter.

use tanggap_calendar::Kind;
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::{UnitId, UserId};

use crate::model::Status;

/// What a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub status: Option<Status>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// With this unit.
    pub unit: Option<UnitId>,
    /// With this person.
    pub owner: Option<UserId>,
    /// With no unit: still at the desk.
    pub at_desk: Option<bool>,
    /// Due before then: overdue.
    pub due_before: Option<Timestamp>,
    /// Due then or later: not overdue yet.
    pub due_from: Option<Timestamp>,
    /// 80 % gone by then: at risk.
    pub risk_by: Option<Timestamp>,
    /// Escalated at least that far.
    pub escalation: Option<i64>,
    /// The citizen wrote and waits for an answer.
    pub awaiting: Option<bool>,
    /// Received at or after.
    pub received_from: Option<Timestamp>,
    /// Received before.
    pub received_until: Option<Timestamp>,
}

impl Filter {
    /// All in one state.
    #[must_use]
    pub fn of_status(status: Status) -> Self {
        Self { status: Some(status), ..Self::default() }
    }
}

/// In which order, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Open cases, those due first first. Of those whose reporter waits, ended ones too.
    Due,
    /// All cases, the newest first.
    Newest,
    /// Closed cases, the last closed first.
    Closed,
}
