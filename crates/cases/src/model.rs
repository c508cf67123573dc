//! What a case is: plain data.

use serde::{Deserialize, Serialize};
use tanggap_calendar::{Kind, Owner, Pause, Unit};
use tanggap_contacts::ContactId;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Subject, Timestamp, id};
use tanggap_org::model::CategoryId;

id!(
    /// A case.
    CaseId
);
id!(
    /// A follow-up that a unit owes.
    FollowUpId
);

impl CaseId {
    /// The case as the subject of an event.
    #[must_use]
    pub const fn subject(self) -> Subject {
        Subject { kind: "case", id: self.0 }
    }
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Taken in, receipt given; waits for verification.
    Received,
    /// The reporter was asked for more; other clocks stand still.
    Incomplete,
    /// Checked; waits to be forwarded.
    Verified,
    /// With a unit that has not accepted it yet.
    Forwarded,
    /// A unit works on it.
    InProgress,
    /// Answered; waits for the reporter's word.
    Answered,
    /// Confirmed, or ten working days of silence.
    Closed,
    /// Belongs to another authority, which is named.
    OutsideAuthority,
    /// Repeats another report.
    Duplicate,
    /// Archived with a reason.
    Archived,
    /// Withdrawn, or taken as withdrawn.
    Withdrawn,
}

impl Status {
    /// All states, in the order of a case's life.
    pub const ALL: [Self; 11] = [
        Self::Received,
        Self::Incomplete,
        Self::Verified,
        Self::Forwarded,
        Self::InProgress,
        Self::Answered,
        Self::Closed,
        Self::OutsideAuthority,
        Self::Duplicate,
        Self::Archived,
        Self::Withdrawn,
    ];

    /// The word of the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Incomplete => "incomplete",
            Self::Verified => "verified",
            Self::Forwarded => "forwarded",
            Self::InProgress => "in_progress",
            Self::Answered => "answered",
            Self::Closed => "closed",
            Self::OutsideAuthority => "outside_authority",
            Self::Duplicate => "duplicate",
            Self::Archived => "archived",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state as official reports write it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Received => "DITERIMA",
            Self::Incomplete => "TUNDA",
            Self::Verified => "DIVERIFIKASI",
            Self::Forwarded => "DIDISPOSISIKAN",
            Self::InProgress => "DITINDAKLANJUTI",
            Self::Answered => "DITANGGAPI",
            Self::Closed => "SELESAI",
            Self::OutsideAuthority => "BUKAN_WEWENANG",
            Self::Duplicate => "DUPLIKAT",
            Self::Archived => "ARSIP",
            Self::Withdrawn => "DIANGGAP_DICABUT",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether somebody still owes something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Received
                | Self::Incomplete
                | Self::Verified
                | Self::Forwarded
                | Self::InProgress
                | Self::Answered
        )
    }
}

/// What a reporter told beside the story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The date of the service that the complaint is about, `YYYY-MM-DD`.
    pub service_date: Option<String>,
    /// Loss, material or not (UU 25/2009 art. 42(3)).
    pub loss: String,
    /// What is asked for (UU 25/2009 art. 42(3)).
    pub wish: String,
    /// Answers to the category's own questions: label as it was asked, answer.
    pub answers: Vec<(String, String)>,
}

/// A case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// What the citizen holds.
    pub code: String,
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// In a few words.
    pub subject: String,
    /// Its category.
    pub category_id: CategoryId,
    /// How it came in.
    pub channel: String,
    /// The unit in charge; `None` is the desk of those who manage complaints.
    pub unit_id: Option<UnitId>,
    /// Who took it there.
    pub owner_id: Option<UserId>,
    /// Who reported; `None` where nobody is known.
    pub contact_id: Option<ContactId>,
    /// For whom, where the reporter is a proxy.
    pub proxy_for: Option<String>,
    /// The reporter is hidden from the public and the reported party.
    pub anonymous: bool,
    /// The content is not public.
    pub confidential: bool,
    /// Where, by area code.
    pub region_code: Option<String>,
    /// Where, in words.
    pub place: String,
    /// The rest of what the reporter told.
    pub details: Details,
    /// The unit that the complaint is about.
    pub reported_unit_id: Option<UnitId>,
    /// The person that the complaint is about.
    pub reported_user_id: Option<UserId>,
    /// The law it began under: profile and version.
    pub profile: (String, u32),
    /// When it came in.
    pub received_at: Timestamp,
    /// The nearest running deadline.
    pub due: Option<NextDue>,
    /// 0: nobody; 1: the unit's superior; 2: the agency's supervisors.
    pub escalation: i64,
    /// How often a unit sent it back.
    pub returns: i64,
    /// How often it was reopened after closing.
    pub reopens: i64,
    /// When the reporter objected.
    pub objected_at: Option<Timestamp>,
    /// When it was answered last.
    pub answered_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// One to five.
    pub rating: Option<i64>,
    /// Sent without proof of work.
    pub unproven: bool,
    /// The citizen wrote and nobody answered yet.
    pub awaiting: bool,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// How often it was changed.
    pub version: i64,
}

