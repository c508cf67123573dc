//! Who reported: unmasked for those who work on the case, which is logged, and all they reported.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq as _;
use tanggap_cases::model::Case;
use tanggap_cases::{actions, queries, rules, store};
use tanggap_contacts::{Contact, ContactId};
use tanggap_conversations::{Talk, talks};
use tanggap_kernel::{Access, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{SignedFields, Staff};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, Page, prefs, respond};

use crate::row::{self, Row};
use crate::{log, stream, words};

/// The most cases of one person that their page shows.
const CASES_MAX: i64 = 200;
/// The most talks of one person that belong to no case and that their page looks for.
const TALKS_MAX: i64 = 100;

/// How long a look at who reported lasts: the page is fetched again meanwhile, by its live stream
/// too, and a look is logged once.
const LOOK_S: i64 = 300;
/// The cookie of a look. It says until when, under a key of the node.
const LOOK_COOKIE: &str = "lihat";

/// `POST /meja/{code}/identitas`: shows who reported for some minutes; the look is an event.
pub(crate) async fn reveal(
    State(ctx): State<Ctx>,
    Path(code): Path<String>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    let access = staff.access.clone();
    let case = ctx
        .db
        .write(move |tx| {
            let case = actions::load_by_code(tx, &access, &code)?;
            actions::look_at_identity(tx, &access, case.id)?;
            Ok(case)
        })
        .await?;
    let until = ctx.now().plus(LOOK_S * 1_000_000).as_micros();
    let path = format!("/meja/{}", case.code);
    let secure = if ctx.site.secure_cookies { "; Secure" } else { "" };
    let cookie = format!(
        "{LOOK_COOKIE}={until}.{}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={LOOK_S}{secure}",
        look_mac(&ctx, &staff, &case, until),
    );
    let mut response = respond::see_other(&path);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Back to a case from the address of a form of its own, which a browser may ask for again.
pub(crate) async fn back(_: Staff, Path(code): Path<String>) -> Answer {
    let code = tanggap_kernel::code::parse(&code).ok_or(Refusal::NotFound)?;
    Ok(respond::see_other(&format!("/meja/{code}")))
}

/// The look that a browser tells of, where it told of one.
pub(crate) fn look_of(headers: &HeaderMap) -> Option<String> {
    prefs::cookie(headers, LOOK_COOKIE).map(str::to_owned)
}

/// Whether somebody looked at who reported a moment ago, and still may.
pub(crate) fn is_looking(ctx: &Ctx, staff: &Staff, case: &Case, look: &str) -> bool {
    let Some((until, mac)) = look.split_once('.') else { return false };
    let Ok(until) = until.parse() else { return false };
    let true_mac = look_mac(ctx, staff, case, until);
    ctx.now().as_micros() < until
        && bool::from(mac.as_bytes().ct_eq(true_mac.as_bytes()))
        && rules::may_identify(case, &staff.access)
}

fn look_mac(ctx: &Ctx, staff: &Staff, case: &Case, until: i64) -> String {
    let (id, until) = (case.id.0.to_be_bytes(), until.to_be_bytes());
    hex::encode(ctx.secrets.mac("look", &[staff.session.hash.as_ref(), &id, &until]))
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
