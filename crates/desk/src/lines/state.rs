//! The queues and those on duty as they are at one moment, how one moment differs from another,
//! and the lines that show them: of the board of supervisors and of a wallboard.
//!
//! A line is rendered for a class of viewers, never for one person, so it holds neither a name of a
//! citizen nor a token; a wallboard's lines hold no name at all.

use std::collections::{HashMap, HashSet};

use askama::Template;
use serde::Serialize;
use tanggap_calendar::Zone;
use tanggap_conversations::InteractionId;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Permission, Result, Timestamp};
use tanggap_routing::queries::{self, AtWork, Figures, OnDuty};
use tanggap_routing::replies::{self, Answers};
use tanggap_routing::{Kind, Presence, QueueId, store};
use tanggap_store::Tx;
use tanggap_ui::Text;

use crate::words;

/// The field of a form whose token is put in later.
const NO_TOKEN: &str = "name=\"csrf\" value=\"\"";

/// A queue with its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub id: QueueId,
    pub name: String,
    pub active: bool,
    pub figures: Figures,
    /// How citizens' messages are answered there today.
    pub answers: Answers,
}

/// Somebody on duty, what they are at, and which queues they serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub who: OnDuty,
    pub at: Vec<AtWork>,
    /// All active queues, and whether they serve them.
    pub queues: Vec<(QueueId, String, bool)>,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// When it was read.
    pub at: Timestamp,
    pub lines: Vec<Line>,
    pub people: Vec<Person>,
}

/// The figures of all queues together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub figures: Figures,
    pub ready: usize,
    pub busy: usize,
    pub resting: usize,
}

impl Moment {
    /// Reads it; what is counted "today" begins with the day in `zone`.
    pub(crate) fn read(tx: &mut Tx<'_>, access: &Access, zone: Zone) -> Result<Self> {
        let at = tx.now();
        let today = zone.start_of_day(zone.local_date(at.as_micros()));
        let figures = queries::figures(tx, access, Timestamp::from_micros(today))?;
        let mut figures: HashMap<QueueId, Figures> = figures.into_iter().collect();
        let answers = replies::figures(tx, access, Timestamp::from_micros(today))?;
        let queues = store::queues(tx, access)?;
        let mut work: HashMap<UserId, Vec<AtWork>> = HashMap::new();
        for item in queries::at_work(tx, access)? {
            work.entry(item.user).or_default().push(item);
        }
        let serves: HashSet<_> = queries::serves(tx, access)?.into_iter().collect();
        let people = queries::on_duty(tx, access)?.into_iter().map(|who| Person {
            at: work.remove(&who.user).unwrap_or_default(),
            queues: queues
                .iter()
                .filter(|queue| queue.active)
                .map(|q| (q.id, q.name.clone(), serves.contains(&(who.user, q.id))))
                .collect(),
            who,
        });
        let lines = queues.iter().map(|queue| Line {
            id: queue.id,
            name: queue.name.clone(),
            active: queue.active,
            figures: figures.remove(&queue.id).unwrap_or_default(),
            answers: answers.get(&queue.id).copied().unwrap_or_default(),
        });
        Ok(Self { at, lines: lines.collect(), people: people.collect() })
    }

    /// Whether nothing differs but the time of reading.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.lines == other.lines && self.people == other.people
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for Line { figures, .. } in &self.lines {
            let sum = &mut totals.figures;
            sum.waiting += figures.waiting;
            sum.at_work += figures.at_work;
            sum.answered += figures.answered;
            sum.in_time += figures.in_time;
            sum.gone += figures.gone;
            sum.gone_early += figures.gone_early;
            sum.oldest = [sum.oldest, figures.oldest].into_iter().flatten().min();
            sum.due = [sum.due, figures.due].into_iter().flatten().min();
        }
        for Person { who, .. } in &self.people {
            match who.presence {
                Presence::Ready => totals.ready += 1,
                Presence::Busy | Presence::WrapUp => totals.busy += 1,
                _ => totals.resting += 1,
            }
        }
        totals
    }
}

impl Totals {
    /// Those who are not ready, in words.
    fn others(&self, text: &Text) -> String {
        let (busy, resting) = (self.busy as i64, self.resting as i64);
        text.t2("desk-line-crew-others", ("busy", busy), ("resting", resting)).into_owned()
    }
}

/// For whom lines are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Supervisors, at the desk.
    Desk,
    /// A screen on a wall, which anybody may pass by.
    Wall,
}

/// One line as the page puts it into its list, or exchanges it there.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// In which list of the page.
    list: &'static str,
    /// Its id in the page.
    id: String,
    /// Its place in the list, as text.
    sort: String,
    html: String,
}

/// What changed since an earlier moment; everything, where there is none.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Change {
    pub rows: Vec<Row>,
    /// The ids of lines that are no more.
    pub gone: Vec<String>,
}

#[derive(Template)]
#[template(path = "lines_total.html")]
struct DeskTotals<'a> {
    page: Text,
    totals: &'a Totals,
    now_ms: i64,
}

#[derive(Template)]
#[template(path = "lines_queue.html")]
struct DeskLine<'a> {
    page: Text,
    line: &'a Line,
    now_ms: i64,
    may_set: bool,
}

#[derive(Template)]
#[template(path = "lines_person.html")]
struct DeskPerson<'a> {
    page: Text,
    person: &'a Person,
    doing: Vec<Doing>,
    now_ms: i64,
}

