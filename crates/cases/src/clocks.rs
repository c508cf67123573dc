//! The deadlines of one case as events start, pause, resume and end them. Pure.
//!
//! The profile says which event does what (law/profiles); the calendar says when. A start event
//! that comes again restarts its clock; an event that ends the case stops all of them.

use tanggap_calendar::{Deadline, DeadlineError, Event, Pause, Profile, WorkingCalendar};
use tanggap_kernel::{Fault, Timestamp};

use crate::model::{CaseDeadline, Clock, NextDue, Status};
use crate::store::NEVER;

/// What the law and the calendar say for one case.
pub struct Law<'a> {
    /// The profile that the case began under.
    pub profile: &'a Profile,
    /// The calendar of the receiving office.
    pub calendar: &'a WorkingCalendar,
}

impl Law<'_> {
    /// Applies one event at `now` to the deadlines of a case.
    ///
    /// # Errors
    /// A fault where a due date lies beyond the calendar.
    pub fn apply(
        &self,
        deadlines: &mut Vec<CaseDeadline>,
        event: Event,
        now: Timestamp,
    ) -> Result<(), Fault> {
        for deadline in deadlines.iter_mut().filter(|d| d.state.is_active()) {
            let ends = event.ends_case()
                || self.profile.deadline(&deadline.policy).is_some_and(|d| d.is_ended_by(event));
            if ends {
                end(deadline, event, now);
            }
        }
        match event {
            Event::Incomplete => self.pause(deadlines, now),
            Event::Completed => self.resume(deadlines, now)?,
            _ => {}
        }
        for rule in self.profile.started_by(event) {
            // A limit that the case is past for good (its ending event is this one) never starts.
            if !rule.ends_on.contains(&event) {
                self.start(deadlines, rule, now)?;
            }
        }
        Ok(())
    }

    fn start(
        &self,
        deadlines: &mut Vec<CaseDeadline>,
        rule: &Deadline,
        now: Timestamp,
    ) -> Result<(), Fault> {
        deadlines.retain(|d| !(d.policy == rule.policy.as_str() && d.starts_at == now));
        for running in deadlines.iter_mut().filter(|d| d.state.is_active()) {
            if running.policy == rule.policy.as_str() {
                (running.state, running.ended_at) = (Clock::Cancelled, Some(now));
            }
        }
        let term = rule.term().map_err(|e| beyond(&e))?;
        let mut deadline = CaseDeadline {
            policy: rule.policy.as_str().to_owned(),
            owner: rule.owner,
            starts_at: now,
            limit: i64::from(term.units()),
            unit: term.unit(),
            first_due_at: now,
            due_at: now,
            due_date: String::new(),
            state: Clock::Running,
            paused_at: None,
            pauses: Vec::new(),
            extended: false,
            warned: 0,
            warn_at: None,
            risk_at: now,
            ended_at: None,
            source: rule.source.id.clone(),
        };
        self.recount(&mut deadline)?;
        deadline.first_due_at = deadline.due_at;
        deadlines.push(deadline);
        Ok(())
    }

    fn pause(&self, deadlines: &mut [CaseDeadline], now: Timestamp) {
        for deadline in deadlines.iter_mut().filter(|d| d.state == Clock::Running) {
            let rule = self.profile.deadline(&deadline.policy);
            if rule.is_some_and(|rule| rule.pauses_on_incomplete) {
                (deadline.state, deadline.paused_at) = (Clock::Paused, Some(now));
                deadline.warn_at = None;
            }
        }
    }

    fn resume(&self, deadlines: &mut [CaseDeadline], now: Timestamp) -> Result<(), Fault> {
        for deadline in deadlines.iter_mut().filter(|d| d.state == Clock::Paused) {
            let from = deadline.paused_at.take().unwrap_or(now);
            let pause = Pause { from_micros: from.as_micros(), until_micros: now.as_micros() };
            deadline.pauses.push(pause);
            deadline.state = Clock::Running;
            self.recount(deadline)?;
        }
        Ok(())
    }

    /// Counts a deadline again: after a pause, an extension, or a change of the calendar.
    ///
    /// # Errors
    /// A fault where the answer lies beyond the calendar.
    pub fn recount(&self, deadline: &mut CaseDeadline) -> Result<(), Fault> {
        let Some(rule) = self.profile.deadline(&deadline.policy) else { return Ok(()) };
        let term = rule.extended_term(u8::from(deadline.extended)).map_err(|e| beyond(&e))?;
        let from = deadline.starts_at.as_micros();
        let due =
            term.due_with_pauses(self.calendar, from, &deadline.pauses).map_err(|e| beyond(&e))?;
        deadline.limit = i64::from(term.units());
        deadline.due_at = Timestamp::from_micros(due.due_at_micros);
        deadline.due_date = due.due_date.to_string();
        let [_, risk, _] = due.warnings;
        deadline.risk_at = Timestamp::from_micros(risk.at_micros);
        let next = due.warnings.iter().find(|w| i64::from(w.percent) > deadline.warned);
        deadline.warn_at = next.map(|w| Timestamp::from_micros(w.at_micros));
        Ok(())
    }

    /// Notes that warnings up to now were given; tells the highest one that is new.
    ///
    /// # Errors
    /// A fault where the answer lies beyond the calendar.
    pub fn warn(&self, deadline: &mut CaseDeadline, now: Timestamp) -> Result<Option<i64>, Fault> {
        let mut highest = None;
        while deadline.warn_at.is_some_and(|at| at <= now) && deadline.warned < 100 {
            deadline.warned = match deadline.warned {
                ..50 => 50,
                50..80 => 80,
                _ => 100,
            };
            highest = Some(deadline.warned);
            self.recount(deadline)?;
        }
        Ok(highest)
    }
}

