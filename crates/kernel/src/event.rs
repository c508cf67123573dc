//! What is announced: one event for each change, in the change's own transaction.
//!
//! The event is at once audit trail, outbox, history on the case and source of live pages. Its
//! body is chained for ever, so it holds no personal data; what is personal goes into
//! [`Event::private`], which is kept beside the log behind a salted commitment and can be erased.

use crate::{Actor, AgencyId, Value};

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The kind of thing: `case`, `user`, `unit` ...
    pub kind: &'static str,
    /// Its id.
    pub id: i64,
}

/// A change, as it is announced.
#[derive(Clone, Debug)]
pub struct Event {
    /// The agency whose log it belongs to.
    pub agency_id: AgencyId,
    /// What happened, as `subject.verb`: `case.forwarded`.
    pub kind: &'static str,
    /// What it happened to.
    pub subject: Subject,
    /// Who did it.
    pub actor: Actor,
    /// On whose behalf, where somebody acted for another: an agent for a caller.
    pub on_behalf_of: Option<Actor>,
    /// Facts needed to rebuild the state; never personal data.
    pub body: serde_json::Value,
    /// Personal data that belongs to the event, erasable.
    pub private: Option<serde_json::Value>,
}

impl Event {
    /// An event with an empty body.
    #[must_use]
    pub fn new(agency_id: AgencyId, kind: &'static str, subject: Subject, actor: Actor) -> Self {
        let body = serde_json::Value::Object(serde_json::Map::new());
        Self { agency_id, kind, subject, actor, on_behalf_of: None, body, private: None }
    }

    /// The same event with `body`.
    #[must_use]
    pub fn with(mut self, body: serde_json::Value) -> Self {
        self.body = body;
        self
    }

    /// The same event with personal data beside the log.
    #[must_use]
    pub fn with_private(mut self, private: serde_json::Value) -> Self {
        self.private = Some(private);
        self
    }

    /// The same event, done for somebody else.
    #[must_use]
    pub fn on_behalf_of(mut self, actor: Actor) -> Self {
        self.on_behalf_of = Some(actor);
        self
    }
}

impl From<Actor> for Value<'_> {
    fn from(actor: Actor) -> Self {
        actor.to_string().into()
    }
}
