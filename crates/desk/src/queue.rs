//! What a list holds: a queue, and what it is narrowed to. The figure beside a queue and the list
//! behind it come from the same [`Filter`].

use serde::Deserialize;
use tanggap_calendar::Kind;
use tanggap_cases::model::{Case, Status};
use tanggap_cases::queries::{self, Filter, Order, Queues};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::paging::{Cursor, Page};
use tanggap_kernel::{Access, Permission, Result, Timestamp};
use tanggap_store::Tx;

/// A queue of the desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queue {
    /// Received, not verified.
    Verify,
    /// Verified, with no unit.
    Forward,
    /// 80 % of the time gone.
    Risk,
    /// Past the deadline.
    Late,
    /// Passed up.
    Escalated,
    /// The citizen wrote and waits.
    Awaiting,
    /// One's own.
    Mine,
    /// Waits for the citizen to complete it.
    Incomplete,
    /// With a unit.
    AtUnit,
    /// Answered, not closed.
    Answered,
    /// All that is open.
    #[default]
    Open,
    /// Ended.
    Done,
}

impl Queue {
    /// All of them, in the order of the desk.
    pub const ALL: [Self; 12] = [
        Self::Verify,
        Self::Forward,
        Self::Awaiting,
        Self::Risk,
        Self::Late,
        Self::Escalated,
        Self::Mine,
        Self::AtUnit,
        Self::Incomplete,
        Self::Answered,
        Self::Open,
        Self::Done,
    ];

    /// Its word in addresses.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Verify => "verifikasi",
            Self::Forward => "teruskan",
            Self::Risk => "berisiko",
            Self::Late => "lewat",
            Self::Escalated => "eskalasi",
            Self::Awaiting => "menunggu",
            Self::Mine => "saya",
            Self::Incomplete => "kelengkapan",
            Self::AtUnit => "unit",
            Self::Answered => "dijawab",
            Self::Open => "terbuka",
            Self::Done => "selesai",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.slug() == word)
    }

    /// The key of its name.
    #[must_use]
    pub fn key(self) -> String {
        format!("desk-queue-{}", self.slug())
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Verify => "inbox",
            Self::Forward => "forward",
            Self::Risk => "alert",
            Self::Late => "late",
            Self::Escalated => "megaphone",
            Self::Awaiting => "message",
            Self::Mine => "user",
            Self::Incomplete => "pause",
            Self::AtUnit => "building",
            Self::Answered => "reply",
            Self::Open => "list",
            Self::Done => "check-circle",
        }
    }

    /// Whether a number in it is bad news.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        matches!(self, Self::Late | Self::Escalated)
    }

    /// In which order it is shown.
    #[must_use]
    pub const fn order(self) -> Order {
        match self {
            Self::Done => Order::Closed,
            _ => Order::Due,
        }
    }

    /// The filters that together find its cases; more than one where it holds several states.
    #[must_use]
    pub fn filters(self, access: &Access, now: Timestamp) -> Vec<Filter> {
        let of = Filter::of_status;
        match self {
            Self::Verify => vec![of(Status::Received)],
            Self::Forward => vec![of(Status::Verified)],
            Self::Incomplete => vec![of(Status::Incomplete)],
            Self::AtUnit => vec![of(Status::Forwarded), of(Status::InProgress)],
            Self::Answered => vec![of(Status::Answered)],
            Self::Risk => {
                vec![Filter { due_from: Some(now), risk_by: Some(now), ..Filter::default() }]
            }
            Self::Late => vec![Filter { due_before: Some(now), ..Filter::default() }],
            Self::Escalated => vec![Filter { escalation: Some(1), ..Filter::default() }],
            Self::Awaiting => vec![Filter { awaiting: Some(true), ..Filter::default() }],
            Self::Mine => {
                let nobody = UserId(0);
                vec![Filter { owner: access.user().or(Some(nobody)), ..Filter::default() }]
            }
            Self::Open | Self::Done => vec![Filter::default()],
        }
    }

    /// How many cases are in it; `None` where nobody counts (all that ever ended).
    #[must_use]
    pub fn count(self, queues: &Queues) -> Option<i64> {
        Some(match self {
            Self::Verify => queues.of(Status::Received),
            Self::Forward => queues.of(Status::Verified),
            Self::Incomplete => queues.of(Status::Incomplete),
            Self::AtUnit => queues.of(Status::Forwarded) + queues.of(Status::InProgress),
            Self::Answered => queues.of(Status::Answered),
            Self::Risk => queues.at_risk,
            Self::Late => queues.overdue,
            Self::Escalated => queues.escalated,
            Self::Awaiting => queues.awaiting,
            Self::Mine => queues.mine,
            Self::Open => queues.open(),
            Self::Done => return None,
        })
    }

    /// Whether a case is in it now. [`Queue::Mine`] is anybody's own: see [`word`].
    #[must_use]
    pub fn holds(self, case: &Case, now: Timestamp) -> bool {
        let late = case.due.as_ref().is_some_and(|due| due.at < now);
        let risk = case.due.as_ref().is_some_and(|due| due.risk_at <= now);
        // A reporter who writes about an ended case waits as well.
        (case.status.is_open() != (self == Self::Done) || self == Self::Awaiting)
            && match self {
                Self::Verify => case.status == Status::Received,
                Self::Forward => case.status == Status::Verified,
                Self::Incomplete => case.status == Status::Incomplete,
                Self::AtUnit => matches!(case.status, Status::Forwarded | Status::InProgress),
                Self::Answered => case.status == Status::Answered,
                Self::Risk => risk && !late,
                Self::Late => late,
                Self::Escalated => case.escalation > 0,
                Self::Awaiting => case.awaiting,
                Self::Mine => case.owner_id.is_some(),
                Self::Open | Self::Done => true,
            }
    }

    /// The queue in which a case is looked for first.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        match case.status {
            Status::Received => Self::Verify,
            Status::Verified => Self::Forward,
            Status::Incomplete => Self::Incomplete,
            Status::Forwarded | Status::InProgress => Self::AtUnit,
            Status::Answered => Self::Answered,
            _ => Self::Done,
        }
    }

    /// Where somebody begins who named no queue.
    #[must_use]
    pub fn first_of(access: &Access) -> Self {
        if access.can(Permission::CaseVerify, None) { Self::Verify } else { Self::Open }
    }
}

