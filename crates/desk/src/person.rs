//! Who reported: unmasked for those who work on the case, which is logged, and all they reported.

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use tanggap_cases::model::Case;
use tanggap_cases::{actions, queries, rules, store};
use tanggap_contacts::{Contact, ContactId};
use tanggap_conversations::{Talk, talks};
use tanggap_kernel::{Access, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{SignedFields, Staff};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, Page, respond};

use crate::case::{self, Shown};
use crate::counts::Counts;
use crate::presence::Presence;
use crate::row::{self, Row};
use crate::{log, stream, words};

/// The most cases of one person that their page shows.
const CASES_MAX: i64 = 200;
/// The most talks of one person that belong to no case and that their page looks for.
const TALKS_MAX: i64 = 100;

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
    /// What they said outside any case.
    talks: Vec<TalkRow>,
    /// Where something of theirs is registered, for those who may.
    register: Option<String>,
}

/// An exchange that belongs to no case.
struct TalkRow {
    href: String,
    channel: String,
    preview: String,
    at: Timestamp,
}

/// A person who exists for somebody: who sees one of their cases, or reads talks and sees one of
/// theirs that belongs to none.
pub(crate) fn known(
    tx: &mut Tx<'_>,
    access: &Access,
    id: ContactId,
) -> Result<(Contact, Vec<Case>, Vec<Talk>)> {
    let contact = tanggap_contacts::get(tx, access, id)?;
    let mut cases = store::of_contact(tx, access, id, CASES_MAX)?;
    cases.retain(|case| rules::may_recognise(case, access));
    let mut talks = match access.can(Permission::TalkRead, None) {
        true => talks::of_contact(tx, access, id, TALKS_MAX)?,
        false => Vec::new(),
    };
    talks.retain(|talk| talk.case_id.is_none());
    match cases.is_empty() && talks.is_empty() {
        true => Err(Refusal::NotFound.into()),
        false => Ok((contact, cases, talks)),
    }
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
    let (contact, [open, ended, perhaps], talks, head) = ctx
        .db
        .read(move |tx| {
            let (contact, cases, talks) = known(tx, &access, id)?;
            let units = tanggap_org::units(tx, &access)?;
            let (open, ended): (Vec<Case>, Vec<Case>) =
                cases.into_iter().partition(|case| case.status.is_open());
            let others = tanggap_contacts::perhaps_same(tx, &access, &contact)?;
            let mut perhaps = queries::of_contacts(tx, &access, &others, CASES_MAX)?;
            perhaps.retain(|case| rules::may_recognise(case, &access));
            let mut lines = |cases: &[Case]| row::rows(tx, &access, text, cases, &units);
            let shown = [lines(&open)?, lines(&ended)?, lines(&perhaps)?];
            Ok((contact, shown, talks, log::head(tx, access.agency_id)?))
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
    let row = |talk: Talk| TalkRow {
        href: format!("/percakapan/{}", talk.id),
        channel: words::channel(text, &talk.channel),
        at: talk.last_in_at.unwrap_or(talk.started_at),
        preview: talk.preview,
    };
    let talks = talks.into_iter().map(row).collect();
    let may = staff.access.can(Permission::TalkWrite, None);
    let register = may.then(|| format!("/meja/warga/{id}/kontak"));
    Ok(respond::html(PersonPage { page, phone, email, open, ended, perhaps, talks, register }))
}
