//! The live board: a snapshot when a page begins to listen, then numbered differences, and a beat
//! in between.
//!
//! Each difference carries its number and that of the one before; a beat carries the number of the
//! last. So a page that has missed anything knows it with the next word, and one that hears no
//! word knows that too: it says since when it is stale and asks for a new snapshot.
//!
//! One task follows an agency while somebody watches. Events make it quick, and what it shows is
//! read again with every beat, so that a beat is a promise: this is what the database said then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::Response;
use serde_json::json;
use tanggap_calendar::Zone;
use tanggap_kernel::{Access, AgencyId, Result, Timestamp};
use tanggap_store::{Announced, Tx};
use tanggap_ui::live::{Note, Room, Says, Viewer, sse_after};
use tanggap_ui::{Ctx, Text};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior};

use super::state::{Audience, Change, Moment, change};

/// The topic of supervisors' boards.
const DESK: &str = "lines";
/// The topic of wallboards.
const WALL: &str = "wall";
/// Changes are told after so long, and no more often than that.
const GATHER: Duration = Duration::from_millis(500);
/// Something is heard at least so often.
const BEAT: Duration = Duration::from_secs(5);

/// The boards of this node that somebody watches.
#[derive(Clone, Default)]
pub(crate) struct Boards(Arc<Mutex<HashMap<AgencyId, Board>>>);

/// What was told last; nothing before the first reading.
#[derive(Default)]
struct Board {
    /// The number of the last difference.
    n: u64,
    moment: Option<Moment>,
}

const fn topic(audience: Audience) -> &'static str {
    match audience {
        Audience::Desk => DESK,
        Audience::Wall => WALL,
    }
}

impl Boards {
    fn lock(&self) -> MutexGuard<'_, HashMap<AgencyId, Board>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to listen: the snapshot comes first, and every difference after it.
    pub(crate) fn listen(
        &self,
        ctx: &Ctx,
        viewer: Viewer,
        audience: Audience,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Response {
        let (agency, zone) = (viewer.agency_id, viewer.zone);
        let room = Room { topic: topic(audience).to_owned(), viewer: Arc::new(viewer) };
        // Entered before the snapshot is taken, so that nothing falls between.
        let receiver = ctx.live.join(room.clone());
        let mut boards = self.lock();
        let snapshot = match boards.get(&agency) {
            Some(Board { n, moment: Some(moment) }) => told(&room, audience, None, moment, *n),
            // The first reading is told to all who listen.
            Some(Board { moment: None, .. }) => None,
            None => {
                boards.insert(agency, Board::default());
                let (ctx, boards) = (ctx.clone(), self.clone());
                let follower = Follower { ctx, boards, agency, zone };
                tokio::spawn(async move { follower.follow().await });
                None
            }
        };
        drop(boards);
        sse_after(snapshot.into_iter().collect(), vec![receiver], until)
    }
}

/// What one class of viewers is told.
fn told(
    room: &Room,
    audience: Audience,
    before: Option<(&Moment, u64)>,
    now: &Moment,
    n: u64,
) -> Option<Note> {
    let (text, access) = (text_of(room), room.viewer.access());
    let change = change(before.map(|(moment, _)| moment), now, (text, &access, audience));
    let change = change.inspect_err(|error| tracing::error!(%error, "a board does not render"));
    let change = change.ok()?;
    Some(note(text, now.at, n, before.map(|(_, n)| n), Some(&change)))
}

fn text_of(room: &Room) -> Text {
    Text { locale: room.viewer.locale, zone: room.viewer.zone }
}

/// A word to the pages: a snapshot (`prev` is null), a difference, or a beat (without a change).
fn note(text: Text, at: Timestamp, n: u64, prev: Option<u64>, change: Option<&Change>) -> Note {
    let mut says = json!({ "n": n, "at": text.time(at), "build": build() });
    if let Some(change) = change {
        says["prev"] = json!(prev);
        says["rows"] = json!(change.rows);
        says["gone"] = json!(change.gone);
    }
    Note { seq: None, says: Says::Stream(says.to_string().into()) }
}

/// What pages were made with: one that finds another here fetches itself again.
pub(super) fn build() -> &'static str {
    tanggap_ui::assets::asset("wall.js")
}

struct Follower {
    ctx: Ctx,
    boards: Boards,
    agency: AgencyId,
    zone: Zone,
}

impl Follower {
    async fn follow(&self) {
        let mut heard = self.ctx.db.subscribe();
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut due: Option<Instant> = None;
        loop {
            let gathered = async move {
                match due {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let beats = tokio::select! {
                event = heard.recv() => {
                    match event {
                        Ok(event) if !self.concerns(&event) => {}
                        Ok(_) | Err(RecvError::Lagged(_)) => {
                            due = due.or_else(|| Some(Instant::now() + GATHER));
                        }
                        Err(RecvError::Closed) => return,
                    }
                    continue;
                }
                () = gathered => false,
                _ = beat.tick() => true,
            };
            due = None;
            if beats && self.left() {
                return;
            }
            // Nothing is promised of what could not be read: the pages say that they are stale.
            if let Err(error) = self.look(beats).await {
                tracing::warn!(%error, "a board waits for the database");
            }
        }
    }

    fn concerns(&self, event: &Announced) -> bool {
        let kinds = ["work", "presence", "queue", "skill", "talk", "user", "agency"];
        event.agency_id == self.agency && kinds.contains(&event.subject_kind.as_str())
    }

    fn rooms(&self, audience: Audience) -> Vec<Room> {
        self.ctx.live.rooms(self.agency, |wanted| wanted == topic(audience))
    }

    /// Whether nobody watches any more; then the board is forgotten, under the same lock under
    /// which whoever comes next looks for it.
    fn left(&self) -> bool {
        let mut boards = self.boards.lock();
        let watched = [Audience::Desk, Audience::Wall].map(|a| !self.rooms(a).is_empty());
        if !watched.contains(&true) {
            boards.remove(&self.agency);
            return true;
        }
        false
    }

    /// Reads, and tells what is different; with a beat also that nothing is.
    async fn look(&self, beats: bool) -> Result<()> {
        let (agency, zone) = (self.agency, self.zone);
        let read = move |tx: &mut Tx<'_>| Moment::read(tx, &Access::system(agency), zone);
        let now = self.ctx.db.read(read).await?;
        let mut boards = self.boards.lock();
        let Some(board) = boards.get_mut(&agency) else { return Ok(()) };
        let before = board.moment.replace(now.clone());
        let is_new = before.as_ref().is_none_or(|before| !before.is_same(&now));
        let prev = before.as_ref().map(|before| (before, board.n));
        board.n += u64::from(is_new);
        for audience in [Audience::Desk, Audience::Wall] {
            for room in self.rooms(audience) {
                let note = match is_new {
                    true => told(&room, audience, prev, &now, board.n),
                    false if beats => Some(note(text_of(&room), now.at, board.n, None, None)),
                    false => None,
                };
                if let Some(note) = note {
                    self.ctx.live.tell(&room, note);
                }
            }
        }
        Ok(())
    }
}
