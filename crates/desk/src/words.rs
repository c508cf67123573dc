//! The words and signs of cases, as templates ask for them.

use std::collections::HashMap;

use tanggap_calendar::{Kind, Owner, Profile};
use tanggap_cases::model::{Case, CaseDeadline, Clock, Status};
use tanggap_cases::store::NEVER;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Actor, Locale, Timestamp};
use tanggap_org::Unit;
use tanggap_ui::parts::Health;
use tanggap_ui::{Arg, Choice, Text};

/// `information_request` to `information-request`, as keys of the catalogue are written.
pub(crate) fn dashed(word: &str) -> String {
    word.replace(['_', '.'], "-")
}

/// What a kind is called.
pub(crate) fn kind(text: Text, kind: Kind) -> String {
    text.t(format!("case-kind-{}", dashed(kind.as_str()))).into_owned()
}

/// What a channel is called.
pub(crate) fn channel(text: Text, channel: &str) -> String {
    text.t(format!("case-channel-{}", dashed(channel))).into_owned()
}

/// What a unit is called; without one it is the desk.
pub(crate) fn unit(text: Text, units: &[Unit], id: Option<UnitId>) -> String {
    match id.and_then(|id| units.iter().find(|unit| unit.id == id)) {
        Some(unit) => unit.name_in(text.locale).to_owned(),
        None => text.t("case-unit-desk").into_owned(),
    }
}

/// What staff call a deadline of a law.
pub(crate) fn policy(locale: Locale, profile: &Profile, policy: &str) -> String {
    match profile.deadline(policy) {
        Some(rule) => rule.for_staff().get(locale.tag()).to_owned(),
        None => policy.to_owned(),
    }
}

/// How a deadline stands; one that is over tells when it ended and when it was due.
pub(crate) fn clock(text: Text, deadline: &CaseDeadline) -> String {
    let word = match (deadline.state, deadline.owner) {
        (Clock::Late, Owner::Citizen) => "passed",
        (state, _) => state.as_str(),
    };
    let state = text.t(format!("case-clock-{word}"));
    let Some(ended) = deadline.ended_at else { return state.into_owned() };
    let args: [(&str, Arg<'_>); 3] = [
        ("state", state.as_ref().into()),
        ("at", text.date_short(ended).into()),
        ("due", text.date_short(deadline.due_at).into()),
    ];
    text.ta("case-clock-ended", &args).into_owned()
}

/// The rule behind a deadline, in the reader's language where the law still has it.
pub(crate) fn source(locale: Locale, profile: &Profile, deadline: &CaseDeadline) -> String {
    match profile.deadline(&deadline.policy) {
        Some(rule) => rule.source.get(locale.tag()).to_owned(),
        None => deadline.source.clone(),
    }
}

/// Who acted, by name where it is a colleague.
pub(crate) fn actor(text: Text, names: &HashMap<UserId, String>, actor: &str) -> String {
    let key = match Actor::parse(actor) {
        Some(Actor::User(id)) => match names.get(&id) {
            Some(name) => return name.clone(),
            None => "case-actor-staff",
        },
        Some(Actor::Citizen) => "case-actor-citizen",
        Some(Actor::Token(_)) => "case-actor-token",
        Some(Actor::System) | None => "case-actor-system",
    };
    text.t(key).into_owned()
}

/// The person behind an actor, where it is a colleague.
pub(crate) fn user_of(actor: &str) -> Option<UserId> {
    match Actor::parse(actor) {
        Some(Actor::User(id)) => Some(id),
        _ => None,
    }
}

/// How the nearest deadline of a case fares; `None` where none runs.
pub(crate) fn health(case: &Case, now: Timestamp) -> Option<(Timestamp, Health)> {
    let due = case.due.as_ref()?;
    let health = match case.status {
        // The citizen's to act: nobody here is late.
        _ if due.risk_at == NEVER => Health::Ok,
        _ if due.at < now => Health::Late,
        Status::Incomplete => Health::Paused,
        _ if due.risk_at <= now => Health::Warn,
        _ => Health::Ok,
    };
    Some((due.at, health))
}

/// The kinds as choices.
pub(crate) fn kinds(text: Text) -> Vec<Choice> {
    Kind::ALL.iter().map(|k| Choice::new(k.as_str(), kind(text, *k))).collect()
}
