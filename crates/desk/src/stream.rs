//! `/arus`: the stream of changes, one for each browser, and the words of its topics.
//!
//! Topics: `cases` (lines of lists and figures), `lists` (lists fetched as a whole), `case:ID`
//! (one case), `talks` and `talk:ID` (talks, fetched as a whole), `unit` (what units owe), `board`
//! (the supervisor's figures). A topic that one may not hear is not entered, silently.

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use tanggap_cases::model::{Case, CaseId};
use tanggap_cases::{actions, rules, talking};
use tanggap_conversations::InteractionId;
use tanggap_kernel::{AgencyId, Error, Permission, Refusal, Result};
use tanggap_org::door::{Staff, until_session_ends};
use tanggap_store::Announced;
use tanggap_ui::live::{Note, Room, Says, Viewer, sse_after};
use tanggap_ui::{Answer, Ctx, Text};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::presence::{Here, Presence};
use crate::{duty, log, presence, reactions};

/// The most topics that one browser listens to.
const TOPICS_MAX: usize = 40;
/// The most events that are sent again after a pause; more than that is a gap.
const MISSED_MAX: i64 = 100;

/// The topic of all lists.
pub(crate) const CASES: &str = "cases";
/// The topic of lists that are fetched as a whole: narrowed ones and what a search found.
pub(crate) const LISTS: &str = "lists";
/// The topic of what units owe.
pub(crate) const UNIT: &str = "unit";
/// The topic of the supervisor's figures.
pub(crate) const BOARD: &str = "board";

/// The topic of the lists of talks.
pub(crate) const TALKS: &str = "talks";

/// The topic of those whom an open complaint is about, in place of `cases` and `lists`: what others
/// share is not theirs, so their pages fetch themselves again.
pub(crate) const ALONE: &str = "alone";

/// The topic of one case.
pub(crate) fn topic_of(case: CaseId) -> String {
    format!("case:{case}")
}

/// The topic of one talk.
pub(crate) fn topic_of_talk(talk: InteractionId) -> String {
    format!("talk:{talk}")
}

/// Whether a topic is one case or one talk.
fn is_place(topic: &str) -> bool {
    topic.starts_with("case:") || topic.starts_with("talk:")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    topics: String,
    topik: String,
    last: String,
}

/// `GET /arus?topics=cases+case:ID&last=N`.
pub(crate) async fn listen(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(wanted): Query<Wanted>,
    Extension(presence): Extension<Presence>,
    headers: HeaderMap,
) -> Answer {
    // What changes while this is decided is heard as well.
    let events = ctx.db.subscribe();
    let topics = allowed(&ctx, &staff, &wanted).await?;
    let viewer = std::sync::Arc::new(staff.viewer());
    // Entered before what was missed is read, so that nothing falls between.
    let receivers = topics
        .iter()
        .map(|topic| ctx.live.join(Room { topic: topic.clone(), viewer: viewer.clone() }))
        .collect();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or(&wanted.last);
    let mut missed = match last.parse() {
        Ok(seq) => missed(&ctx, &viewer, &topics, seq).await?,
        Err(_) => Vec::new(),
    };
    // Who looks is no event: whoever came between the page and its stream is told of here.
    for topic in topics.iter().filter(|topic| is_place(topic)) {
        let here = presence.here(viewer.agency_id, topic, None, ctx.now());
        let page = Text { locale: viewer.locale, zone: viewer.zone };
        if here.len() > 1
            && let Some(html) = presence_html(page, topic, &here)
        {
            missed.push(Note { seq: None, says: Says::Stream(html.as_str().into()) });
        }
    }
    let until = until_sight_changes(&ctx, &staff, events, (wanted, topics));
    Ok(sse_after(missed, receivers, until))
}

/// Ends with the session, with the rights of its owner, and when they may see something no more
/// that they listen to, or are complained of: then they ask again for what is theirs.
fn until_sight_changes(
    ctx: &Ctx,
    staff: &Staff,
    mut events: Receiver<Announced>,
    (wanted, topics): (Wanted, Vec<String>),
) -> impl Future<Output = ()> + Send + 'static {
    let session = until_session_ends(ctx, staff);
    let (ctx, staff) = (ctx.clone(), staff.clone());
    let sight = async move {
        loop {
            let concerned = match events.recv().await {
                Ok(event) => event.agency_id == staff.agency.id && may_hide(&event, &topics),
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            };
            if !concerned {
                continue;
            }
            match allowed(&ctx, &staff, &wanted).await {
                Ok(now) if now == topics => {}
                Err(Error::Fault(_)) => {}
                _ => return,
            }
        }
    };
    async move {
        tokio::select! { () = session => {}, () = sight => {} }
    }
}

/// Whether an event may change who sees one of these topics.
fn may_hide(event: &Announced, topics: &[String]) -> bool {
    let id = event.subject_id;
    let place = match event.subject_kind.as_str() {
        "case" if event.kind == "case.concerned" => return true,
        "case" => topic_of(CaseId(id)),
        "talk" => topic_of_talk(InteractionId(id)),
        _ => return false,
    };
    topics.contains(&place)
}

