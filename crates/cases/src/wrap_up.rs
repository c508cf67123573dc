//! What a talk was about and why somebody wrote, noted by whoever was at it once it has ended.
//!
//! Noting comes after the end: the citizen does not wait for it, and whoever notes is not offered
//! anything meanwhile (`routing`: the wrap-up). An agency may require it: then what was not noted
//! stays on its owner's shelf.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use tanggap_calendar::Kind;
use tanggap_conversations::{InteractionId, Talk, talks};
use tanggap_kernel::error::Check;
use tanggap_kernel::{Access, Event, Fault, Permission, Result, Subject, params};
use tanggap_org::Category;
use tanggap_routing::talks as routing;
use tanggap_store::{Tx, sql};

use crate::model::{Case, CaseId};
use crate::talking;

/// Why people write: they know the rule and need a detail; they did not know it; they propose
/// something or tell what it was like.
pub const REASONS: [&str; 3] = ["PERLU_RINCIAN", "BELUM_TAHU", "ASPIRASI_TESTIMONI"];

sql! {
    REQUIRED = "select wrap_up_required from talk_settings where agency_id = $1";
    REQUIRE = "insert into talk_settings (agency_id, wrap_up_required) values ($1, $2)
        on conflict (agency_id) do update set wrap_up_required = excluded.wrap_up_required";
    OF_CASES = "select i.case_id, t.reason from interactions i join talks t
        on t.agency_id = i.agency_id and t.interaction_id = i.id
        where i.agency_id = $1 and i.case_id in (select cast(value as bigint)
        from json_array_elements_text(cast($2 as json))) and t.reason is not null
        order by i.case_id, i.id",
        sqlite: "select i.case_id, t.reason from interactions i join talks t
        on t.agency_id = i.agency_id and t.interaction_id = i.id
        where i.agency_id = $1 and i.case_id in (select value from json_each($2))
        and t.reason is not null order by i.case_id, i.id";
}

/// Whether every talk that somebody was at is to be noted.
///
/// # Errors
/// A fault of the engine.
pub fn is_required(tx: &mut Tx<'_>, access: &Access) -> Result<bool, Fault> {
    let set = tx.opt(&REQUIRED, params![access.agency_id], |row| row.bool())?;
    Ok(set.unwrap_or(false))
}

/// Sets whether it is to be; talks that are over already stay as they are.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn require(tx: &mut Tx<'_>, access: &Access, on: bool) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    tx.put(&REQUIRE, params![access.agency_id, on])?;
    let about = Subject { kind: "agency", id: access.agency_id.0 };
    let event = Event::new(access.agency_id, "agency.wrap_up_set", about, access.actor);
    tx.announce(event.with(json!({ "required": on })));
    Ok(())
}

/// Notes what a talk that is over was about: a category's word, and one of [`REASONS`]. Whose
/// wrap-up it was takes work again. What was noted can be noted anew.
///
/// # Errors
/// As [`talking::open`] and [`talks::wrap_up`]; fields to correct (`topic`, `reason`).
pub fn note(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    (topic, reason): (&str, &str),
) -> Result<Talk> {
    let (talk, _) = talking::open(tx, access, id)?;
    let mut check = Check::new();
    let known = tanggap_org::categories(tx, access)?.iter().any(|category| {
        // One that was given up meanwhile stays on what was noted with it.
        category.slug == topic && (category.active || talk.topic.as_deref() == Some(topic))
    });
    let needs =
        |given: &str| if given.is_empty() { "ui-invalid-required" } else { "ui-invalid-choice" };
    check.require(known, "topic", needs(topic));
    check.require(REASONS.contains(&reason), "reason", needs(reason));
    check.done()?;
    let noted = talks::wrap_up(tx, access, talk, Some(topic.into()), Some(reason.into()))?;
    routing::wrapped_up(tx, access, &noted)?;
    Ok(noted)
}

