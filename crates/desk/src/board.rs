//! `/penyelia`: how old, how late and where; each figure leads to its list.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use serde::Deserialize;
use tanggap_calendar::Kind;
use tanggap_cases::queries::{Cell, Queues};
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Permission, Refusal};
use tanggap_org::Unit;
use tanggap_org::door::Staff;
use tanggap_ui::parts::Bars;
use tanggap_ui::{Answer, Ctx, Page, Text, respond};

use crate::counts::Counts;
use crate::queue::{Narrow, Queue};
use crate::{log, stream, words};

/// A figure that leads to its list.
#[derive(Clone, Debug, Default)]
struct Figure {
    count: i64,
    href: String,
}

impl Figure {
    fn new(count: i64, queue: Queue, narrow: &Narrow) -> Self {
        Self { count, href: format!("/meja?antrean={}{}", queue.slug(), narrow.query()) }
    }
}

/// A tile: name, figure, tone.
struct Tile {
    label: String,
    figure: Figure,
    tone: &'static str,
}

/// One unit's line.
struct Line {
    unit: String,
    open: Figure,
    risk: Figure,
    late: Figure,
    ages: Vec<Figure>,
}

/// One unit's line of the matrix of units and kinds.
struct Cross {
    unit: String,
    cells: Vec<(Figure, Figure)>,
}

/// A choice of kind.
struct Tab {
    label: String,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    page: Page,
    tiles: Vec<Tile>,
    tabs: Vec<Tab>,
    ages: Vec<String>,
    lines: Vec<Line>,
    kinds: Vec<String>,
    crosses: Vec<Cross>,
    by_unit: Bars,
    by_age: Bars,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    jenis: String,
}

/// `GET /penyelia`.
pub(crate) async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Extension(counts): Extension<Counts>,
    Query(asked): Query<Asked>,
) -> Answer {
    if !staff.access.can_somewhere(Permission::BoardRead) {
        return Err(Refusal::Forbidden.into());
    }
    let (access, text) = (staff.access.clone(), staff.text());
    let kind: Option<Kind> = asked.jenis.parse().ok();
    // The head first: what comes after it is told to the page, whatever was counted before.
    let (units, head) = ctx
        .db
        .read(move |tx| Ok((tanggap_org::units(tx, &access)?, log::head(tx, access.agency_id)?)))
        .await?;
    let (cells, queues) = counts.board(&ctx, &staff).await?;
    let mut page = staff.page(&ctx, "desk-board-title");
    page.topics = stream::BOARD.to_owned();
    page.cursor = head.to_string();
    Ok(respond::html(build(page, text, kind, &cells, &queues, &units)))
}

fn build(
    page: Page,
    text: Text,
    kind: Option<Kind>,
    cells: &[Cell],
    queues: &Queues,
    units: &[Unit],
) -> BoardPage {
    let chosen: Vec<&Cell> =
        cells.iter().filter(|cell| kind.is_none_or(|kind| cell.kind == kind)).collect();
    let places = places(&chosen);
    let lines: Vec<Line> =
        places.iter().map(|unit| line(text, units, &chosen, *unit, kind)).collect();
    let ages: Vec<String> =
        (0..4).map(|age| text.t(format!("desk-age-{age}")).into_owned()).collect();
    let all = Narrow { kind, ..Narrow::default() };
    let by_age = ages.iter().enumerate().map(|(age, label)| {
        let count = chosen.iter().map(|cell| cell.ages[age]).sum();
        let figure = Figure::new(count, Queue::Open, &Narrow { age: Some(age), ..all });
        (label.clone(), figure.count, figure.href)
    });
    let by_age: Vec<_> = by_age.collect();
    let mut by_unit: Vec<_> =
        lines.iter().map(|l| (l.unit.clone(), l.late.count, l.late.href.clone())).collect();
    by_unit.retain(|row| row.1 > 0);
    by_unit.sort_by_key(|row| std::cmp::Reverse(row.1));
    let caption = |key: &str| text.t(key).into_owned();
    BoardPage {
        tiles: tiles(text, queues),
        tabs: tabs(text, kind),
        kinds: Kind::ALL.iter().map(|kind| words::kind(text, *kind)).collect(),
        crosses: self::places(&cells.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|unit| cross(text, units, cells, unit))
            .collect(),
        by_unit: Bars { page: text, caption: caption("desk-board-late-by-unit"), rows: by_unit },
        by_age: Bars { page: text, caption: caption("desk-board-by-age"), rows: by_age },
        ages,
        lines,
        page,
    }
}

