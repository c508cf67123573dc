//! What may happen to a case, in which state, by whom, and what follows from it. Pure.
//!
//! [`decide`] is the whole state machine: it maps a case and an [`Action`] to a [`Plan`] or a
//! refusal. Nothing else changes a status, so an illegal move cannot be expressed.

use tanggap_calendar::{Event, Kind};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Actor, Permission, Refusal, Result};
use tanggap_org::model::CategoryId;

use crate::model::{Case, Status};

/// After so many returns the case goes to the supervisor.
pub const RETURNS_BEFORE_SUPERVISOR: i64 = 3;
/// Nobody is escalated to.
pub const ESCALATED_TO_NOBODY: i64 = 0;
/// The superior of the unit in charge.
pub const ESCALATED_TO_SUPERIOR: i64 = 1;
/// The agency's supervisors.
pub const ESCALATED_TO_SUPERVISOR: i64 = 2;

/// One move of a case, with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Declare it complete and ours.
    Verify,
    /// Ask the reporter for more; the other clocks stand still (UU 25/2009 art. 44(3)).
    AskCompletion {
        /// What is missing.
        question: String,
    },
    /// The reporter completed it.
    Complete {
        /// What they added.
        text: String,
    },
    /// Hand it to the unit in charge (*disposisi*).
    Forward {
        /// The unit.
        unit: UnitId,
        /// What is asked of it.
        instruction: String,
        /// The agreed time, working days; `None`: the unit's usual one.
        agreed_days: Option<i64>,
    },
    /// The unit takes it.
    Accept,
    /// The unit sends it back.
    Return {
        /// Why.
        reason: String,
    },
    /// The unit tells the reporter what it has done so far.
    Progress {
        /// What.
        text: String,
    },
    /// The answer.
    Answer {
        /// Its text.
        text: String,
    },
    /// The reporter says that it is solved.
    Confirm,
    /// Ten working days without a word after the answer.
    AutoClose,
    /// Not completed in time: taken as withdrawn (UU 25/2009 art. 44(5)).
    Lapse,
    /// The reporter takes it back.
    Withdraw {
        /// Why.
        reason: String,
    },
    /// The reporter says that it is not solved.
    Reopen {
        /// Why.
        reason: String,
    },
    /// The reporter objects to the superior.
    Object {
        /// Why.
        reason: String,
    },
    /// It belongs to another authority: no wrong door, so it is named.
    Refer {
        /// The authority.
        target: String,
        /// A word to the reporter.
        text: String,
    },
    /// It repeats another report.
    Duplicate {
        /// The code of that report.
        of: String,
    },
    /// Archive it.
    Archive {
        /// Why.
        reason: String,
    },
    /// Give it to a person in charge.
    Assign {
        /// The person; `None` frees it.
        user: Option<UserId>,
    },
    /// Correct kind or category.
    Reclassify {
        /// The kind.
        kind: Kind,
        /// The category.
        category: CategoryId,
    },
    /// Hide more; never less.
    Conceal {
        /// The reporter's identity.
        anonymous: bool,
        /// The content.
        confidential: bool,
    },
    /// Say whom it is about: they neither see nor handle it from then on (UU 25/2009 art. 45).
    Concern {
        /// The unit.
        unit: Option<UnitId>,
        /// The person.
        user: Option<UserId>,
    },
    /// Take the one extension that a limit allows.
    Extend {
        /// Which limit.
        policy: String,
        /// The written reason.
        reason: String,
    },
    /// Pass it up to the superior or the supervisors.
    Escalate {
        /// Why.
        reason: String,
    },
    /// What the reporter wrote last needs no reply, such as a thank-you.
    Settle,
    /// One to five.
    Rate {
        /// The mark.
        rating: i64,
        /// A word with it.
        comment: String,
    },
}

/// What is done to the follow-up that a unit owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUpChange {
    /// Nothing.
    Keep,
    /// A new one, for the unit that the plan names.
    Open,
    /// The unit took it.
    Accept,
    /// The unit sent it back.
    Return,
    /// It is answered.
    Finish,
    /// It is taken from the unit.
    Cancel,
}

/// Words that a move leaves in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// To the citizen.
    ToCitizen,
    /// From the citizen.
    FromCitizen,
    /// Among colleagues.
    Internal,
}

