//! A visitor's stream: what is said in their talk, from where their browser stopped hearing.
//!
//! One room for each talk. Each change of the talk is read once and told to the room as JSON, the
//! message's number as the event's id; a browser that comes back says the last one it knows and
//! hears what came since. Typing and read marks are told and forgotten.

use axum::Extension;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use tanggap_calendar::Zone;
use tanggap_conversations::chat::{self, Visitor};
use tanggap_conversations::{InteractionId, MessageId};
use tanggap_kernel::{Access, AgencyId, Locale, Result};
use tanggap_store::Announced;
use tanggap_ui::Ctx;
use tanggap_ui::live::{Note, Room, Says, Viewer, sse_after};

use super::acts::Flood;
use super::view::{self, MessageView, TalkView};
use crate::door::Door;

/// The most browsers that listen to one talk.
const LISTENERS_MAX: usize = 12;

/// The room of a talk's visitor: what is told there is the same in every language.
fn room(agency: AgencyId, id: InteractionId) -> Room {
    let viewer = Viewer::of(&Access::citizen(agency, Locale::Id), Zone::Wib);
    Room { topic: chat::topic(id), viewer: Arc::new(viewer) }
}

fn said(messages: &[MessageView]) -> Note {
    let last = messages.last().map(|message| message.number.0);
    let text = json!({ "t": "said", "messages": messages }).to_string();
    Note { seq: last, says: Says::Stream(text.as_str().into()) }
}

fn told(text: &str) -> Note {
    Note { seq: None, says: Says::Stream(text.into()) }
}

fn state(visitor: &Visitor) -> Note {
    told(&json!({ "t": "state", "talk": TalkView::from(visitor) }).to_string())
}

/// The stream of a talk.
///
/// # Errors
/// A fault.
pub async fn stream(door: &Door, headers: &HeaderMap, visitor: &Visitor) -> Result<Response> {
    let room = room(door.agency.id, visitor.id);
    if door.ctx.live.listening(&room) >= LISTENERS_MAX {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    }
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = MessageId(last.and_then(|id| id.parse().ok()).unwrap_or(0));
    // Entered before what was missed is read, so that nothing falls between.
    let receiver = door.ctx.live.join(room);
    let (access, id, secrets) = (door.access(), visitor.id, door.ctx.secrets.clone());
    let (now, missed) = door
        .ctx
        .db
        .read(move |tx| {
            let from = chat::again_from(last);
            Ok((chat::visitor(tx, &access, id)?, view::messages(tx, &access, &secrets, id, from)?))
        })
        .await?;
    let mut first: Vec<Note> = now.iter().map(state).collect();
    if !missed.is_empty() {
        first.push(said(&missed));
    }
    Ok(sse_after(first, vec![receiver], std::future::pending()))
}

/// The visitor writes: told to those who have the talk open.
pub fn typing(ctx: &Ctx, agency: AgencyId, id: InteractionId, signs: &Flood, token: &str) {
    if signs.signs.pass(token.to_owned(), ctx.now()).is_ok() {
        tell_staff(ctx, agency, id, "typing");
    }
}

/// A sign for the pages of staff that show the talk.
pub(super) fn tell_staff(ctx: &Ctx, agency: AgencyId, id: InteractionId, sign: &str) {
    let wanted = format!("talk:{id}");
    for room in ctx.live.rooms(agency, |topic| topic == wanted) {
        let what = format!("action=\"chat-sign\" target=\"talk-signs-{id}\"");
        let action = format!("<turbo-stream {what} sign=\"{sign}\"></turbo-stream>");
        ctx.live.send(&room, &action);
    }
}

/// Tells a talk's visitor what changed in it.
///
/// # Errors
/// A fault of the engine.
pub async fn tell(ctx: &Ctx, event: &Announced) -> Result<()> {
    let id = InteractionId(event.subject_id);
    let room = room(event.agency_id, id);
    if ctx.live.listening(&room) == 0 {
        return Ok(());
    }
    let (access, secrets) = (Access::citizen(event.agency_id, Locale::Id), ctx.secrets.clone());
    let is_said = matches!(event.kind.as_str(), "talk.heard" | "talk.answered");
    let from = chat::about(event.at);
    let (visitor, messages) = ctx
        .db
        .read(move |tx| {
            let messages = match is_said {
                true => view::messages(tx, &access, &secrets, id, from)?,
                false => Vec::new(),
            };
            Ok((chat::visitor(tx, &access, id)?, messages))
        })
        .await?;
    if !messages.is_empty() {
        ctx.live.tell(&room, said(&messages));
    }
    if let Some(visitor) = visitor {
        ctx.live.tell(&room, state(&visitor));
    }
    Ok(())
}

/// Everybody who listens to a chat hears that something was missed.
pub fn tell_gap(ctx: &Ctx) {
    let rooms = ctx.live.everywhere();
    for room in rooms.iter().filter(|room| room.topic.starts_with("chat:")) {
        ctx.live.tell(room, Note { seq: None, says: Says::Gap });
    }
}

/// The limits of the chat, as handlers get them.
pub type Floods = Extension<Arc<Flood>>;