fn tiles(text: Text, queues: &Queues) -> Vec<Tile> {
    let tile = |queue: Queue, tone| Tile {
        label: text.t(queue.key()).into_owned(),
        figure: Figure::new(queue.count(queues).unwrap_or(0), queue, &Narrow::default()),
        tone,
    };
    let alarm = |count: i64, tone| if count > 0 { tone } else { "good" };
    vec![
        tile(Queue::Open, "info"),
        tile(Queue::Verify, "info"),
        tile(Queue::Risk, alarm(queues.at_risk, "warn")),
        tile(Queue::Late, alarm(queues.overdue, "bad")),
        tile(Queue::Escalated, alarm(queues.escalated, "bad")),
        tile(Queue::Awaiting, alarm(queues.awaiting, "warn")),
    ]
}

fn tabs(text: Text, chosen: Option<Kind>) -> Vec<Tab> {
    let all = Tab {
        label: text.t("ui-all").into_owned(),
        href: "/penyelia".to_owned(),
        current: chosen.is_none(),
    };
    let tab = |kind: &Kind| Tab {
        label: words::kind(text, *kind),
        href: format!("/penyelia?jenis={kind}"),
        current: chosen == Some(*kind),
    };
    std::iter::once(all).chain(Kind::ALL.iter().map(tab)).collect()
}

/// The units that have open cases, the desk first, then those with most overdue.
fn places(cells: &[&Cell]) -> Vec<Option<UnitId>> {
    let mut places: Vec<Option<UnitId>> = cells.iter().map(|cell| cell.unit).collect();
    places.sort_unstable();
    places.dedup();
    let late = |unit: &Option<UnitId>| -> i64 {
        cells.iter().filter(|cell| cell.unit == *unit).map(|cell| cell.overdue).sum()
    };
    let open = |unit: &Option<UnitId>| -> i64 {
        cells.iter().filter(|cell| cell.unit == *unit).map(|cell| cell.open).sum()
    };
    places.sort_by_key(|unit| (unit.is_some(), std::cmp::Reverse((late(unit), open(unit)))));
    places
}

fn at(unit: Option<UnitId>, kind: Option<Kind>) -> Narrow {
    Narrow { unit, at_desk: unit.is_none(), kind, age: None }
}

fn line(
    text: Text,
    units: &[Unit],
    cells: &[&Cell],
    unit: Option<UnitId>,
    kind: Option<Kind>,
) -> Line {
    let here: Vec<&&Cell> = cells.iter().filter(|cell| cell.unit == unit).collect();
    let sum = |part: fn(&Cell) -> i64| here.iter().map(|cell| part(cell)).sum::<i64>();
    let narrow = at(unit, kind);
    let age = |age: usize| {
        let count = here.iter().map(|cell| cell.ages[age]).sum();
        Figure::new(count, Queue::Open, &Narrow { age: Some(age), ..narrow })
    };
    Line {
        unit: words::unit(text, units, unit),
        open: Figure::new(sum(|cell| cell.open), Queue::Open, &narrow),
        risk: Figure::new(sum(|cell| cell.at_risk), Queue::Risk, &narrow),
        late: Figure::new(sum(|cell| cell.overdue), Queue::Late, &narrow),
        ages: (0..4).map(age).collect(),
    }
}

fn cross(text: Text, units: &[Unit], cells: &[Cell], unit: Option<UnitId>) -> Cross {
    let cell = |kind: &Kind| {
        let found = cells.iter().find(|cell| cell.unit == unit && cell.kind == *kind);
        let narrow = at(unit, Some(*kind));
        let (open, late) = found.map_or((0, 0), |cell| (cell.open, cell.overdue));
        (Figure::new(open, Queue::Open, &narrow), Figure::new(late, Queue::Late, &narrow))
    };
    Cross { unit: words::unit(text, units, unit), cells: Kind::ALL.iter().map(cell).collect() }
}