/// What follows from a move.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is announced: `case.forwarded`.
    pub event: &'static str,
    /// The new state.
    pub status: Status,
    /// What the clocks hear of.
    pub clocks: Vec<Event>,
    /// The new unit in charge, where it changes.
    pub unit: Option<Option<UnitId>>,
    /// The new owner, where it changes.
    pub owner: Option<Option<UserId>>,
    /// What becomes of the follow-up.
    pub follow_up: FollowUpChange,
    /// What is said, and to whom.
    pub says: Option<(Voice, String)>,
    /// The new escalation, where it changes.
    pub escalation: Option<i64>,
    /// Whether the reporter is told by mail.
    pub notify: bool,
}

impl Plan {
    fn stay(case: &Case, event: &'static str) -> Self {
        Self {
            event,
            status: case.status,
            clocks: Vec::new(),
            unit: None,
            owner: None,
            follow_up: FollowUpChange::Keep,
            says: None,
            escalation: None,
            notify: false,
        }
    }

    fn to(case: &Case, event: &'static str, status: Status, clock: Event) -> Self {
        Self { status, clocks: vec![clock], ..Self::stay(case, event) }
    }

    fn saying(mut self, voice: Voice, text: &str) -> Self {
        if !text.trim().is_empty() {
            self.says = Some((voice, text.trim().to_owned()));
        }
        self
    }

    fn notifying(mut self) -> Self {
        self.notify = true;
        self
    }

    /// Taken from the unit that has it, to be handed to another.
    #[must_use]
    pub(crate) fn taken_from_unit(mut self, case: &Case) -> Self {
        (self.unit, self.owner) = (Some(None), Some(None));
        if matches!(case.status, Status::Forwarded | Status::InProgress) {
            self.status = Status::Verified;
            self.clocks.push(Event::Returned);
            self.follow_up = FollowUpChange::Cancel;
        }
        self
    }

    /// Back to the unit that had it, or to the desk.
    fn back_to_work(mut self, case: &Case) -> Self {
        if case.unit_id.is_some() {
            (self.status, self.follow_up) = (Status::InProgress, FollowUpChange::Open);
        } else {
            self.status = Status::Verified;
        }
        self
    }
}

/// Whether a case exists for somebody: the reported person and unit never see the complaint about
/// themselves (UU 25/2009 art. 45), and a unit sees only its own.
#[must_use]
pub fn may_see(case: &Case, access: &Access) -> bool {
    !is_about(case, access) && access.can(Permission::CaseRead, case.unit_id)
}

/// Whether somebody may be shown who reported. For those who handle anonymous reports at a unit
/// the reporter stays unknown: the unit that answers is as a rule the one complained of, so only
/// those who serve the whole agency may look.
#[must_use]
pub fn may_identify(case: &Case, access: &Access) -> bool {
    let reach = if case.anonymous { None } else { case.unit_id };
    may_see(case, access) && access.can(Permission::IdentityRead, reach)
}

/// Whether somebody may know that two cases are one reporter's, and see the reporter masked: an
/// anonymous reporter stays a stranger to units, by whatever trace.
#[must_use]
pub fn may_recognise(case: &Case, access: &Access) -> bool {
    let reach = if case.anonymous { None } else { case.unit_id };
    may_see(case, access) && access.can(Permission::CaseRead, reach)
}

fn is_about_somebody(case: &Case) -> bool {
    case.reported_unit_id.is_some() || case.reported_user_id.is_some()
}

/// Whether the complaint is about this person or one of their units.
#[must_use]
pub fn is_about(case: &Case, access: &Access) -> bool {
    let about_me = access.user().is_some_and(|user| case.reported_user_id == Some(user));
    about_me || case.reported_unit_id.is_some_and(|unit| access.member_of.contains(&unit))
}

