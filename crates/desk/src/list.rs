//! `/meja`: the queues, one list, and room for a case beside it.

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use tanggap_cases::queries::Queues;
use tanggap_conversations::MessageId;
use tanggap_kernel::paging::Cursor;
use tanggap_kernel::{Access, Permission, Result};
use tanggap_org::Unit;
use tanggap_org::door::Staff;
use tanggap_store::{Engine, Tx};
use tanggap_ui::{Answer, Ctx, Page, Text, respond};

use crate::counts::Counts;
use crate::queue::{self, Asked, Narrow, Queue};
use crate::row::{self, Row};
use crate::{denied, inquiries, log, search, stream, words};

/// Lines of one page.
pub(crate) const ROWS: i64 = 50;

/// Remembers in a browser which queue was looked at last, so that a case opens beside it.
pub(crate) const QUEUE_COOKIE: &str = "antrean";

/// One queue beside the list.
#[derive(Clone, Debug)]
pub(crate) struct QueueLink {
    pub href: String,
    pub label: String,
    pub icon: &'static str,
    pub count: Option<i64>,
    pub count_id: String,
    pub alarm: bool,
    pub current: bool,
}

/// The list pane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    pub title: String,
    pub count: Option<i64>,
    pub count_id: String,
    pub word: String,
    /// Its lines come one by one; any other list is fetched again as a whole.
    pub live_by_itself: bool,
    pub rows: Vec<Row>,
    pub next: Option<String>,
    pub limit: i64,
    pub q: String,
    pub narrowed: Option<String>,
    pub clear: String,
    pub export: String,
    pub may_register: bool,
}

impl Listing {
    /// What the page listens to.
    pub(crate) fn topics(&self) -> &'static str {
        if self.live_by_itself { stream::CASES } else { stream::LISTS }
    }
}

/// What the left half of the desk holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    pub queues: Vec<QueueLink>,
    pub list: Listing,
    /// Where the list comes from, where it comes by itself: beside a case, which is what was asked
    /// for and on a telephone all that is seen.
    pub src: String,
}

impl Left {
    /// The left half beside a case: the list of `queue` is fetched once it comes into sight.
    pub(crate) fn beside(staff: &Staff, queues: &Queues, queue: Queue) -> Self {
        let text = staff.text();
        let list = Listing {
            title: text.t(queue.key()).into_owned(),
            count: queue.count(queues),
            may_register: staff.access.can(Permission::CaseCreate, None),
            ..Listing::default()
        };
        let src = format!("/meja?antrean={}", queue.slug());
        Self { queues: links(text, staff, queues, Some(queue)), list, src }
    }
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    page: Page,
    left: Left,
}

/// The list alone, for a page that stands already.
#[derive(Template)]
#[template(path = "list.html")]
struct ListFrame {
    page: Page,
    left: Left,
}

/// The queues with their figures.
pub(crate) fn links(
    text: Text,
    staff: &Staff,
    queues: &Queues,
    current: Option<Queue>,
) -> Vec<QueueLink> {
    let link = |queue: Queue| QueueLink {
        href: format!("/meja?antrean={}", queue.slug()),
        label: text.t(queue.key()).into_owned(),
        icon: queue.icon(),
        count: queue.count(queues),
        count_id: row::count_id(&queue::word(queue, Some(staff.user.id))),
        alarm: queue.is_alarm(),
        current: current == Some(queue),
    };
    let asked = QueueLink {
        href: inquiries::HOME.to_owned(),
        label: text.t("inquiry-list").into_owned(),
        icon: "mail",
        count: Some(queues.inquiries),
        count_id: String::new(),
        alarm: false,
        current: false,
    };
    Queue::ALL.into_iter().map(link).chain([asked]).collect()
}

