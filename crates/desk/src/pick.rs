//! `/antrean/ambil`: what waits in the queues that one serves, in the order in which it would be
//! offered, to be taken by oneself where the queue allows it.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use tanggap_cases::model::CaseId;
use tanggap_cases::{actions as cases, talking};
use tanggap_conversations::InteractionId;
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp};
use tanggap_org::door::{SignedFields, Staff, flash};
use tanggap_routing::{Item, ItemId, Kind, actions, queries, store};
use tanggap_store::Tx;
use tanggap_ui::parts::Health;
use tanggap_ui::{Answer, Ctx, Failed, Page, Text, respond};

use crate::talks::language::Languages;
use crate::{duty, words};

pub(crate) const HOME: &str = "/antrean/ambil";
/// The most lines that are shown: the first to be served.
const ROWS: usize = 50;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().route(HOME, get(show)).route("/tugas/{id}/ambil", post(pick))
}

/// Something that waits.
struct Waits {
    id: String,
    title: String,
    queue: String,
    channel: String,
    language: Option<(String, String)>,
    entered_at: Timestamp,
    due: (Timestamp, Health),
    priority: bool,
}

#[derive(Template)]
#[template(path = "pick.html")]
struct PickPage {
    page: Page,
    rows: Vec<Waits>,
    /// Whether one serves a queue from which one may take.
    serves: bool,
    more: bool,
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    duty::may_work(&staff)?;
    let (access, text) = (staff.access.clone(), staff.text());
    let (rows, serves, more) = ctx.db.read(move |tx| read(tx, &access, text)).await?;
    let mut page = staff.page(&ctx, "desk-pick");
    page.topics = "talks".to_owned();
    Ok(respond::html(PickPage { page, rows, serves, more }))
}

fn read(tx: &mut Tx<'_>, access: &Access, text: Text) -> Result<(Vec<Waits>, bool, bool)> {
    let queues = queries::pickable(tx, access)?;
    let mut waiting = Vec::new();
    for queue in &queues {
        waiting.extend(store::waiting(tx, access, queue.id, ROWS as i64 + 1)?);
    }
    waiting.sort_unstable_by_key(|item| (item.due, item.id));
    let more = waiting.len() > ROWS;
    let languages = Languages::read(tx, access, text)?;
    let mut rows = Vec::new();
    for item in waiting.iter().take(ROWS) {
        let queue = queues.iter().find(|queue| queue.id == item.queue);
        if let (Some(queue), Some((title, language))) =
            (queue, seen(tx, access, text, item, &languages)?)
        {
            let (channel, _) = store::channel_and_note(tx, access, item.id)?;
            rows.push(Waits {
                id: item.id.to_string(),
                title: if title.is_empty() { queue.name.clone() } else { title },
                queue: queue.name.clone(),
                channel: words::channel(text, &channel),
                language,
                entered_at: item.entered_at,
                due: (item.due, if item.due < tx.now() { Health::Late } else { Health::Ok }),
                priority: item.priority,
            });
        }
    }
    Ok((rows, !queues.is_empty(), more))
}

/// What an item is called and its language, for those who may see what it is about.
#[expect(clippy::type_complexity, reason = "a title and a badge, for one caller")]
fn seen(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    item: &Item,
    languages: &Languages,
) -> Result<Option<(String, Option<(String, String)>)>> {
    let found = match item.kind {
        Kind::Talk => talking::open(tx, access, InteractionId(item.subject))
            .map(|(talk, _)| (talk.preview.clone(), languages.badge(text, &talk))),
        Kind::Case => {
            cases::load(tx, access, CaseId(item.subject)).map(|case| (case.subject, None))
        }
        Kind::Call => Ok((String::new(), None)),
    };
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Refused(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn pick(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    duty::may_work(&staff)?;
    let (id, access) = (ItemId::parse(&id).ok_or(Refusal::NotFound)?, staff.access.clone());
    let picked = ctx
        .db
        .write(move |tx| {
            let item = actions::pick(tx, &access, id)?;
            duty::own(tx, &access, &item)?;
            duty::href_of(tx, &access, &item)
        })
        .await;
    match picked {
        Ok(href) if href.is_empty() => Ok(respond::see_other(HOME)),
        Ok(href) => Ok(respond::see_other(&href)),
        Err(error) => not_any_more(&ctx, error),
    }
}

/// Somebody was quicker, or there is no room: it is said above the list as it is now.
fn not_any_more(ctx: &Ctx, error: Error) -> Result<Response, Failed> {
    match error {
        Error::Refused(Refusal::Stale) => Ok(flash(&ctx.site, HOME, "desk-flash-offer-gone")),
        Error::Refused(Refusal::Illegal(key)) => Ok(flash(&ctx.site, HOME, key)),
        other => Err(other.into()),
    }
}