/// Why people wrote last, of some cases: what their newest noted talk says. Whether one may see
/// the cases is asked before.
///
/// # Errors
/// A fault of the engine.
pub fn of_cases(
    tx: &mut Tx<'_>,
    access: &Access,
    cases: &[CaseId],
) -> Result<HashMap<CaseId, String>, Fault> {
    let ids: Vec<i64> = cases.iter().map(|case| case.0).collect();
    let key = params![access.agency_id, json!(ids).to_string()];
    Ok(tx.all(&OF_CASES, key, |row| Ok((row.int()?, row.text()?)))?.into_iter().collect())
}

/// What the form begins with, topic and reason: what was noted, else what the talk's case tells,
/// else the topic of whose words the citizen used most.
///
/// # Errors
/// A fault of the engine.
pub fn begun(
    tx: &mut Tx<'_>,
    access: &Access,
    talk: &Talk,
    case: Option<&Case>,
    said: &[&str],
) -> Result<(String, String)> {
    let mut categories = tanggap_org::categories(tx, access)?;
    categories.retain(|category| category.active);
    let of_case = case.and_then(|case| categories.iter().find(|it| it.id == case.category_id));
    let topic = talk
        .topic
        .as_deref()
        .or_else(|| of_case.map(|category| category.slug.as_str()))
        .or_else(|| topic_of(said, &categories));
    let known = talk.reason.as_deref().and_then(|word| REASONS.into_iter().find(|r| *r == word));
    let reason = known.or_else(|| case.and_then(|case| usual_reason(case.kind)));
    Ok((topic.unwrap_or_default().to_owned(), reason.unwrap_or_default().to_owned()))
}

/// The category of whose words most come in what was said; `None` where none comes, or of two
/// come as many. Several words that belong together come together.
fn topic_of<'a>(said: &[&str], categories: &'a [Category]) -> Option<&'a str> {
    let spoken: HashSet<String> = said.iter().flat_map(|text| tanggap_lang::tokens(text)).collect();
    let comes = |word: &&String| {
        let parts = tanggap_lang::tokens(word);
        !parts.is_empty() && parts.iter().all(|part| spoken.contains(part))
    };
    let hits = |category: &Category| category.words.iter().filter(comes).count();
    let mut counted: Vec<(usize, &str)> =
        categories.iter().map(|category| (hits(category), category.slug.as_str())).collect();
    counted.sort_unstable_by(|a, b| b.cmp(a));
    match counted.as_slice() {
        [(most, _), (next, _), ..] if most == next => None,
        [(most, slug), ..] if *most > 0 => Some(slug),
        _ => None,
    }
}

/// Why somebody writes who opens a case of this kind; `None` where that tells nothing.
const fn usual_reason(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Aspiration | Kind::Appreciation => Some("ASPIRASI_TESTIMONI"),
        Kind::InformationRequest => Some("PERLU_RINCIAN"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tanggap_org::CategoryId;

    fn category(slug: &str, words: &[&str]) -> Category {
        Category {
            id: CategoryId(1),
            slug: slug.into(),
            name: String::new(),
            name_en: String::new(),
            hint: String::new(),
            hint_en: String::new(),
            words: words.iter().map(ToString::to_string).collect(),
            kind: None,
            unit_id: None,
            questions: Vec::new(),
            active: true,
            position: 0,
            version: 1,
        }
    }

    #[test]
    fn the_topic_is_the_one_whose_words_were_used_most_and_none_where_that_is_open() {
        let all = [
            category("jalan", &["jalan", "lubang"]),
            category("sampah", &["sampah", "bau"]),
            category("umum", &["terima kasih"]),
        ];
        let of = |said: &[&str]| topic_of(said, &all).map(ToOwned::to_owned);
        assert_eq!(of(&["Sampah di jalan Melati", "baunya menyengat"]).as_deref(), Some("sampah"));
        assert_eq!(of(&["Jalannya berlubang"]).as_deref(), Some("jalan"), "by its stems");
        assert_eq!(of(&["Ada sampah di jalan"]), None, "two come as often");
        assert_eq!(of(&["Terima saja"]), None, "what belongs together comes together");
        assert_eq!(of(&["Selamat pagi"]), None);
        assert_eq!(of(&[]), None);
    }
}
