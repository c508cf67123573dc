//! `/kehadiran`: what one is doing, what rings at one, and what one is at. It stands in the top bar
//! of every page of staff who take work, in a frame of its own that fetches itself again when
//! something of theirs changes; without scripts it is a page.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tanggap_cases::actions::{self as cases, Move};
use tanggap_cases::model::CaseId;
use tanggap_cases::rules::Action;
use tanggap_cases::{overdue, talking};
use tanggap_conversations::{InteractionId, talks};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Error, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{SignedFields, Staff, flash};
use tanggap_routing::{Item, ItemId, ItemState, Kind, Presence, actions, queries, store};
use tanggap_store::{Announced, Tx};
use tanggap_ui::{Answer, Ctx, Page, Text, respond};

use crate::talks::asides::{self, Question};
use crate::{log, reminders, stream};

const HOME: &str = "/kehadiran";

/// Has what stands in one's bar fetched again.
pub(crate) const RELOAD: &str =
    "<turbo-stream action=\"reload\" target=\"kehadiran-isi\"></turbo-stream>";

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(show).post(choose))
        .route("/kehadiran/tanda", post(beat))
        .route("/kehadiran/lewat", post(read_overdue))
        .route("/tawaran/{id}/terima", post(accept))
        .route("/tawaran/{id}/tolak", post(decline))
        .route("/tugas/{id}/selesai", post(end))
}

/// The topic of what concerns one person.
pub(crate) fn topic_of(user: UserId) -> String {
    format!("person:{user}")
}

/// Something that rings at one, or that one is at.
struct Work {
    id: String,
    title: String,
    queue: String,
    channel: String,
    /// What the one who handed it over wrote.
    note: String,
    href: String,
    entered_at: Timestamp,
    /// When it stops to ring, in milliseconds.
    until_ms: i64,
    /// Why it may be declined: word and text.
    reasons: Vec<(&'static str, String)>,
}

/// A presence that one may choose.
struct Wish {
    word: &'static str,
    label: String,
    is_now: bool,
}

struct Duty {
    /// On a page of its own, all of it open; else in the bar, behind a menu.
    is_page: bool,
    topic: String,
    word: &'static str,
    label: String,
    since: Timestamp,
    now_ms: i64,
    since_ms: i64,
    wishes: Vec<Wish>,
    rings: Vec<Work>,
    held: Vec<Work>,
    /// How many of one's reminders have come.
    reminders: i64,
    /// Whether one may take what waits by oneself.
    picks: bool,
    /// What colleagues ask one.
    questions: Vec<Question>,
    /// What is overdue, until one has read it.
    overdue: Option<Overdue>,
}

/// This morning's notice of what is overdue.
struct Overdue {
    parts: Vec<String>,
    href: &'static str,
}

impl Overdue {
    fn of(text: Text, access: &Access, notice: overdue::Notice) -> Self {
        let parts = [
            ("desk-overdue-own", notice.own),
            ("desk-overdue-untaken", notice.untaken),
            ("desk-overdue-escalated", notice.escalated),
        ];
        let some = parts.into_iter().filter(|(_, n)| *n > 0);
        Self {
            parts: some.map(|(key, n)| text.t1(key, "n", n).into_owned()).collect(),
            href: late_list(access),
        }
    }
}

/// Where one sees what is overdue: at the desk, or at one's unit.
fn late_list(access: &Access) -> &'static str {
    let at_desk = access.can_somewhere(Permission::CaseForward);
    if at_desk { "/meja?antrean=lewat" } else { "/unit?bagian=lewat" }
}

/// Tells whoever has a new notice, wherever they are; and what stands in their bar follows.
pub(crate) fn tell_overdue(ctx: &Ctx, event: &Announced) {
    let topic = topic_of(UserId(event.subject_id));
    for room in ctx.live.rooms(event.agency_id, |wanted| wanted == topic) {
        ctx.live.send(&room, RELOAD);
        if event.kind == "overdue.told" {
            let href = late_list(&room.viewer.access());
            stream::toast(ctx, &room, "desk-overdue-toast", href.to_owned());
        }
    }
}