/// What an entry of a case's log, after which it stood at `status`, meant to its clocks.
#[must_use]
pub fn heard_in(kind: &str, status: Option<Status>) -> &'static [Event] {
    match kind {
        "case.verified" => &[Event::Verified],
        "case.completion_asked" => &[Event::Incomplete],
        "case.completed" => &[Event::Completed],
        "case.forwarded" => &[Event::Forwarded],
        "case.returned" => &[Event::Returned],
        "case.concerned" if status == Some(Status::Verified) => &[Event::Returned],
        "case.progressed" => &[Event::FirstAction],
        "case.answered" => &[Event::Answered, Event::ObjectionAnswered],
        "case.citizen_wrote" if status == Some(Status::Answered) => &[Event::ReporterReplied],
        "case.confirmed" | "case.closed" => &[Event::Closed],
        "case.reopened" => &[Event::Reopened],
        "case.objected" => &[Event::Objected],
        _ => &[],
    }
}

fn end(deadline: &mut CaseDeadline, event: Event, now: Timestamp) {
    // Where it stands still, the time since does not count.
    let until = deadline.paused_at.unwrap_or(now);
    let met = if until <= deadline.due_at { Clock::Met } else { Clock::Late };
    // What the end of the case overtakes, or a unit that sends the case back, was neither met nor
    // missed, unless it was late already.
    let left = event.ends_case() || event == Event::Returned;
    let overtaken = left && met == Clock::Met;
    deadline.state = if overtaken { Clock::Cancelled } else { met };
    deadline.paused_at = None;
    deadline.warn_at = None;
    deadline.ended_at = Some(now);
}

fn beyond(error: &DeadlineError) -> Fault {
    Fault::new(format!("due date: {error}"))
}

fn of(deadline: &CaseDeadline) -> NextDue {
    NextDue { policy: deadline.policy.clone(), at: deadline.due_at, risk_at: deadline.risk_at }
}

/// The deadline that a case shows: the agency's nearest, else the citizen's.
#[must_use]
pub fn next_due(deadlines: &[CaseDeadline]) -> Option<NextDue> {
    use tanggap_calendar::Owner;
    let running = |owner| {
        deadlines
            .iter()
            .filter(move |d| d.state == Clock::Running && d.owner == owner)
            .min_by_key(|d| d.due_at)
    };
    if let Some(ours) = running(Owner::Agency) {
        return Some(of(ours));
    }
    // While the citizen has the word, nobody here is at risk of being late.
    running(Owner::Citizen).map(|theirs| NextDue { risk_at: NEVER, ..of(theirs) })
}

/// When the case's timer has to ring next: a warning, or the end of a citizen's limit.
#[must_use]
pub fn next_ring(deadlines: &[CaseDeadline]) -> Option<Timestamp> {
    deadlines.iter().filter(|d| d.state == Clock::Running).filter_map(|d| d.warn_at).min()
}

/// When a unit's agreed time ends, by the calendar it works by.
pub(crate) fn agreed_due(
    calendar: &WorkingCalendar,
    forwarded_at: Timestamp,
    agreed_days: i64,
) -> Result<Timestamp, Fault> {
    let from = calendar.zone().local_date(forwarded_at.as_micros());
    let due = calendar
        .add_working_days(from, u32::try_from(agreed_days).unwrap_or(1))
        .map_err(|e| Fault::new(e.to_string()))?;
    Ok(Timestamp::from_micros(calendar.due_micros(due)))
}
