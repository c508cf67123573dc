//! Who reported: unmasked for those who work on the case, which is logged, and all they reported.

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use tanggap_cases::model::Case;
use tanggap_cases::{actions, queries, rules, store};
use tanggap_contacts::ContactId;
use tanggap_kernel::{Permission, Refusal};
use tanggap_org::door::{SignedFields, Staff};
use tanggap_ui::{Answer, Ctx, Page, respond};

use crate::case::{self, Shown};
use crate::counts::Counts;
use crate::presence::Presence;
use crate::row::{self, Row};
use crate::{log, stream};

/// The most cases of one person that their page shows.
const CASES_MAX: i64 = 200;

/// `POST /meja/{code}/identitas`: shows who reported; the look is an event.
pub(crate) async fn reveal(
    State(ctx): State<Ctx>,
    Extension(counts): Extension<Counts>,
    Extension(presence): Extension<Presence>,
    Path(code): Path<String>,
    headers: HeaderMap,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    let (access, seen) = (staff.access.clone(), code.clone());
    let contact = ctx
        .db
        .write(move |tx| {
            let case = actions::load_by_code(tx, &access, &seen)?;
            actions::look_at_identity(tx, &access, case.id)
        })
        .await?;
    let shown = Shown {
        revealed: Some(contact),
        frame: case::is_frame(&headers),
        queue: case::queue_of(&headers),
        ..Shown::default()
    };
    case::render(&ctx, &counts, &presence, &staff, &code, shown).await
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    page: Page,
    phone: String,
    email: String,
    open: Vec<Row>,
    ended: Vec<Row>,
    perhaps: Vec<Row>,
}

/// `GET /meja/warga/{id}`: what a person reported, as far as one may see it; masked.
pub(crate) async fn history(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let id = ContactId::parse(&id).ok_or(Refusal::NotFound)?;
    let (access, text) = (staff.access.clone(), staff.text());
    if !access.can_somewhere(Permission::CaseRead) {
        return Err(Refusal::Forbidden.into());
    }
    let (contact, [open, ended, perhaps], head) = ctx
        .db
        .read(move |tx| {
            let contact = tanggap_contacts::get(tx, &access, id)?;
            let mut cases = store::of_contact(tx, &access, id, CASES_MAX)?;
            cases.retain(|case| rules::may_recognise(case, &access));
            // A person exists for those only who see one of their cases.
            if cases.is_empty() {
                return Err(Refusal::NotFound.into());
            }
            let units = tanggap_org::units(tx, &access)?;
            let (open, ended): (Vec<Case>, Vec<Case>) =
                cases.into_iter().partition(|case| case.status.is_open());
            let others = tanggap_contacts::perhaps_same(tx, &access, &contact)?;
            let mut perhaps = queries::of_contacts(tx, &access, &others, CASES_MAX)?;
            perhaps.retain(|case| rules::may_recognise(case, &access));
            let mut lines = |cases: &[Case]| row::rows(tx, &access, text, cases, &units);
            let shown = [lines(&open)?, lines(&ended)?, lines(&perhaps)?];
            Ok((contact, shown, log::head(tx, access.agency_id)?))
        })
        .await?;
    let mut page = staff.page_titled(contact.masked_name());
    if page.title.is_empty() {
        page.title = text.t("desk-nameless").into_owned();
    }
    page.topics = stream::LISTS.to_owned();
    page.cursor = head.to_string();
    let phone = contact.phone(true).unwrap_or_default();
    let email = contact.email(true).unwrap_or_default();
    Ok(respond::html(PersonPage { page, phone, email, open, ended, perhaps }))
}