/// Reads one page of what was asked for.
pub(crate) fn listing(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    asked: &Asked,
    units: &[Unit],
    sqlite: bool,
) -> Result<(Listing, Option<Queue>)> {
    if !asked.q.trim().is_empty() {
        return Ok((found(tx, access, text, asked, units, sqlite)?, None));
    }
    let queue = Queue::parse(&asked.antrean).unwrap_or_else(|| Queue::first_of(access));
    let narrow = Narrow::of(asked);
    let page = queue::page(tx, access, queue, &narrow, Cursor::parse(&asked.setelah), ROWS)?;
    let whole = asked.setelah.is_empty() && page.next.is_none();
    let count = if whole {
        // A list that fits on the page shows what is on it.
        i64::try_from(page.rows.len()).ok()
    } else if queue == Queue::Done || narrow.is_none() {
        None
    } else {
        Some(queue::count(tx, access, queue, &narrow)?)
    };
    let address = format!("/meja?antrean={}{}", queue.slug(), narrow.query());
    let word = queue::word(queue, access.user());
    let live = narrow.is_none() && asked.setelah.is_empty();
    let listing = Listing {
        title: text.t(queue.key()).into_owned(),
        count,
        count_id: if narrow.is_none() {
            row::title_id(&row::count_id(&word))
        } else {
            String::new()
        },
        live_by_itself: live,
        word: if live { word } else { String::new() },
        rows: row::rows(tx, access, text, &page.rows, units)?,
        next: page.next.map(|cursor| format!("{address}&setelah={}", cursor.to_text())),
        limit: ROWS,
        q: String::new(),
        narrowed: narrowed(text, &narrow, units),
        clear: format!("/meja?antrean={}", queue.slug()),
        export: format!("/meja/unduh?antrean={}{}", queue.slug(), narrow.query()),
        may_register: access.can(Permission::CaseCreate, None),
    };
    Ok((listing, Some(queue)))
}

/// In words what a list is narrowed to.
fn narrowed(text: Text, narrow: &Narrow, units: &[Unit]) -> Option<String> {
    let mut parts = Vec::new();
    if narrow.unit.is_some() || narrow.at_desk {
        parts.push(words::unit(text, units, narrow.unit));
    }
    parts.extend(narrow.kind.map(|kind| words::kind(text, kind)));
    parts.extend(narrow.age.map(|age| text.t(format!("desk-age-{age}")).into_owned()));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn found(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    asked: &Asked,
    units: &[Unit],
    sqlite: bool,
) -> Result<Listing> {
    let after = MessageId::parse(&asked.setelah);
    let (cases, next) = search::cases(tx, access, &asked.q, after, ROWS, sqlite)?;
    let query = search::encoded(&asked.q);
    Ok(Listing {
        title: text.t("desk-found").into_owned(),
        count: (next.is_none() && after.is_none()).then(|| i64::try_from(cases.len()).unwrap_or(0)),
        rows: row::rows(tx, access, text, &cases, units)?,
        next: next.map(|after| format!("/meja?q={query}&setelah={after}")),
        limit: ROWS,
        q: asked.q.trim().to_owned(),
        clear: "/meja".to_owned(),
        may_register: access.can(Permission::CaseCreate, None),
        ..Listing::default()
    })
}

/// Whether the database is the embedded one: its full text is asked in its own words.
pub(crate) fn is_sqlite(ctx: &Ctx) -> bool {
    matches!(ctx.db.engine(), Engine::Sqlite(_))
}

/// `GET /meja`.
pub(crate) async fn show(
    State(ctx): State<Ctx>,
    Extension(counts): Extension<Counts>,
    staff: Staff,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    if !staff.access.can_somewhere(Permission::CaseRead) {
        return denied::tell(&ctx, &staff);
    }
    if let Some(code) = tanggap_kernel::code::parse(&asked.q) {
        return Ok(respond::see_other(&format!("/meja/{code}")));
    }
    let queues = counts.of(&ctx, &staff).await?;
    let (access, text, sqlite) = (staff.access.clone(), staff.text(), is_sqlite(&ctx));
    let (mut list, current, head) = ctx
        .db
        .read(move |tx| {
            log::head_ahead(tx, access.agency_id)?;
            let units = tanggap_org::units(tx, &access)?;
            let (list, queue) = listing(tx, &access, text, &asked, &units, sqlite)?;
            Ok((list, queue, log::head(tx, access.agency_id)?))
        })
        .await?;
    if let (Some(queue), None, None) = (current, list.count, &list.narrowed) {
        list.count = queue.count(&queues);
    }
    let mut page = staff.page_titled(list.title.clone());
    page.cursor = head.to_string();
    let queues = links(text, &staff, &queues, current);
    let left = Left { queues, list, src: String::new() };
    if headers.get("turbo-frame").is_some_and(|id| id == "kolom-daftar") {
        return Ok(respond::html(ListFrame { page, left }));
    }
    let mut response = respond::html(DeskPage { page, left });
    if let Some(queue) = current {
        let slug = queue.slug();
        let cookie = format!("{QUEUE_COOKIE}={slug}; Path=/meja; HttpOnly; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}