async fn read_overdue(State(ctx): State<Ctx>, SignedFields { staff, .. }: SignedFields) -> Answer {
    may_work(&staff)?;
    let access = staff.access.clone();
    ctx.db.write(move |tx| overdue::read(tx, &access)).await?;
    Ok(respond::see_other(HOME))
}

#[derive(Template)]
#[template(path = "duty.html")]
struct DutyPage {
    page: Page,
    duty: Duty,
}

#[derive(Template)]
#[template(path = "duty_frame.html")]
struct DutyFrame {
    page: Page,
    duty: Duty,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// By the page's own frame.
    halaman: String,
}

async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    may_work(&staff)?;
    let mut duty = load(&ctx, &staff).await?;
    let mut page = staff.page(&ctx, "desk-duty");
    duty.is_page = !headers.contains_key("turbo-frame") || !asked.halaman.is_empty();
    if headers.contains_key("turbo-frame") {
        return Ok(respond::html(DutyFrame { page, duty }));
    }
    page.duty.clear();
    Ok(respond::html(DutyPage { page, duty }))
}

pub(crate) fn may_work(staff: &Staff) -> Result<()> {
    let may = staff.access.can_somewhere(Permission::RouteWork);
    if may { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

const fn ms(at: Timestamp) -> i64 {
    at.as_micros() / 1000
}

async fn load(ctx: &Ctx, staff: &Staff) -> Result<Duty> {
    let (access, user, text) = (staff.access.clone(), staff.user.id, staff.text());
    ctx.db
        .read(move |tx| {
            let now = tx.now();
            let agent = store::agent(tx, &access, user)?;
            let (presence, since) =
                agent.map_or((Presence::Offline, now), |agent| (agent.presence, agent.since));
            let label = |presence: Presence| {
                text.t(format!("desk-duty-{}", presence.as_str().replace('_', "-"))).into_owned()
            };
            let (mut rings, mut held) = (Vec::new(), Vec::new());
            for item in store::items_of(tx, &access, user)? {
                if store::is_about(tx, &access, &item, user)? {
                    continue;
                }
                let mut work = work_of(tx, &access, &item)?;
                work.channel = text.t(format!("case-channel-{}", work.channel)).into_owned();
                match item.state {
                    ItemState::Offered { until, .. } if until > now => {
                        work.until_ms = ms(until);
                        let reason = |word: &'static str| {
                            let key = format!("desk-decline-{}", word.replace('_', "-"));
                            (word, text.t(key).into_owned())
                        };
                        work.reasons = actions::DECLINE_REASONS.map(reason).to_vec();
                        rings.push(work);
                    }
                    ItemState::Accepted { .. } => held.push(work),
                    _ => {}
                }
            }
            let wish = |wish: Presence| Wish {
                word: wish.as_str(),
                label: label(wish),
                is_now: wish == presence,
            };
            Ok(Duty {
                is_page: false,
                topic: topic_of(user),
                word: presence.as_str(),
                label: label(presence),
                since,
                now_ms: ms(now),
                since_ms: ms(since),
                wishes: Presence::CHOSEN.map(wish).into(),
                rings,
                held,
                reminders: reminders::due(tx, &access)?,
                picks: !queries::pickable(tx, &access)?.is_empty(),
                questions: asides::questions(tx, &access)?,
                overdue: overdue::mine(tx, &access)?.map(|it| Overdue::of(text, &access, it)),
            })
        })
        .await
}

fn work_of(tx: &mut Tx<'_>, access: &Access, item: &Item) -> Result<Work> {
    let queue = store::queue(tx, access, item.queue)?;
    let (title, code) = match item.kind {
        Kind::Case => log::title_of_case(tx, access, item.subject)?,
        Kind::Talk => log::title_of_talk(tx, access, item.subject)?,
        Kind::Call => (String::new(), None),
    };
    let (channel, note) = store::channel_and_note(tx, access, item.id)?;
    Ok(Work {
        id: item.id.to_string(),
        title: if title.is_empty() { queue.name.clone() } else { title },
        queue: queue.name,
        channel,
        note,
        href: match (item.kind, code) {
            (Kind::Talk, _) => format!("/percakapan/{}", InteractionId(item.subject)),
            (_, Some(code)) => format!("/meja/{code}"),
            (_, None) => String::new(),
        },
        entered_at: item.entered_at,
        until_ms: 0,
        reasons: Vec::new(),
    })
}

/// Where one works at it.
pub(crate) fn href_of(tx: &mut Tx<'_>, access: &Access, item: &Item) -> Result<String> {
    Ok(work_of(tx, access, item)?.href)
}

async fn choose(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    may_work(&staff)?;
    let presence = Presence::parse(fields.get("presence"));
    let presence = presence.ok_or(Refusal::field("presence", "ui-invalid-choice"))?;
    let access = staff.access.clone();
    ctx.db.write(move |tx| actions::choose(tx, &access, presence)).await?;
    Ok(respond::see_other(HOME))
}

async fn beat(State(ctx): State<Ctx>, SignedFields { staff, .. }: SignedFields) -> Answer {
    may_work(&staff)?;
    let access = staff.access.clone();
    ctx.db.write(move |tx| actions::beat(tx, &access)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn item_of(id: &str) -> Result<ItemId> {
    Ok(ItemId::parse(id).ok_or(Refusal::NotFound)?)
}

async fn accept(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    let (id, access) = (item_of(&id)?, staff.access.clone());
    let accepted = ctx
        .db
        .write(move |tx| {
            let item = actions::accept(tx, &access, id)?;
            own(tx, &access, &item)?;
            Ok(work_of(tx, &access, &item)?.href)
        })
        .await;
    match accepted {
        Ok(href) if href.is_empty() => Ok(respond::see_other(HOME)),
        Ok(href) => Ok(respond::see_other(&href)),
        Err(error) => gone(&ctx, error),
    }
}

/// What was accepted is theirs from now on.
pub(crate) fn own(tx: &mut Tx<'_>, access: &Access, item: &Item) -> Result<()> {
    match item.kind {
        Kind::Case => {
            let action = Action::Assign { user: access.user() };
            let case = CaseId(item.subject);
            cases::act(tx, access, &Move { case, version: None, action, attachments: vec![] })?;
            Ok(())
        }
        Kind::Talk => {
            let talk = talks::get(tx, access, InteractionId(item.subject))?;
            talks::assign(tx, access, talk, access.user())?;
            Ok(())
        }
        Kind::Call => Ok(()),
    }
}

async fn decline(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let (id, access) = (item_of(&id)?, staff.access.clone());
    let reason = fields.get("reason").to_owned();
    match ctx.db.write(move |tx| actions::decline(tx, &access, id, &reason)).await {
        Ok(()) => Ok(respond::see_other(HOME)),
        Err(error) => gone(&ctx, error),
    }
}

async fn end(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    let (id, access) = (item_of(&id)?, staff.access.clone());
    let ended = ctx
        .db
        .write(move |tx| {
            let item = store::item(tx, &access, id)?;
            if item.state.agent() != access.user() {
                return Err(Refusal::NotFound.into());
            }
            if item.kind == Kind::Talk {
                // Nobody has a talk whose work is done: it is over, and what it was about is noted.
                let talk = talking::end(tx, &access, InteractionId(item.subject))?;
                return Ok(format!("/percakapan/{}", talk.id));
            }
            actions::end(tx, &access, id)?;
            Ok(HOME.to_owned())
        })
        .await;
    match ended {
        Ok(path) => Ok(respond::see_other(&path)),
        Err(error) => gone(&ctx, error),
    }
}

/// Too late is no failure: it is said, and the page shows what is so now.
fn gone(ctx: &Ctx, error: Error) -> Result<Response, tanggap_ui::Failed> {
    match error {
        Error::Refused(Refusal::Illegal("routing-gone") | Refusal::Stale) => {
            Ok(flash(&ctx.site, HOME, "desk-flash-offer-gone"))
        }
        other => Err(other.into()),
    }
}
