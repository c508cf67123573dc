//! Categories: the list in its order, and the form of one with its questions.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_kernel::{Access, Result};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, respond};

use super::people::unit_name;
use super::settings;
use crate::actions;
use crate::door::{Fields, SignedFields, Staff, flash};
use crate::model::{Category, CategoryId, CategoryInput, Question, QuestionChoice, QuestionKind};
use crate::{rules, store};

const HOME: &str = "/pengaturan/kategori";
/// How many empty questions the form offers besides those there are.
const SPARE: usize = 2;
/// The most questions that one form takes.
const QUESTIONS_MAX: usize = 20;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(list))
        .route("/pengaturan/kategori/baru", get(new).post(create))
        .route("/pengaturan/kategori/{id}", get(show).post(change))
}

#[derive(Template)]
#[template(path = "categories.html")]
struct CategoriesPage {
    page: Page,
    rows: Vec<Row>,
    may_change: bool,
}

struct Row {
    category: Category,
    name: String,
    hint: String,
    kind: String,
    unit: String,
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let may_change = settings::look(&staff)?;
    let access = staff.access.clone();
    let (categories, units) = ctx
        .db
        .read(move |tx| Ok((store::categories(tx, &access)?, store::units(tx, &access)?)))
        .await?;
    let text = staff.text();
    let row = |category: Category| Row {
        kind: category
            .kind
            .map(|kind| text.t(settings::kind_key(kind)).into_owned())
            .unwrap_or_default(),
        unit: unit_name(&units, category.unit_id, text.locale),
        name: category.name_in(text.locale).to_owned(),
        hint: category.hint_in(text.locale).to_owned(),
        category,
    };
    let rows = categories.into_iter().map(row).collect();
    let page = staff.page(&ctx, "org-settings-categories");
    Ok(respond::html(CategoriesPage { page, rows, may_change }))
}

#[derive(Template)]
#[template(path = "category.html")]
struct CategoryPage {
    page: Page,
    form: FormState,
    units: Vec<Choice>,
    kinds: Vec<Choice>,
    question_kinds: Vec<Choice>,
    slots: Vec<Slot>,
    is_new: bool,
    may_change: bool,
}

/// One question's place in the form.
struct Slot {
    n: usize,
    label: String,
    is_open: bool,
}

fn question_kinds(text: Text) -> Vec<Choice> {
    let named = |kind: QuestionKind| {
        Choice::new(kind.as_str(), text.t(format!("org-question-{}", kind.as_str())))
    };
    QuestionKind::ALL.into_iter().map(named).collect()
}

fn filled(form: FormState, category: &Category) -> FormState {
    let mut form = form
        .with("slug", &category.slug)
        .with("name", &category.name)
        .with("name_en", &category.name_en)
        .with("hint", &category.hint)
        .with("hint_en", &category.hint_en)
        .with("words", category.words.join(", "))
        .with("kind", category.kind.map_or("", |kind| kind.as_str()))
        .with("unit", settings::or_empty(category.unit_id))
        .with("active", settings::ticked(category.active))
        .with("position", category.position)
        .with("version", category.version);
    for (n, question) in category.questions.iter().enumerate() {
        let choices: Vec<String> = question.choices.iter().map(written).collect();
        form = form
            .with(format!("q{n}_key"), &question.key)
            .with(format!("q{n}_label"), &question.label)
            .with(format!("q{n}_label_en"), &question.label_en)
            .with(format!("q{n}_kind"), question.kind.as_str())
            .with(format!("q{n}_choices"), choices.join("\n"))
            .with(format!("q{n}_required"), settings::ticked(question.required));
    }
    form
}

/// A choice as one line of the form: `Kecil | Small`.
fn written(choice: &QuestionChoice) -> String {
    if choice.label_en.is_empty() {
        choice.label.clone()
    } else {
        format!("{} | {}", choice.label, choice.label_en)
    }
}

fn read_choice(line: &str) -> QuestionChoice {
    let (label, english) = line.split_once('|').unwrap_or((line, ""));
    QuestionChoice { label: label.trim().to_owned(), label_en: english.trim().to_owned() }
}

/// The questions of a form with the number of the slot each stood in; a question without words was
/// taken out.
fn questions(fields: &Fields) -> Vec<(usize, Question)> {
    let slot = |n: usize| {
        let get = |part: &str| fields.get(&format!("q{n}_{part}"));
        let label = get("label").to_owned();
        if label.is_empty() {
            return None;
        }
        let kind = QuestionKind::parse(get("kind")).unwrap_or_default();
        let key = match get("key") {
            "" => rules::slug_of(&label).replace('-', "_").chars().take(40).collect(),
            key => key.to_owned(),
        };
        let lines = get("choices").lines().filter(|line| !line.trim().is_empty());
        let choices = match kind {
            QuestionKind::Choice => lines.map(read_choice).collect(),
            _ => Vec::new(),
        };
        let required = get("required") == "ya";
        let label_en = get("label_en").to_owned();
        Some((n, Question { key, label, label_en, kind, choices, required }))
    };
    (0..QUESTIONS_MAX).filter_map(slot).collect()
}

