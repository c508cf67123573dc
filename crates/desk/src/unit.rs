//! `/unit`: what a unit owes, by due date, for a thumb on a small screen.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;
use tanggap_cases::model::{Case, CaseId, Status};
use tanggap_cases::queries::{self, Filter, Order};
use tanggap_kernel::id::UnitId;
use tanggap_kernel::paging::Cursor;
use tanggap_kernel::{Access, Permission, Scope, Timestamp};
use tanggap_org::Unit;
use tanggap_org::door::Staff;
use tanggap_ui::parts::Health;
use tanggap_ui::{Answer, Ctx, Page, respond};

use crate::row::{self, Row};
use crate::{denied, log, steps, stream};

/// Cards of one page.
const CARDS: i64 = 30;
/// The most units that one person looks after.
const UNITS_MAX: usize = 100;

/// A part of what a unit owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Late,
    ToAccept,
    Working,
    Answered,
}

impl Part {
    const ALL: [Self; 4] = [Self::Late, Self::ToAccept, Self::Working, Self::Answered];

    const fn slug(self) -> &'static str {
        match self {
            Self::Late => "lewat",
            Self::ToAccept => "terima",
            Self::Working => "kerjakan",
            Self::Answered => "dijawab",
        }
    }

    /// The cases of a unit, or of all one's units, in this part.
    fn filter(self, unit: Option<UnitId>, now: Timestamp) -> Filter {
        let status = match self {
            Self::Late => {
                return Filter { due_before: Some(now), unit, ..Filter::default() };
            }
            Self::ToAccept => Status::Forwarded,
            Self::Working => Status::InProgress,
            Self::Answered => Status::Answered,
        };
        Filter { status: Some(status), unit, ..Filter::default() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    bagian: String,
    unit: String,
    setelah: String,
}

struct Tab {
    href: String,
    label: String,
    count: i64,
    current: bool,
}

struct Card {
    row: Row,
    version: i64,
    agreed: Option<(Timestamp, Health)>,
    instruction: String,
    steps: Vec<(&'static str, String)>,
    accept: bool,
}

#[derive(Template)]
#[template(path = "unit.html")]
struct UnitPage {
    page: Page,
    tabs: Vec<Tab>,
    units: Vec<(String, String, bool)>,
    cards: Vec<Card>,
    next: Option<String>,
    late: i64,
    late_href: String,
}

/// The units for which somebody follows up.
fn own_units(access: &Access, units: &[Unit]) -> Vec<Unit> {
    let scope = access.scope(Permission::CaseFollowUp);
    let owns = |unit: &&Unit| match &scope {
        Scope::Agency => true,
        Scope::Units(own) => own.contains(&unit.id),
    };
    units.iter().filter(owns).take(UNITS_MAX).cloned().collect()
}

/// `GET /unit`.
pub(crate) async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Answer {
    if !staff.access.can_somewhere(Permission::CaseFollowUp) {
        return denied::tell(&ctx, &staff);
    }
    let (access, text) = (staff.access.clone(), staff.text());
    let page = staff.page(&ctx, "desk-unit-title");
    let shown = ctx
        .db
        .read(move |tx| {
            let units = tanggap_org::units(tx, &access)?;
            let own = own_units(&access, &units);
            let chosen = UnitId::parse(&asked.unit).filter(|id| own.iter().any(|u| u.id == *id));
            let now = tx.now();
            let mut counts = Vec::new();
            for part in Part::ALL {
                counts.push(queries::count(tx, &access, &part.filter(chosen, now), Some(true))?);
            }
            let asked_part = Part::ALL.into_iter().find(|part| part.slug() == asked.bagian);
            let part =
                asked_part.unwrap_or(if counts[1] > 0 { Part::ToAccept } else { Part::Working });
            let late = counts[0];
            let after = Cursor::parse(&asked.setelah);
            let found = {
                let filter = part.filter(chosen, now);
                queries::list(tx, &access, &filter, Order::Due, after, CARDS)?
            };
            let rows = row::rows(tx, &access, text, &found.rows, &units)?;
            let mut owed = HashMap::new();
            for unit in own.iter().filter(|u| chosen.is_none_or(|c| c == u.id)) {
                owed.extend(log::owed(tx, access.agency_id, unit.id)?);
            }
            let cards: Vec<Card> = found
                .rows
                .iter()
                .zip(rows)
                .map(|(case, row)| card(case, row, &access, text, owed.get(&case.id), now))
                .collect();
            let query = chosen.map(|unit| format!("&unit={unit}")).unwrap_or_default();
            let told = |(each, count): &(Part, i64)| {
                // What is late is a part of its own only where there is something late.
                *each != Part::Late || *count > 0 || part == Part::Late
            };
            let tabs = Part::ALL.into_iter().zip(counts).filter(told).map(|(each, count)| Tab {
                href: format!("/unit?bagian={}{query}", each.slug()),
                label: text.t(format!("desk-unit-{}", each.slug())).into_owned(),
                count,
                current: each == part,
            });
            let choices = own.iter().map(|unit| {
                let href = format!("/unit?bagian={}&unit={}", part.slug(), unit.id);
                (href, unit.name_in(text.locale).to_owned(), chosen == Some(unit.id))
            });
            let next = found.next.map(|cursor| {
                format!("/unit?bagian={}{query}&setelah={}", part.slug(), cursor.to_text())
            });
            let units = if own.len() > 1 { choices.collect() } else { Vec::new() };
            let late_href = format!("/unit?bagian={}{query}", Part::Late.slug());
            let head = log::head(tx, access.agency_id)?;
            Ok((tabs.collect(), units, cards, next, (late, late_href), head))
        })
        .await?;
    let (tabs, units, cards, next, (late, late_href), head) = shown;
    let mut page = page;
    page.topics = stream::UNIT.to_owned();
    page.cursor = head.to_string();
    Ok(respond::html(UnitPage { page, tabs, units, cards, next, late, late_href }))
}

fn card(
    case: &Case,
    row: Row,
    access: &Access,
    text: tanggap_ui::Text,
    owed: Option<&(Timestamp, String)>,
    now: Timestamp,
) -> Card {
    let offered = steps::offered(case, access);
    let accept = offered.contains(&"accept");
    // First it is taken or sent back; the rest comes when it is taken.
    let order: &[&'static str] =
        if accept { &["return"] } else { &["answer", "progress", "return"] };
    let shown = order.iter().copied().filter(|step| offered.contains(step));
    let health = |at: Timestamp| if at < now { Health::Late } else { Health::Ok };
    Card {
        version: case.version,
        agreed: owed.map(|(at, _)| (*at, health(*at))),
        instruction: owed.map(|(_, text)| text.clone()).unwrap_or_default(),
        steps: shown
            .map(|step| (step, text.t(format!("case-action-{step}")).into_owned()))
            .collect(),
        accept,
        row,
    }
}

/// What a unit still owes, by case: until when, and what was asked for.
pub(crate) type Owed = Vec<(CaseId, (Timestamp, String))>;
