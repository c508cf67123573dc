//! The words and signs of cases, as templates ask for them.

use std::collections::HashMap;

use tanggap_calendar::{Kind, Profile};
use tanggap_cases::model::{Case, Status};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Actor, Locale, Timestamp};
use tanggap_org::Unit;
use tanggap_ui::parts::Health;
use tanggap_ui::{Choice, Text};

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

/// What a deadline is called by the law it comes from.
pub(crate) fn policy(locale: Locale, profile: &Profile, policy: &str) -> String {
    match profile.deadline(policy) {
        Some(rule) => rule.label.get(locale.tag()).to_owned(),
        None => policy.to_owned(),
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