/// The nearest running deadline of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextDue {
    /// Which.
    pub policy: String,
    /// When it falls due.
    pub at: Timestamp,
    /// When 80 % of it are gone.
    pub risk_at: Timestamp,
}

/// Whether a deadline still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// It runs.
    Running,
    /// It stands still while the reporter completes the report.
    Paused,
    /// It was met in time.
    Met,
    /// It was met too late.
    Late,
    /// The case ended before.
    Cancelled,
}

impl Clock {
    /// The word of the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Late => "late",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "running" => Self::Running,
            "paused" => Self::Paused,
            "met" => Self::Met,
            "late" => Self::Late,
            _ => Self::Cancelled,
        }
    }

    /// Whether it may still fall due.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// A deadline of a case: a moment by which a step is due, with its legal or agreed source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseDeadline {
    /// Which limit of the profile.
    pub policy: String,
    /// Who has to act.
    pub owner: Owner,
    /// When it began.
    pub starts_at: Timestamp,
    /// How many units, extension included.
    pub limit: i64,
    /// In what.
    pub unit: Unit,
    /// When it fell due before pauses and extension.
    pub first_due_at: Timestamp,
    /// When it falls due.
    pub due_at: Timestamp,
    /// On which date, `YYYY-MM-DD` in the office's zone.
    pub due_date: String,
    /// Whether it runs.
    pub state: Clock,
    /// Since when it stands still.
    pub paused_at: Option<Timestamp>,
    /// Pauses that are over.
    pub pauses: Vec<Pause>,
    /// Whether it was extended.
    pub extended: bool,
    /// The highest warning given: 0, 50, 80, 100.
    pub warned: i64,
    /// When the next warning is due.
    pub warn_at: Option<Timestamp>,
    /// When 80 % of it are gone.
    pub risk_at: Timestamp,
    /// When it was met or cancelled.
    pub ended_at: Option<Timestamp>,
    /// Its legal or agreed source.
    pub source: String,
}

/// How far a follow-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUpState {
    /// The unit has not looked at it yet.
    Pending,
    /// The unit took it.
    Accepted,
    /// The unit sent it back.
    Returned,
    /// Answered.
    Done,
    /// Taken from the unit.
    Cancelled,
}

impl FollowUpState {
    /// The word of the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Returned => "returned",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "accepted" => Self::Accepted,
            "returned" => Self::Returned,
            "done" => Self::Done,
            _ => Self::Cancelled,
        }
    }

    /// Whether the unit still owes it.
    #[must_use]
    pub const fn is_owed(self) -> bool {
        matches!(self, Self::Pending | Self::Accepted)
    }
}

/// Work that a unit owes on a case, with an agreed time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Its id.
    pub id: FollowUpId,
    /// The unit.
    pub unit_id: UnitId,
    /// How far it is.
    pub state: FollowUpState,
    /// What the desk asked for.
    pub instruction: String,
    /// The agreed time, working days.
    pub agreed_days: i64,
    /// When that is over.
    pub due_at: Timestamp,
    /// When it was forwarded.
    pub forwarded_at: Timestamp,
    /// When the unit took it.
    pub accepted_at: Option<Timestamp>,
    /// When it was answered, sent back or taken away.
    pub ended_at: Option<Timestamp>,
    /// Why it was sent back.
    pub reason: Option<String>,
}