/// Whether somebody may do this to a case that they see.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub fn authorise(case: &Case, access: &Access, action: &Action) -> Result<(), Refusal> {
    use Permission::{
        CaseAnswer, CaseFollowUp, CaseForReporter, CaseForward, CaseSupervise, CaseVerify,
        CaseWrite,
    };
    let with = |permission| access.require(permission, case.unit_id);
    match action {
        Action::Verify
        | Action::AskCompletion { .. }
        | Action::Refer { .. }
        | Action::Duplicate { .. }
        | Action::Archive { .. }
        | Action::Reclassify { .. }
        | Action::Extend { .. } => with(CaseVerify),
        // Who was named is not made unnamed by whoever comes next.
        Action::Concern { .. } if is_about_somebody(case) => with(CaseSupervise),
        Action::Concern { .. } => with(CaseVerify),
        Action::Forward { .. } if case.unit_id.is_some() => with(CaseSupervise),
        Action::Forward { .. } => with(CaseForward),
        Action::Accept | Action::Return { .. } | Action::Progress { .. } => with(CaseFollowUp),
        Action::Answer { .. } => with(CaseAnswer),
        Action::Assign { .. }
        | Action::Conceal { .. }
        | Action::Escalate { .. }
        | Action::Settle => with(CaseWrite),
        Action::AutoClose | Action::Lapse => match access.actor {
            Actor::System => Ok(()),
            _ => Err(Refusal::Forbidden),
        },
        // The citizen's own moves: theirs by code and PIN, or through somebody who serves them for
        // the whole agency. A unit never says for the reporter what becomes of its own answer.
        Action::Complete { .. }
        | Action::Confirm
        | Action::Withdraw { .. }
        | Action::Reopen { .. }
        | Action::Object { .. } => match access.actor {
            Actor::Citizen => Ok(()),
            _ => access.require(CaseForReporter, None),
        },
        // What they think of us, nobody says for them.
        Action::Rate { .. } => match access.actor {
            Actor::Citizen => Ok(()),
            _ => Err(Refusal::Forbidden),
        },
    }
}

/// Whether a move is the reporter's own, whoever takes it down.
#[must_use]
pub fn is_the_reporters(action: &Action) -> bool {
    use Action::{Complete, Confirm, Object, Rate, Reopen, Withdraw};
    matches!(
        action,
        Complete { .. } | Confirm | Withdraw { .. } | Reopen { .. } | Object { .. } | Rate { .. }
    )
}

/// Decides what an action does to a case.
///
/// # Errors
/// [`Refusal::Illegal`] where the state does not allow it.
pub fn decide(case: &Case, action: &Action) -> Result<Plan, Refusal> {
    match action {
        Action::Verify
        | Action::AskCompletion { .. }
        | Action::Complete { .. }
        | Action::Refer { .. }
        | Action::Duplicate { .. }
        | Action::Archive { .. } => at_the_desk(case, action),
        Action::Forward { .. }
        | Action::Accept
        | Action::Return { .. }
        | Action::Progress { .. }
        | Action::Answer { .. } => at_the_unit(case, action),
        Action::Confirm
        | Action::AutoClose
        | Action::Lapse
        | Action::Withdraw { .. }
        | Action::Reopen { .. }
        | Action::Object { .. }
        | Action::Rate { .. } => by_the_reporter(case, action),
        Action::Assign { .. }
        | Action::Reclassify { .. }
        | Action::Conceal { .. }
        | Action::Concern { .. }
        | Action::Extend { .. }
        | Action::Escalate { .. } => in_any_state(case, action),
        Action::Settle if case.awaiting => Ok(Plan::stay(case, "case.settled")),
        Action::Settle => Err(Refusal::Illegal("case-illegal-move")),
    }
}

fn at_the_desk(case: &Case, action: &Action) -> Result<Plan, Refusal> {
    use Status::{Archived, Duplicate, Incomplete, OutsideAuthority, Received, Verified};
    let unforwarded = matches!(case.status, Received | Incomplete | Verified);
    match (action, case.status) {
        (Action::Verify, Received) => {
            Ok(Plan::to(case, "case.verified", Verified, Event::Verified).notifying())
        }
        (Action::AskCompletion { question }, Received | Verified) => {
            Ok(Plan::to(case, "case.completion_asked", Incomplete, Event::Incomplete)
                .saying(Voice::ToCitizen, question)
                .notifying())
        }
        (Action::Complete { text }, Incomplete) => {
            Ok(Plan::to(case, "case.completed", Received, Event::Completed)
                .saying(Voice::FromCitizen, text))
        }
        (Action::Refer { target, text }, _) if unforwarded => {
            let said = format!("{}\n\n{}", target.trim(), text.trim());
            Ok(Plan::to(case, "case.referred", OutsideAuthority, Event::Referred)
                .saying(Voice::ToCitizen, &said)
                .notifying())
        }
        (Action::Duplicate { .. }, _) if unforwarded => {
            Ok(Plan::to(case, "case.marked_duplicate", Duplicate, Event::Duplicate).notifying())
        }
        (Action::Archive { reason }, _) if unforwarded => {
            Ok(Plan::to(case, "case.archived", Archived, Event::Archived)
                .saying(Voice::ToCitizen, reason)
                .notifying())
        }
        _ => Err(Refusal::Illegal("case-illegal-move")),
    }
}

