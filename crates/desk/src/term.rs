//! `/meja/{code}/tenggat`: day by day why a deadline falls on its date.

use askama::Template;
use axum::extract::{Path, State};
use tanggap_calendar::{Certainty, Owner, Pause, Reason, Term, WorkingCalendar};
use tanggap_cases::actions;
use tanggap_cases::model::CaseDeadline;
use tanggap_cases::store;
use tanggap_kernel::{Fault, Result, Timestamp};
use tanggap_org::door::Staff;
use tanggap_ui::parts::Health;
use tanggap_ui::{Answer, Ctx, Page, Text, respond};

use crate::{view, words};

/// One day of a count.
struct Day {
    date: String,
    number: Option<usize>,
    reason: String,
    name: String,
}

/// One deadline with its count.
struct Count {
    label: String,
    limit: String,
    owner: String,
    source: String,
    consequence: String,
    state: String,
    starts_at: Timestamp,
    due_at: Timestamp,
    first_due_at: Timestamp,
    health: Health,
    days: Vec<Day>,
    running: bool,
    doubt: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "term.html")]
struct TermPage {
    page: Page,
    code: String,
    subject: String,
    counts: Vec<Count>,
}

/// `GET /meja/{code}/tenggat`.
pub(crate) async fn explain(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(code): Path<String>,
) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let (case, counts) = ctx
        .db
        .read(move |tx| {
            let case = actions::load_by_code(tx, &access, &code)?;
            let deadlines = store::deadlines(tx, &access, case.id)?;
            let calendar = tanggap_org::calendar_for(tx, &access, None)?;
            let profile = actions::profile_of(tx, &access, &case)?;
            let now = tx.now();
            let counts: Result<Vec<Count>> = deadlines
                .iter()
                .map(|deadline| {
                    let mut count = count(text, &calendar, deadline, now)?;
                    if let Some(rule) = profile.deadline(&deadline.policy) {
                        let tag = text.locale.tag();
                        count.label = rule.for_staff().get(tag).to_owned();
                        count.source = rule.source.get(tag).to_owned();
                        count.consequence = rule.consequence.get(tag).to_owned();
                    }
                    Ok(count)
                })
                .collect();
            let mut counts = counts?;
            counts.sort_by_key(|count| (!count.running, count.due_at));
            Ok((case, counts))
        })
        .await?;
    let page = staff.page(&ctx, "desk-term-title");
    Ok(respond::html(TermPage { page, code: case.code, subject: case.subject, counts }))
}

fn count(
    text: Text,
    calendar: &WorkingCalendar,
    deadline: &CaseDeadline,
    now: Timestamp,
) -> Result<Count> {
    let told = |e: &dyn std::fmt::Display| Fault::new(format!("due date: {e}"));
    let limit = u32::try_from(deadline.limit).unwrap_or(1);
    let term = Term::new(limit, deadline.unit).map_err(|e| told(&e))?;
    let mut pauses = deadline.pauses.clone();
    if let Some(from) = deadline.paused_at {
        pauses.push(Pause { from_micros: from.as_micros(), until_micros: now.as_micros() });
    }
    let from = deadline.starts_at.as_micros();
    let due = term.due_with_pauses(calendar, from, &pauses).map_err(|e| told(&e))?;
    let mut number = 0;
    let days = due.days.iter().map(|day| {
        number += usize::from(day.counted);
        let reason = match (day.counted, day.reason) {
            // A count of calendar days or hours says nothing of working days.
            (true, Reason::WorkingDay) => String::new(),
            (_, reason) => {
                text.t(format!("case-day-{}", words::dashed(reason.as_str()))).into_owned()
            }
        };
        Day {
            date: {
                let weekday = day.date.weekday().to_monday_one_offset();
                let date = view::date_words(text, &day.date.to_string());
                format!("{}, {date}", text.t(format!("ui-weekday-{weekday}")))
            },
            number: day.counted.then_some(number),
            reason,
            name: day
                .name
                .as_ref()
                .map(|n| n.get(text.locale.tag()).to_owned())
                .unwrap_or_default(),
        }
    });
    let limit = text
        .t1(format!("case-limit-{}", words::dashed(deadline.unit.as_str())), "n", deadline.limit)
        .into_owned();
    let running = deadline.state.is_active();
    Ok(Count {
        label: deadline.policy.clone(),
        limit,
        owner: text.t(format!("case-owner-{}", deadline.owner.as_str())).into_owned(),
        source: deadline.source.clone(),
        consequence: String::new(),
        state: words::clock(text, deadline),
        starts_at: deadline.starts_at,
        due_at: deadline.due_at,
        first_due_at: deadline.first_due_at,
        health: match running {
            true if deadline.owner == Owner::Citizen => Health::Ok,
            true if deadline.due_at < now => Health::Late,
            true if deadline.paused_at.is_some() => Health::Paused,
            true if deadline.risk_at <= now => Health::Warn,
            true => Health::Ok,
            false => Health::Done,
        },
        days: days.collect(),
        running,
        doubt: match due.holidays {
            Certainty::Known => None,
            Certainty::Estimated => Some("desk-term-estimated"),
            Certainty::Unknown => Some("desk-term-unknown"),
        },
    })
}