/// What somebody asked to see, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The queue's word.
    pub antrean: String,
    /// A unit's id; `meja` for what lies with none.
    pub unit: String,
    /// A kind's word.
    pub jenis: String,
    /// Age: 0 to 3, see [`queries::AGE_DAYS`].
    pub umur: String,
    /// The cursor of the page.
    pub setelah: String,
    /// What is searched for.
    pub q: String,
}

/// What a queue is narrowed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Narrow {
    /// One unit.
    pub unit: Option<UnitId>,
    /// No unit.
    pub at_desk: bool,
    /// One kind.
    pub kind: Option<Kind>,
    /// One of the ages of the board.
    pub age: Option<usize>,
}

impl Narrow {
    /// Reads what was asked; what makes no sense narrows nothing.
    #[must_use]
    pub fn of(asked: &Asked) -> Self {
        Self {
            unit: UnitId::parse(&asked.unit),
            at_desk: asked.unit == "meja",
            kind: asked.jenis.parse().ok(),
            age: asked.umur.parse().ok().filter(|age| *age <= queries::AGE_DAYS.len()),
        }
    }

    /// Whether it narrows anything.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Narrows a filter.
    #[must_use]
    pub fn apply(&self, filter: Filter, now: Timestamp) -> Filter {
        let days_ago = |days: i64| now.plus(-days * Timestamp::DAY);
        let bounds = queries::AGE_DAYS;
        let (from, until) = match self.age {
            None => (None, None),
            Some(0) => (Some(days_ago(bounds[0])), None),
            Some(age) => (
                bounds.get(age).map(|days| days_ago(*days)),
                bounds.get(age - 1).map(|days| days_ago(*days)),
            ),
        };
        Filter {
            unit: self.unit,
            at_desk: self.at_desk.then_some(true),
            kind: self.kind,
            received_from: from,
            received_until: until,
            ..filter
        }
    }

    /// The end of an address that asks for it: `&unit=…&jenis=…`.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = String::new();
        if let Some(unit) = self.unit {
            query.push_str(&format!("&unit={unit}"));
        } else if self.at_desk {
            query.push_str("&unit=meja");
        }
        if let Some(kind) = self.kind {
            query.push_str(&format!("&jenis={kind}"));
        }
        if let Some(age) = self.age {
            query.push_str(&format!("&umur={age}"));
        }
        query
    }
}

/// The word by which the lines and the list of a queue find each other in the browser.
#[must_use]
pub fn word(queue: Queue, user: Option<UserId>) -> String {
    match (queue, user) {
        (Queue::Mine, Some(user)) => format!("saya:{user}"),
        _ => queue.slug().to_owned(),
    }
}

/// The words of all queues that hold a case.
#[must_use]
pub fn words(case: &Case, now: Timestamp) -> String {
    let queues = Queue::ALL.into_iter().filter(|queue| queue.holds(case, now));
    queues.map(|queue| word(queue, case.owner_id)).collect::<Vec<_>>().join(" ")
}

/// One page of a queue.
///
/// # Errors
/// A fault of the engine.
pub fn page(
    tx: &mut Tx<'_>,
    access: &Access,
    queue: Queue,
    narrow: &Narrow,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Page<Case>> {
    let wanted = filters(access, queue, narrow, tx.now());
    queries::list_any(tx, access, &wanted, queue.order(), after, limit)
}

fn filters(access: &Access, queue: Queue, narrow: &Narrow, now: Timestamp) -> Vec<Filter> {
    queue.filters(access, now).into_iter().map(|filter| narrow.apply(filter, now)).collect()
}

/// How many cases a queue holds when it is narrowed.
///
/// # Errors
/// A fault of the engine.
pub fn count(tx: &mut Tx<'_>, access: &Access, queue: Queue, narrow: &Narrow) -> Result<i64> {
    let now = tx.now();
    let mut count = 0;
    for filter in queue.filters(access, now) {
        let open = match queue {
            Queue::Awaiting => None,
            Queue::Done => Some(false),
            _ => Some(true),
        };
        count += queries::count(tx, access, &narrow.apply(filter, now), open)?;
    }
    Ok(count)
}
