//! `/pengaturan/penghapusan`: carrying out somebody's request to be forgotten. Who is meant is
//! found by what they know of themselves, shown masked, with what goes, what stays and why.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use tanggap_cases::erasure::{self, Outline};
use tanggap_contacts::ContactId;
use tanggap_kernel::{Error, Invalid, Permission, Refusal};
use tanggap_org::door::{SignedFields, Staff, flash};
use tanggap_ui::{Answer, Ctx, FormState, Page, Text, respond};

const HOME: &str = "/pengaturan/penghapusan";

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().route(HOME, get(search)).route("/pengaturan/penghapusan/{id}", get(show).post(go))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cari: String,
}

/// One person, masked.
struct Person {
    href: String,
    name: String,
    /// Number and address, as far as there are any.
    reach: Vec<String>,
    open: usize,
    ended: usize,
    talks: usize,
}

impl Person {
    fn of(text: Text, outline: &Outline) -> Self {
        let contact = &outline.contact;
        let name = match contact.masked_name() {
            name if name.is_empty() => text.t("desk-nameless").into_owned(),
            name => name,
        };
        Self {
            href: format!("{HOME}/{}", contact.id),
            name,
            reach: contact.phone(true).into_iter().chain(contact.email(true)).collect(),
            open: outline.open.len(),
            ended: outline.ended,
            talks: outline.talks_loose,
        }
    }
}

#[derive(Template)]
#[template(path = "erasure.html")]
struct SearchPage {
    page: Page,
    search: FormState,
    /// `None`: nothing was asked for yet.
    found: Option<Vec<Person>>,
}

async fn search(State(ctx): State<Ctx>, staff: Staff, Query(asked): Query<Asked>) -> Answer {
    staff.access.require(Permission::PersonErase, None)?;
    let (access, text) = (staff.access.clone(), staff.text());
    let wanted = asked.cari.trim().to_owned();
    let search = FormState::new(text.locale).with("cari", &wanted);
    let found = match wanted.is_empty() {
        true => None,
        false => Some(ctx.db.read(move |tx| erasure::find(tx, &access, &wanted)).await?),
    };
    let found = found.map(|all| all.iter().map(|one| Person::of(text, one)).collect());
    Ok(respond::html(SearchPage { page: staff.page(&ctx, "erasure-title"), search, found }))
}

#[derive(Template)]
#[template(path = "erasure_person.html")]
struct PersonPage {
    page: Page,
    form: FormState,
    person: Person,
    outline: Outline,
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    let id = ContactId::parse(&id).ok_or(Refusal::NotFound)?;
    let form = FormState::new(staff.prefs.locale);
    page(&ctx, &staff, id, form, StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    id: ContactId,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let access = staff.access.clone();
    let outline = ctx.db.read(move |tx| erasure::look(tx, &access, id)).await?;
    let person = Person::of(staff.text(), &outline);
    let page = staff.page_titled(person.name.clone());
    Ok(respond::html_status(status, PersonPage { page, form, person, outline }))
}

async fn go(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let id = ContactId::parse(&id).ok_or(Refusal::NotFound)?;
    let (access, request) = (staff.access.clone(), fields.get("request").to_owned());
    let is_checked = fields.is_on("checked");
    let done =
        ctx.db.write(move |tx| erasure::carry_out(tx, &access, id, (&request, is_checked))).await;
    let (status, errors) = match done {
        Ok(()) => return Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "erasure-flash-done")),
        Err(Error::Refused(Refusal::Invalid(errors))) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Refused(Refusal::Illegal(key))) => {
            (StatusCode::CONFLICT, vec![Invalid::new("", key)])
        }
        Err(other) => return Err(other.into()),
    };
    let form = fields.refused(staff.prefs.locale, errors);
    page(&ctx, &staff, id, form, status).await
}