#[derive(Template)]
#[template(path = "wall_total.html")]
struct WallTotals<'a> {
    page: Text,
    totals: &'a Totals,
    now_ms: i64,
}

#[derive(Template)]
#[template(path = "wall_queue.html")]
struct WallLine<'a> {
    page: Text,
    line: &'a Line,
    now_ms: i64,
}

/// One thing that somebody is at.
struct Doing {
    label: String,
    href: String,
    rings: bool,
    since_ms: i64,
}

const fn ms(at: Timestamp) -> i64 {
    at.as_micros() / 1000
}

impl Person {
    fn doing(&self, text: Text, access: &Access) -> Vec<Doing> {
        let doing = |item: &AtWork| Doing {
            label: words::channel(text, &item.channel),
            href: match item.kind {
                Kind::Talk if access.can(Permission::TalkRead, None) => {
                    format!("/percakapan/{}", InteractionId(item.subject))
                }
                _ => String::new(),
            },
            rings: item.rings,
            since_ms: ms(item.since),
        };
        self.at.iter().map(doing).collect()
    }

    fn presence_label(&self, text: &Text) -> String {
        let word = self.who.presence.as_str().replace('_', "-");
        text.t(format!("desk-duty-{word}")).into_owned()
    }

    fn serving(&self) -> String {
        let named = self.queues.iter().filter(|(_, _, serves)| *serves);
        named.map(|(_, name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Line {
    fn row_id(&self) -> String {
        format!("antrean-{}", self.id)
    }
}

impl Person {
    fn row_id(&self) -> String {
        format!("petugas-{}", self.who.user)
    }

    fn sort(&self) -> String {
        format!("{} {}", self.who.name.to_lowercase(), self.who.user)
    }
}

/// Renders lines for one class of viewers.
struct Pen<'a> {
    text: Text,
    access: &'a Access,
    audience: Audience,
    now_ms: i64,
}

impl Pen<'_> {
    fn totals(&self, totals: &Totals) -> Result<String, askama::Error> {
        let (page, now_ms) = (self.text, self.now_ms);
        match self.audience {
            Audience::Desk => DeskTotals { page, totals, now_ms }.render(),
            Audience::Wall => WallTotals { page, totals, now_ms }.render(),
        }
    }

    fn line(&self, line: &Line) -> Result<String, askama::Error> {
        let (page, now_ms) = (self.text, self.now_ms);
        let may_set = self.access.can(Permission::OrgManage, None);
        match self.audience {
            Audience::Desk => DeskLine { page, line, now_ms, may_set }.render(),
            Audience::Wall => WallLine { page, line, now_ms }.render(),
        }
    }

    fn person(&self, person: &Person) -> Result<String, askama::Error> {
        let doing = person.doing(self.text, self.access);
        DeskPerson { page: self.text, person, doing, now_ms: self.now_ms }.render()
    }
}

/// The lines of `now` that were not so in `before`, as `access` sees them.
///
/// # Errors
/// Where a template does not render.
pub(crate) fn change(
    before: Option<&Moment>,
    now: &Moment,
    (text, access, audience): (Text, &Access, Audience),
) -> Result<Change, askama::Error> {
    let pen = Pen { text, access, audience, now_ms: ms(now.at) };
    let mut change = Change::default();
    let totals = now.totals();
    if before.map(Moment::totals).as_ref() != Some(&totals) {
        let (list, id, sort) = ("ringkasan", "ringkasan-angka".to_owned(), String::new());
        change.rows.push(Row { list, id, sort, html: pen.totals(&totals)? });
    }
    let known: HashMap<_, _> =
        before.iter().flat_map(|m| &m.lines).map(|line| (line.id, line)).collect();
    let on_wall = |line: &&Line| audience == Audience::Desk || line.active;
    for line in now.lines.iter().filter(on_wall) {
        if known.get(&line.id) != Some(&line) {
            let (id, sort) = (line.row_id(), line.id.to_string());
            change.rows.push(Row { list: "antrean", id, sort, html: pen.line(line)? });
        }
    }
    let still: HashSet<_> = now.lines.iter().filter(on_wall).map(|line| line.id).collect();
    let gone = known.values().filter(|line| !still.contains(&line.id));
    change.gone.extend(gone.map(|line| line.row_id()));
    if audience == Audience::Wall {
        return Ok(change);
    }
    let known: HashMap<_, _> =
        before.iter().flat_map(|m| &m.people).map(|p| (p.who.user, p)).collect();
    for person in &now.people {
        if known.get(&person.who.user) != Some(&person) {
            let (id, sort) = (person.row_id(), person.sort());
            change.rows.push(Row { list: "petugas", id, sort, html: pen.person(person)? });
        }
    }
    let still: HashSet<_> = now.people.iter().map(|person| person.who.user).collect();
    let gone = known.values().filter(|person| !still.contains(&person.who.user));
    change.gone.extend(gone.map(|person| person.row_id()));
    Ok(change)
}

impl Change {
    /// The lines of one list, for the page as the server renders it: with its reader's token in
    /// their forms, which in lines that many share is left out and put in by the browser.
    pub(crate) fn list(&self, list: &str, csrf: &str) -> String {
        let of = self.rows.iter().filter(|row| row.list == list);
        let html: String = of.map(|row| row.html.as_str()).collect();
        html.replace(NO_TOKEN, &format!("name=\"csrf\" value=\"{csrf}\""))
    }
}
