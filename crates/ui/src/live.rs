//! Who watches what, and how a change reaches them.
//!
//! A room is a topic as seen by a class of people: same agency, same rights, same language. A
//! change is rendered once for each room that somebody is in, and the same bytes go to all of
//! them, so that 2,000 browsers do not mean 2,000 renders. A viewer is a value, never a role
//! name: two people share bytes only if they may see exactly the same. Buffers are bounded; who
//! is too slow is told to fetch the page again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use tanggap_calendar::Zone;
use tanggap_kernel::{Access, AgencyId, Grant, Locale, id::UnitId};
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

/// Messages that a slow browser may lag behind before it has to fetch the page again.
const BEHIND_MAX: usize = 256;

/// The rights and language that decide what is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The agency.
    pub agency_id: AgencyId,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// The units they belong to.
    pub member_of: Vec<UnitId>,
    /// The language they read.
    pub locale: Locale,
    /// The zone whose wall clock they are shown.
    pub zone: Zone,
}

impl Viewer {
    /// The class to which somebody belongs.
    #[must_use]
    pub fn of(access: &Access, zone: Zone) -> Self {
        Self {
            agency_id: access.agency_id,
            grants: access.grants.clone(),
            member_of: access.member_of.clone(),
            locale: access.locale,
            zone,
        }
    }

    /// Anybody with these rights, as an access of the system: for rendering only.
    #[must_use]
    pub fn access(&self) -> Access {
        Access {
            grants: self.grants.clone(),
            member_of: self.member_of.clone(),
            locale: self.locale,
            ..Access::system(self.agency_id)
        }
    }
}

/// A topic as one class of people sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Room {
    /// What is watched: `cases`, `case:ID` ...
    pub topic: String,
    /// Who watches.
    pub viewer: Arc<Viewer>,
}

/// One message to a room.
#[derive(Clone, Debug)]
pub struct Note {
    /// The number of the event that it tells of, where a browser should remember it.
    pub seq: Option<i64>,
    /// What it says.
    pub says: Says,
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Says {
    /// Turbo Stream elements, or any text for a page that only waits for a word.
    Stream(Arc<str>),
    /// Pages that want this topic fetch themselves again.
    Refresh(Arc<str>),
    /// Something was missed: every page fetches itself again.
    Gap,
}

/// All rooms of this node; cloned freely.
#[derive(Clone, Default)]
pub struct Live {
    rooms: Arc<Mutex<HashMap<Room, broadcast::Sender<Note>>>>,
}

impl Live {
    /// Enters a room; leaving is dropping the receiver.
    #[must_use]
    pub fn join(&self, room: Room) -> broadcast::Receiver<Note> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        // Rooms that everybody left go when their number has doubled, not at each of thousands of
        // entrances.
        if rooms.len().is_power_of_two() {
            rooms.retain(|_, sender| sender.receiver_count() > 0);
        }
        rooms.entry(room).or_insert_with(|| broadcast::channel(BEHIND_MAX).0).subscribe()
    }

    /// The rooms of `agency_id` in which somebody is and whose topic `wanted` accepts.
    #[must_use]
    pub fn rooms(&self, agency_id: AgencyId, wanted: impl Fn(&str) -> bool) -> Vec<Room> {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms
            .iter()
            .filter(|(room, sender)| {
                // The count takes a lock of each room, so it is asked last.
                room.viewer.agency_id == agency_id
                    && wanted(&room.topic)
                    && sender.receiver_count() > 0
            })
            .map(|(room, _)| room.clone())
            .collect()
    }

    /// All rooms in which somebody is.
    #[must_use]
    pub fn everywhere(&self) -> Vec<Room> {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let inhabited = rooms.iter().filter(|(_, sender)| sender.receiver_count() > 0);
        inhabited.map(|(room, _)| room.clone()).collect()
    }

    /// Sends Turbo Stream elements to everybody in a room.
    pub fn send(&self, room: &Room, message: &str) {
        self.tell(room, Note { seq: None, says: Says::Stream(message.into()) });
    }

    /// Has the pages of everybody in a room fetched again, because of event number `seq`.
    pub fn refresh(&self, room: &Room, seq: Option<i64>) {
        self.tell(room, Note { seq, says: Says::Refresh(room.topic.as_str().into()) });
    }

    /// Sends one message to everybody in a room.
    pub fn tell(&self, room: &Room, note: Note) {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = rooms.get(room) {
            // Nobody there any more is no failure.
            let _ = sender.send(note);
        }
    }

    /// How many browsers are in a room.
    #[must_use]
    pub fn listening(&self, room: &Room) -> usize {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.get(room).map_or(0, broadcast::Sender::receiver_count)
    }

    /// How many browsers are listening.
    #[must_use]
    pub fn listeners(&self) -> usize {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.values().map(broadcast::Sender::receiver_count).sum()
    }
}

/// Answers with the messages of `rooms` as server-sent events. `until` ends it (a revoked session,
/// the node going down).
pub fn sse(
    receivers: Vec<broadcast::Receiver<Note>>,
    until: impl Future<Output = ()> + Send + 'static,
) -> Response {
    sse_after(Vec::new(), receivers, until)
}

/// The same, beginning with `missed`: what came between the page's making and its hearing.
pub fn sse_after(
    missed: Vec<Note>,
    receivers: Vec<broadcast::Receiver<Note>>,
    until: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let streams = receivers.into_iter().map(|r| BroadcastStream::new(r).map(frame));
    // The first event tells the browser that it is live from here on.
    let hello = stream::once(async { Ok(Event::default().event("hello").data("1")) });
    let first = hello.chain(stream::iter(missed.into_iter().map(|note| frame(Ok(note)))));
    // Without rooms it stays open all the same: a browser would only knock again.
    let quiet = stream::pending::<Result<Event, Infallible>>();
    let all = first.chain(stream::select(stream::select_all(streams), quiet));
    let sse = Sse::new(boxed(all.take_until(Box::pin(until))));
    let sse = sse.keep_alive(KeepAlive::new().interval(Duration::from_secs(25)));
    let mut response = sse.into_response();
    let unbuffered = HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", unbuffered);
    response
}

fn frame(note: Result<Note, BroadcastStreamRecvError>) -> Result<Event, Infallible> {
    let lagged = Note { seq: None, says: Says::Gap };
    let Note { seq, says } = note.unwrap_or(lagged);
    let event = match says {
        Says::Stream(text) => Event::default().data(text.as_ref()),
        Says::Refresh(topic) => Event::default().event("refresh").data(topic.as_ref()),
        Says::Gap => Event::default().event("gap").data("1"),
    };
    Ok(match seq {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    })
}

fn boxed(
    stream: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> stream::BoxStream<'static, Result<Event, Infallible>> {
    stream.boxed()
}
