//! The agency's quick answers, for who sets up the agency, and one's own.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tanggap_conversations::quick::{self, Quick, QuickId, QuickInput, Variable};
use tanggap_kernel::{Error, Invalid, Refusal, Result};
use tanggap_org::door::{Fields, SignedFields, Staff, flash};
use tanggap_ui::{Answer, Ctx, FormState, Page, respond};

use super::HOME;

#[derive(Template)]
#[template(path = "quick_list.html")]
struct ListPage {
    page: Page,
    own: Vec<Quick>,
    shared: Vec<Quick>,
    may_use: bool,
    may_share: bool,
}

pub(super) async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let access = staff.access.clone();
    let all = ctx.db.read(move |tx| quick::all(tx, &access)).await?;
    let (own, shared) = all.into_iter().partition(|quick| quick.owner_id.is_some());
    Ok(respond::html(ListPage {
        page: staff.page(&ctx, "quick-title"),
        own,
        shared,
        may_use: quick::may_use(&staff.access),
        may_share: quick::may_share(&staff.access),
    }))
}

#[derive(Template)]
#[template(path = "quick_form.html")]
struct FormPage {
    page: Page,
    form: FormState,
    /// Its address, where it is there already.
    id: Option<String>,
    variables: Vec<(&'static str, String)>,
}

fn form_page(
    ctx: &Ctx,
    staff: &Staff,
    id: Option<String>,
    form: FormState,
    status: StatusCode,
) -> axum::response::Response {
    let text = staff.text();
    let variable = |known: Variable| {
        (known.word(), text.t(format!("quick-variable-{}", known.word())).into_owned())
    };
    let page = staff.page(ctx, if id.is_some() { "quick-edit" } else { "quick-new" });
    let form = form.labelled(&[
        ("title", "quick-field-title"),
        ("shortcut", "quick-field-shortcut"),
        ("body", "quick-field-body"),
    ]);
    let variables = Variable::ALL.map(variable).into();
    respond::html_status(status, FormPage { page, form, id, variables })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    milik: String,
}

pub(super) async fn new(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Answer {
    let shared = asked.milik == "instansi";
    let may = if shared { quick::may_share } else { quick::may_use };
    if !may(&staff.access) {
        return Err(Refusal::Forbidden.into());
    }
    let form = FormState::new(staff.prefs.locale);
    let form = form.with("milik", if shared { "instansi" } else { "saya" });
    Ok(form_page(&ctx, &staff, None, form, StatusCode::OK))
}

pub(super) async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    let (access, wanted) = (staff.access.clone(), QuickId::parse(&id).ok_or(Refusal::NotFound)?);
    let known = ctx.db.read(move |tx| quick::get(tx, &access, wanted)).await?;
    if known.owner_id.is_none() && !quick::may_share(&staff.access) {
        return Err(Refusal::Forbidden.into());
    }
    let form = FormState::new(staff.prefs.locale)
        .with("title", &known.title)
        .with("shortcut", &known.shortcut)
        .with("body", &known.body)
        .with("version", known.version);
    Ok(form_page(&ctx, &staff, Some(id), form, StatusCode::OK))
}

fn input(fields: &Fields) -> QuickInput {
    QuickInput {
        shared: fields.get("milik") == "instansi",
        shortcut: fields.get("shortcut").to_owned(),
        title: fields.get("title").to_owned(),
        body: fields.get("body").to_owned(),
    }
}

pub(super) async fn create(
    State(ctx): State<Ctx>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let (access, input) = (staff.access.clone(), input(&fields));
    let done = ctx.db.write(move |tx| quick::create(tx, &access, &input).map(drop)).await;
    saved(&ctx, &staff, None, fields, done)
}

pub(super) async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let (access, input) = (staff.access.clone(), input(&fields));
    let wanted = QuickId::parse(&id).ok_or(Refusal::NotFound)?;
    let version = fields.get("version").parse().unwrap_or(0);
    let done = ctx.db.write(move |tx| quick::update(tx, &access, wanted, version, &input)).await;
    saved(&ctx, &staff, Some(id), fields, done)
}

fn saved(ctx: &Ctx, staff: &Staff, id: Option<String>, fields: Fields, done: Result<()>) -> Answer {
    let (status, errors) = match done {
        Ok(()) => return Ok(flash(&ctx.site, HOME, "quick-flash-saved")),
        Err(Error::Refused(Refusal::Invalid(errors))) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Refused(Refusal::Stale)) => {
            (StatusCode::CONFLICT, vec![Invalid::new("title", "org-invalid-stale")])
        }
        Err(error) => return Err(error.into()),
    };
    let form = fields.refused(staff.prefs.locale, errors);
    Ok(form_page(ctx, staff, id, form, status))
}

pub(super) async fn delete(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    let (access, id) = (staff.access.clone(), QuickId::parse(&id).ok_or(Refusal::NotFound)?);
    ctx.db.write(move |tx| quick::delete(tx, &access, id)).await?;
    Ok(flash(&ctx.site, HOME, "quick-flash-deleted"))
}