fn input(fields: &Fields) -> Result<CategoryInput> {
    Ok(CategoryInput {
        slug: fields.get("slug").to_owned(),
        name: fields.get("name").to_owned(),
        name_en: fields.get("name_en").to_owned(),
        hint: fields.get("hint").to_owned(),
        hint_en: fields.get("hint_en").to_owned(),
        words: fields.get("words").split([',', '\n']).map(|w| w.trim().to_owned()).collect(),
        kind: settings::chosen(fields, "kind", |word| word.parse().ok())?,
        unit_id: settings::chosen_unit(fields, "unit")?,
        questions: questions(fields).into_iter().map(|(_, question)| question).collect(),
        active: fields.is_on("active"),
        position: settings::number(fields, "position")?,
    })
}

/// Errors name a question by its place among those there are; the form names it by its slot.
fn to_slots(form: &mut FormState, slots: &[usize]) {
    for error in &mut form.errors {
        let place = error.field.strip_prefix('q').and_then(|rest| rest.split_once('_'));
        let Some((at, part)) = place else { continue };
        if let Some(slot) = at.parse::<usize>().ok().and_then(|at| slots.get(at)) {
            error.field = format!("q{slot}_{part}");
        }
    }
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    settings::manage(&staff)?;
    let access = staff.access.clone();
    let all = ctx.db.read(move |tx| store::categories(tx, &access)).await?;
    // Before the general category, after all others.
    let last = all.iter().filter(|c| c.slug != "umum").map(|c| c.position).max().unwrap_or(0);
    let form = FormState::new(staff.prefs.locale)
        .with("active", "ya")
        .with("position", (last + 10).min(9999));
    page(&ctx, &staff, None, form, StatusCode::OK).await
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    settings::look(&staff)?;
    let id = CategoryId::parse(&id);
    let category = settings::load(&ctx, &staff, id, store::category).await?;
    let form = filled(FormState::new(staff.prefs.locale), &category);
    page(&ctx, &staff, Some(category), form, StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    category: Option<Category>,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let may_change = settings::look(staff)?;
    let access = staff.access.clone();
    let units = ctx.db.read(move |tx| store::units(tx, &access)).await?;
    let text = staff.text();
    let last = (0..QUESTIONS_MAX).rev().find(|n| !form.value(&format!("q{n}_label")).is_empty());
    let count = (last.map_or(0, |last| last + 1) + SPARE).min(QUESTIONS_MAX);
    let slot = |n: usize| {
        let own = format!("q{n}_");
        let label = form.value(&format!("q{n}_label")).to_owned();
        Slot { n, label, is_open: form.errors.iter().any(|e| e.field.starts_with(&own)) }
    };
    let template = CategoryPage {
        page: match &category {
            Some(category) => settings::titled(staff, &category.name),
            None => staff.page(ctx, "org-category-new"),
        },
        units: settings::unit_choices(units, text.locale),
        kinds: settings::kind_choices(text),
        question_kinds: question_kinds(text),
        slots: (0..count).map(slot).collect(),
        is_new: category.is_none(),
        form,
        may_change,
    };
    Ok(respond::html_status(status, template))
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    settings::manage(&staff)?;
    let slots: Vec<usize> = questions(&fields).iter().map(|(slot, _)| *slot).collect();
    let input = input(&fields);
    match settings::submit(&ctx, &staff, fields, input, actions::create_category).await? {
        Ok(_) => Ok(flash(&ctx.site, HOME, "org-flash-category-created")),
        Err(mut refused) => {
            to_slots(&mut refused.form, &slots);
            page(&ctx, &staff, None, refused.form, refused.status).await
        }
    }
}

async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    settings::manage(&staff)?;
    let id = CategoryId::parse(&id);
    let category = settings::load(&ctx, &staff, id, store::category).await?;
    let slots: Vec<usize> = questions(&fields).iter().map(|(slot, _)| *slot).collect();
    let (id, input) = (category.id, settings::versioned(&fields, input(&fields)));
    let act = move |tx: &mut Tx<'_>, access: &Access, (version, input): &(i64, CategoryInput)| {
        actions::update_category(tx, access, id, *version, input)
    };
    match settings::submit(&ctx, &staff, fields, input, act).await? {
        Ok(()) => Ok(flash(&ctx.site, HOME, "org-flash-saved")),
        Err(mut refused) => {
            to_slots(&mut refused.form, &slots);
            page(&ctx, &staff, Some(category), refused.form, refused.status).await
        }
    }
}
