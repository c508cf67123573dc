//! Who gets what next: queues, skills, room for work, presence and offers.
//!
//! [`replies`] tells by when a citizen's message is answered.
//!
//! Read in this order: [`model`] (plain data), [`opening`] (when a queue is open), [`rules`] (what
//! each step does to an item and its agent), [`matcher`] (which waiting item goes to which agent),
//! then [`store`] and [`actions`] (the same in rows) and [`dispatch`] (what makes the offers).
//!
//! Invariants: an item is offered to one agent at a time; an agent is never offered more than
//! fits; what waits goes in the order of its target, so nobody is overtaken without end; whatever
//! goes back to its queue keeps the time that it has waited.

pub mod actions;
pub mod cases;
pub mod dispatch;
pub mod jobs;
pub mod matcher;
pub mod model;
pub mod opening;
pub mod queries;
pub mod replies;
pub mod rules;
pub mod settings;
pub mod store;
pub mod talks;
pub mod walls;

pub use matcher::{Match, Matcher};
pub use model::{
    Agent, Hours, Item, ItemId, ItemState, Kind, Need, OfferId, Overflow, Presence, Queue, QueueId,
    Refused, Skill, SkillId, SkillKind, Step, Wanted,
};

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    [
        store::STATEMENTS,
        queries::STATEMENTS,
        replies::STATEMENTS,
        settings::STATEMENTS,
        dispatch::STATEMENTS,
        walls::STATEMENTS,
    ]
    .concat()
}
