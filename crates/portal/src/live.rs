//! The reporter's page stays fresh: its browser listens in a room of the case, and each change of
//! the case sends a word there. The word carries nothing; the browser fetches the page again. What
//! changes in a talk goes to its visitor ([`crate::chat::live`]).

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use std::sync::Arc;
use tanggap_kernel::id;
use tanggap_store::Announced;
use tanggap_ui::live::{Room, Viewer, sse};
use tanggap_ui::{Answer, Ctx};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::door::Door;
use crate::track::{CodePath, proven};

/// What is sent: no facts, so that anybody may overhear it.
const WORD: &str = "1";

/// The most browsers that listen to one case in one language.
const LISTENERS_MAX: usize = 24;

/// `GET /lacak/{code}/arus`.
pub async fn stream(door: Door, headers: HeaderMap, Path(path): Path<CodePath>) -> Answer {
    // What changes while this is decided is heard as well.
    let events = door.ctx.db.subscribe();
    let Some(case) = proven(&door, &headers, &path.code).await? else {
        // 204 tells an event source not to come back.
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let viewer = Arc::new(Viewer::of(&door.access(), door.text().zone));
    let room = Room { topic: topic(case.id.0), viewer };
    if door.ctx.live.listening(&room) >= LISTENERS_MAX {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    }
    let receiver = door.ctx.live.join(room);
    Ok(sse(vec![receiver], until_pin_changes(events, case.id.0)))
}

/// Ends where the PIN may be another one than that which opened the stream: the browser asks again,
/// and is refused where it is.
async fn until_pin_changes(mut events: Receiver<Announced>, case: i64) {
    loop {
        match events.recv().await {
            Ok(event) if event.subject_id == case && event.kind == "case.pin_replaced" => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_) | RecvError::Closed) => return,
        }
    }
}

/// Rooms of their own: what is made for staff never goes there.
fn topic(case: i64) -> String {
    format!("parcel:{}", id::to_text(case))
}

/// Tells the reporters' rooms of every change of their case, for as long as the node runs.
pub fn spawn_reactions(ctx: Ctx) {
    tokio::spawn(async move {
        let mut announced = ctx.db.subscribe();
        loop {
            match announced.recv().await {
                Ok(event) if event.subject_kind == "case" => {
                    let wanted = topic(event.subject_id);
                    tell(&ctx, ctx.live.rooms(event.agency_id, |topic| topic == wanted));
                }
                Ok(event) if event.subject_kind == "talk" => {
                    if let Err(error) = crate::chat::live::tell(&ctx, &event).await {
                        tracing::warn!(%error, "a chat's visitor is told by the next change");
                    }
                }
                Ok(_) => {}
                // Something was missed: everybody looks for themselves.
                Err(RecvError::Lagged(_)) => {
                    let mut rooms = ctx.live.everywhere();
                    rooms.retain(|room| room.topic.starts_with("parcel:"));
                    tell(&ctx, rooms);
                    crate::chat::live::tell_gap(&ctx);
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn tell(ctx: &Ctx, rooms: Vec<Room>) {
    for room in rooms {
        ctx.live.send(&room, WORD);
    }
}