fn at_the_unit(case: &Case, action: &Action) -> Result<Plan, Refusal> {
    use Status::{Answered, Forwarded, InProgress, Verified};
    match (action, case.status) {
        (Action::Forward { unit, .. }, Verified | Forwarded | InProgress) => {
            if case.reported_unit_id == Some(*unit) {
                return Err(Refusal::Illegal("case-illegal-reported-unit"));
            }
            let mut plan = Plan::to(case, "case.forwarded", Forwarded, Event::Forwarded);
            (plan.unit, plan.owner) = (Some(Some(*unit)), Some(None));
            plan.follow_up = FollowUpChange::Open;
            Ok(plan.notifying())
        }
        (Action::Accept, Forwarded) => {
            let mut plan = Plan::stay(case, "case.accepted");
            (plan.status, plan.follow_up) = (InProgress, FollowUpChange::Accept);
            Ok(plan)
        }
        (Action::Return { reason }, Forwarded | InProgress) => {
            let mut plan = Plan::to(case, "case.returned", Verified, Event::Returned)
                .saying(Voice::Internal, reason);
            (plan.unit, plan.owner) = (Some(None), Some(None));
            plan.follow_up = FollowUpChange::Return;
            if case.returns + 1 >= RETURNS_BEFORE_SUPERVISOR {
                plan.escalation = Some(ESCALATED_TO_SUPERVISOR);
            }
            Ok(plan)
        }
        (Action::Progress { text }, Forwarded | InProgress) => {
            let mut plan = Plan::to(case, "case.progressed", InProgress, Event::FirstAction)
                .saying(Voice::ToCitizen, text)
                .notifying();
            if case.status == Forwarded {
                plan.follow_up = FollowUpChange::Accept;
            }
            Ok(plan)
        }
        (Action::Answer { text }, Verified | Forwarded | InProgress) => {
            let mut plan = Plan::to(case, "case.answered", Answered, Event::Answered)
                .saying(Voice::ToCitizen, text)
                .notifying();
            if case.objected_at.is_some() {
                plan.clocks.push(Event::ObjectionAnswered);
            }
            plan.follow_up = FollowUpChange::Finish;
            plan.escalation = Some(ESCALATED_TO_NOBODY);
            Ok(plan)
        }
        _ => Err(Refusal::Illegal("case-illegal-move")),
    }
}

fn by_the_reporter(case: &Case, action: &Action) -> Result<Plan, Refusal> {
    use Status::{Answered, Closed, Incomplete, Received, Verified, Withdrawn};
    match (action, case.status) {
        (Action::Confirm, Answered) => {
            let mut plan = Plan::to(case, "case.confirmed", Closed, Event::Confirmed);
            plan.clocks.push(Event::Closed);
            Ok(plan)
        }
        (Action::AutoClose, Answered) => {
            Ok(Plan::to(case, "case.closed", Closed, Event::Closed).notifying())
        }
        (Action::Lapse, Incomplete) => {
            Ok(Plan::to(case, "case.lapsed", Withdrawn, Event::Lapsed).notifying())
        }
        (Action::Withdraw { reason }, status) if status.is_open() => {
            let mut plan = Plan::to(case, "case.withdrawn", Withdrawn, Event::Lapsed)
                .saying(Voice::FromCitizen, reason);
            if !matches!(status, Received | Incomplete | Verified) {
                plan.follow_up = FollowUpChange::Cancel;
            }
            Ok(plan)
        }
        // The window after closing is the action's to check: it needs the calendar.
        (Action::Reopen { reason }, Answered | Closed) => {
            if case.status == Closed && case.reopens > 0 {
                return Err(Refusal::Illegal("case-illegal-reopened-before"));
            }
            Ok(Plan::to(case, "case.reopened", Verified, Event::Reopened)
                .saying(Voice::FromCitizen, reason)
                .back_to_work(case))
        }
        (Action::Object { reason }, Closed) => {
            if case.objected_at.is_some() {
                return Err(Refusal::Illegal("case-illegal-objected-before"));
            }
            let mut plan = Plan::to(case, "case.objected", Verified, Event::Objected)
                .saying(Voice::FromCitizen, reason);
            plan.escalation = Some(ESCALATED_TO_SUPERVISOR);
            (plan.unit, plan.owner) = (Some(None), Some(None));
            Ok(plan)
        }
        (Action::Rate { rating, comment }, Answered | Closed) => {
            if !(1..=5).contains(rating) {
                return Err(Refusal::field("rating", "case-invalid-rating"));
            }
            Ok(Plan::stay(case, "case.rated").saying(Voice::FromCitizen, comment))
        }
        _ => Err(Refusal::Illegal("case-illegal-move")),
    }
}

