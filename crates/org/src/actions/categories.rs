//! Adding and changing categories with their questions.

use std::collections::HashSet;

use serde_json::json;
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::{Check, Invalid};
use tanggap_kernel::{Access, Refusal, Result, Value};
use tanggap_store::Tx;

use super::{event, short, text};
use crate::model::{CategoryId, CategoryInput, Question, QuestionKind};
use crate::rules;
use crate::store::{self, categories as category_rows};

/// The most questions of one category.
pub const QUESTIONS_MAX: usize = 12;
/// The most choices of one question.
pub const CHOICES_MAX: usize = 40;

/// Adds a category.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`].
pub fn create_category(
    tx: &mut Tx<'_>,
    access: &Access,
    input: &CategoryInput,
) -> Result<CategoryId> {
    access.require(Permission::OrgManage, None)?;
    let slug = match input.slug.trim() {
        "" => rules::slug_of(&input.name),
        slug => slug.to_owned(),
    };
    check_category(tx, access, input, Some(&slug))?;
    let id: CategoryId = tx.id();
    let mut columns = row(access, id, 1, input)?.to_vec();
    columns.push((&slug).into());
    if tx.exec(&category_rows::INSERT, &columns)? == 0 {
        return Err(Refusal::field("slug", "org-invalid-taken").into());
    }
    tx.announce(event(access, "category.created", "category", id.0).with(body(&slug, input)));
    Ok(id)
}

/// Changes a category; its name in addresses stays.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::Invalid`], or [`Refusal::Stale`].
pub fn update_category(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CategoryId,
    version: i64,
    input: &CategoryInput,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let old = store::category(tx, access, id)?.ok_or(Refusal::NotFound)?;
    check_category(tx, access, input, None)?;
    if old.slug == "umum" && !input.active {
        return Err(Refusal::field("active", "org-invalid-general").into());
    }
    if tx.exec(&category_rows::UPDATE, &row(access, id, version, input)?)? == 0 {
        return Err(Refusal::Stale.into());
    }
    let body = body(&old.slug, input);
    tx.announce(event(access, "category.changed", "category", id.0).with(body));
    Ok(())
}

/// What a new row and a changed one have in common.
fn row<'a>(
    access: &Access,
    id: CategoryId,
    version: i64,
    input: &'a CategoryInput,
) -> Result<[Value<'a>; 13]> {
    Ok([
        access.agency_id.into(),
        id.into(),
        version.into(),
        input.name.trim().into(),
        input.name_en.trim().into(),
        input.hint.trim().into(),
        input.hint_en.trim().into(),
        words(input).into(),
        input.kind.map(|kind| kind.as_str()).into(),
        input.unit_id.into(),
        serde_json::to_string(&input.questions)?.into(),
        input.active.into(),
        input.position.into(),
    ])
}

fn words(input: &CategoryInput) -> String {
    let words = input.words.iter().map(|word| word.trim()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("\n")
}

fn body(slug: &str, input: &CategoryInput) -> serde_json::Value {
    json!({
        "slug": slug,
        "name": input.name.trim(),
        "kind": input.kind.map(|kind| kind.as_str()),
        "unit": input.unit_id,
        "questions": input.questions.len(),
        "active": input.active,
        "position": input.position,
    })
}

fn check_category(
    tx: &mut Tx<'_>,
    access: &Access,
    input: &CategoryInput,
    slug: Option<&str>,
) -> Result<()> {
    let mut check = Check::new();
    text(&mut check, "name", &input.name, 120);
    short(&mut check, "name_en", &input.name_en, 120);
    short(&mut check, "hint", &input.hint, 400);
    short(&mut check, "hint_en", &input.hint_en, 400);
    short(&mut check, "words", &words(input), 2000);
    check.require((0..=9999).contains(&input.position), "position", "ui-invalid-number");
    if let Some(slug) = slug {
        let sound = rules::is_slug(slug) || input.name.trim().is_empty();
        check.require(sound, "slug", "org-invalid-slug");
    }
    if let Some(unit) = input.unit_id {
        let known = store::unit(tx, access, unit)?.is_some();
        check.require(known, "unit", "ui-invalid-choice");
    }
    if input.questions.len() > QUESTIONS_MAX {
        let max = QUESTIONS_MAX;
        check.push(Invalid::new("questions", "org-invalid-questions").arg("max", max));
    }
    let mut keys = HashSet::new();
    for (at, question) in input.questions.iter().enumerate() {
        check_question(&mut check, at, question);
        let fresh = keys.insert(question.key.as_str());
        check.require(fresh, &format!("q{at}_key"), "org-invalid-taken");
    }
    check.done()
}

fn check_question(check: &mut Check, at: usize, question: &Question) {
    text(check, &format!("q{at}_label"), &question.label, 200);
    short(check, &format!("q{at}_label_en"), &question.label_en, 200);
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let key = &question.key;
    let known = !key.is_empty() && key.len() <= 40 && key.chars().all(sound);
    check.require(known, &format!("q{at}_key"), "org-invalid-question-key");
    let choices = question.choices.len();
    let enough = match question.kind {
        QuestionKind::Choice => (2..=CHOICES_MAX).contains(&choices),
        _ => choices == 0,
    };
    check.require(enough, &format!("q{at}_choices"), "org-invalid-choices");
    for choice in &question.choices {
        short(check, &format!("q{at}_choices"), &choice.label, 120);
        short(check, &format!("q{at}_choices"), &choice.label_en, 120);
    }
}