async fn allowed(ctx: &Ctx, staff: &Staff, wanted: &Wanted) -> Result<Vec<String>> {
    let all = format!("{} {}", wanted.topics, wanted.topik);
    let asked = all.split([' ', ',', '+']).filter(|topic| !topic.is_empty()).take(TOPICS_MAX);
    let (agency, user) = (staff.agency.id, staff.user.id);
    let alone = ctx.db.read(move |tx| Ok(log::is_complained_of(tx, agency, user)?)).await?;
    let mut topics = Vec::new();
    for topic in asked {
        let topic = if alone && [CASES, LISTS].contains(&topic) { ALONE } else { topic };
        let may = match topic.strip_prefix("case:") {
            Some(id) => may_hear(ctx, staff, id).await?,
            None if topic.starts_with("person:") => topic == duty::topic_of(staff.user.id),
            None if topic == TALKS => staff.access.can(Permission::TalkRead, None),
            None if topic.starts_with("talk:") => may_hear_talk(ctx, staff, topic).await?,
            None if topic == BOARD => staff.access.can_somewhere(Permission::BoardRead),
            None => {
                [CASES, LISTS, UNIT, ALONE].contains(&topic)
                    && staff.access.can_somewhere(Permission::CaseRead)
            }
        };
        if may {
            topics.push(topic.to_owned());
        }
    }
    topics.sort_unstable();
    topics.dedup();
    Ok(topics)
}

async fn may_hear_talk(ctx: &Ctx, staff: &Staff, topic: &str) -> Result<bool> {
    let id = topic.strip_prefix("talk:").and_then(InteractionId::parse);
    let Some(id) = id else { return Ok(false) };
    let access = staff.access.clone();
    match ctx.db.read(move |tx| talking::open(tx, &access, id)).await {
        Ok(_) => Ok(true),
        Err(Error::Refused(Refusal::NotFound)) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn may_hear(ctx: &Ctx, staff: &Staff, id: &str) -> Result<bool> {
    let Some(id) = CaseId::parse(id) else { return Ok(false) };
    let access = staff.access.clone();
    match ctx.db.read(move |tx| actions::load(tx, &access, id)).await {
        Ok(_) => Ok(true),
        Err(Error::Refused(Refusal::NotFound)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// What happened after event number `seq`, told again.
async fn missed(ctx: &Ctx, viewer: &Viewer, topics: &[String], seq: i64) -> Result<Vec<Note>> {
    let agency = viewer.agency_id;
    let (head, cases) = ctx
        .db
        .read(move |tx| {
            let head = log::head(tx, agency)?;
            if head <= seq {
                return Ok((head, Some(Vec::new())));
            }
            Ok((head, log::cases_since(tx, agency, seq, MISSED_MAX)?))
        })
        .await?;
    let Some(cases) = cases else {
        return Ok(vec![Note { seq: Some(head), says: Says::Gap }]);
    };
    let others = |topic: &&String| ["person:", "talk"].iter().any(|kind| topic.starts_with(kind));
    let (others, topics): (Vec<_>, Vec<_>) = topics.iter().partition(others);
    let mut notes = Vec::new();
    if head > seq {
        notes.extend(others.into_iter().map(|topic| Note {
            seq: Some(head),
            says: match topic.starts_with("person:") {
                true => Says::Stream(duty::RELOAD.into()),
                false => Says::Refresh(topic.as_str().into()),
            },
        }));
    }
    if cases.is_empty() {
        return Ok(notes);
    }
    let fresh = reactions::Fresh::load(ctx, agency, cases).await?;
    for topic in topics {
        let room = Room { topic: topic.clone(), viewer: std::sync::Arc::new(viewer.clone()) };
        notes.extend(fresh.notes(&room, head));
    }
    Ok(notes)
}

#[derive(Template)]
#[template(path = "presence.html")]
struct PresenceStream {
    page: Text,
    id: String,
    line: String,
}

/// Tells all who look at a place, and may see now what it is about, who does.
pub(crate) fn tell_presence(
    ctx: &Ctx,
    agency: AgencyId,
    (topic, about): (&str, Option<&Case>),
    here: &[Here],
) {
    let sees = |viewer: &Viewer| {
        // A room does not know whose eyes are in it; who may see the case asks by themself.
        about.is_none_or(|case| {
            case.reported_user_id.is_none() && rules::may_see(case, &viewer.access())
        })
    };
    for room in ctx.live.rooms(agency, |wanted| wanted == topic) {
        if !sees(&room.viewer) {
            continue;
        }
        let page = Text { locale: room.viewer.locale, zone: room.viewer.zone };
        if let Some(html) = presence_html(page, topic, here) {
            ctx.live.send(&room, &html);
        }
    }
}

/// The line of who looks, as Turbo Stream elements.
pub(crate) fn presence_html(page: Text, topic: &str, here: &[Here]) -> Option<String> {
    let (_, id) = topic.split_once(':')?;
    let line = presence::line(page, here);
    PresenceStream { page, id: id.to_owned(), line }.render().ok()
}

#[derive(Template)]
#[template(path = "toast.html")]
struct Toast {
    page: Text,
    text: String,
    href: String,
}

/// Tells those in a room something that leads somewhere.
pub(crate) fn toast(ctx: &Ctx, room: &Room, key: &str, href: String) {
    let page = Text { locale: room.viewer.locale, zone: room.viewer.zone };
    let text = page.t(key).into_owned();
    if let Ok(html) = (Toast { page, text, href }).render() {
        ctx.live.send(room, &html);
    }
}
