//! Cases: what must be followed up, by whom, until when, and how it ended.
//!
//! A case has an owner and a deadline at every moment until it is closed: the unit in charge, or
//! the desk while there is none; the agency's nearest limit, or the citizen's. Read in this order:
//! [`model`], [`rules`] (the state machine), [`clocks`] (the deadlines), [`actions`] (the use
//! cases), [`jobs`] (what happens by itself), [`queries`] (lists and figures), [`mine`] (who lost
//! code or PIN).

pub mod actions;
pub mod addresses;
pub mod asides;
pub mod clocks;
pub mod demo;
pub mod erasure;
mod filter;
pub mod inquiries;
pub mod jobs;
mod lists;
pub mod mine;
pub mod model;
pub mod notices;
pub mod overdue;
pub mod paper;
pub mod queries;
pub mod reminders;
pub mod report;
mod reported;
pub mod rules;
pub mod sent;
pub mod store;
pub mod talking;
mod words;
pub mod wrap_up;

/// What was reported, said and sent along: the rows that the log vouches for.
pub static VOUCHED: [&tanggap_store::vouch::Vouched; 3] =
    [&store::CASES, &tanggap_conversations::MESSAGES, &tanggap_conversations::ATTACHMENTS];

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    [
        addresses::STATEMENTS,
        asides::STATEMENTS,
        erasure::STATEMENTS,
        inquiries::store::STATEMENTS,
        store::STATEMENTS,
        queries::STATEMENTS,
        jobs::STATEMENTS,
        mine::STATEMENTS,
        overdue::STATEMENTS,
        reminders::STATEMENTS,
        wrap_up::STATEMENTS,
        demo::statements(),
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}