fn in_any_state(case: &Case, action: &Action) -> Result<Plan, Refusal> {
    if !case.status.is_open() {
        return Err(Refusal::Illegal("case-illegal-move"));
    }
    match action {
        Action::Assign { user } => {
            Ok(Plan { owner: Some(*user), ..Plan::stay(case, "case.assigned") })
        }
        Action::Reclassify { .. } => Ok(Plan::stay(case, "case.reclassified")),
        Action::Conceal { anonymous, confidential } => {
            if (case.anonymous && !anonymous) || (case.confidential && !confidential) {
                return Err(Refusal::Illegal("case-illegal-reveal"));
            }
            Ok(Plan::stay(case, "case.concealed"))
        }
        Action::Concern { .. } => Ok(Plan::stay(case, "case.concerned")),
        Action::Extend { reason, .. } => {
            Ok(Plan::stay(case, "case.extended").saying(Voice::ToCitizen, reason).notifying())
        }
        Action::Escalate { reason } => {
            let mut plan = Plan::stay(case, "case.escalated").saying(Voice::Internal, reason);
            plan.escalation = Some((case.escalation + 1).min(ESCALATED_TO_SUPERVISOR));
            Ok(plan)
        }
        _ => Err(Refusal::Illegal("case-illegal-move")),
    }
}

/// What can be done with a case now, for the buttons of a page and the API's list: the names of
/// the actions that its state allows and that this person may do.
#[must_use]
pub fn possible(case: &Case, access: &Access) -> Vec<&'static str> {
    let samples = [
        ("verify", Action::Verify),
        ("ask", Action::AskCompletion { question: String::new() }),
        ("complete", Action::Complete { text: String::new() }),
        (
            "forward",
            Action::Forward { unit: UnitId(0), instruction: String::new(), agreed_days: None },
        ),
        ("accept", Action::Accept),
        ("return", Action::Return { reason: String::new() }),
        ("progress", Action::Progress { text: String::new() }),
        ("answer", Action::Answer { text: String::new() }),
        ("confirm", Action::Confirm),
        ("reopen", Action::Reopen { reason: String::new() }),
        ("object", Action::Object { reason: String::new() }),
        ("refer", Action::Refer { target: String::new(), text: String::new() }),
        ("duplicate", Action::Duplicate { of: String::new() }),
        ("archive", Action::Archive { reason: String::new() }),
        ("withdraw", Action::Withdraw { reason: String::new() }),
        ("assign", Action::Assign { user: None }),
        ("reclassify", Action::Reclassify { kind: case.kind, category: case.category_id }),
        ("conceal", Action::Conceal { anonymous: true, confidential: true }),
        ("concern", Action::Concern { unit: None, user: None }),
        ("extend", Action::Extend { policy: String::new(), reason: String::new() }),
        ("escalate", Action::Escalate { reason: String::new() }),
        ("settle", Action::Settle),
        ("rate", Action::Rate { rating: 5, comment: String::new() }),
    ];
    samples
        .iter()
        .filter(|(_, action)| {
            authorise(case, access, action).is_ok() && decide(case, action).is_ok()
        })
        .map(|(name, _)| *name)
        .collect()
}
