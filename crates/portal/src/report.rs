//! Reporting: choose what about, tell it, look at it once more, send it.
//!
//! No step needs JavaScript. What was typed goes from page to page; files are kept at the first
//! step and go along as signed references. The form's token seeds code and PIN, so that a second
//! click, a reload or a second node make the same case and no other.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tanggap_calendar::Kind;
use tanggap_cases::actions;
use tanggap_cases::model::Case;
use tanggap_cases::report::{FILES_MAX, Report, Ticket, hash_pin};
use tanggap_cases::store as cases;
use tanggap_conversations::Scan;
use tanggap_conversations::files::{self, Scanner};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp, code};
use tanggap_org::{self as org, Category};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Failed, Page, respond};

use crate::door::Door;
use crate::form::Writing;
use crate::home::{Found, find};
use crate::limits::Limits;
use crate::pow;
use crate::receipt::Receipt;
use crate::sealed::FormToken;
use crate::sent::{Sent, Upload, file_bytes_max};
use crate::track::{self, Mark};

/// A form without proof of work is looked at for at least so long; quicker is no reading person.
const AGE_MIN: i64 = 5 * Timestamp::SECOND;
/// How many codes are tried before we give up finding a free one.
const TICKETS: u8 = 3;

/// What the first step is asked for.
#[derive(Deserialize)]
pub struct Asked {
    jenis: Option<String>,
    kategori: Option<String>,
    q: Option<String>,
}

/// Categories that are shown before the others are unfolded.
const FIRST: usize = 6;

#[derive(Template)]
#[template(path = "choose.html")]
struct ChoosePage {
    page: Page,
    base: String,
    kind: &'static str,
    kinds: Vec<(&'static str, String)>,
    asked: String,
    found: Vec<Found>,
    all: bool,
}

impl ChoosePage {
    /// What can be chosen, without "I do not know", which stands first.
    fn named(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|topic| topic.slug != "umum")
    }

    /// Those shown at once: all that were found, or the first of all that there are.
    fn first(&self) -> Vec<&Found> {
        self.named().take(if self.all { FIRST } else { usize::MAX }).collect()
    }

    /// Those that are folded, so that a phone does not scroll for long.
    fn rest(&self) -> Vec<&Found> {
        self.named().skip(self.first().len()).collect()
    }
}

/// `GET /lapor`: what about; with `kategori` the form itself.
pub async fn start(door: Door, Query(asked): Query<Asked>) -> Answer {
    let kind: Kind = asked.jenis.as_deref().and_then(|k| k.parse().ok()).unwrap_or(Kind::Complaint);
    if let Some(category) = asked.kategori.filter(|slug| !slug.is_empty()) {
        let writing = Writing::begin(door, kind, &category).await?;
        return Ok(writing.page(StatusCode::OK, Vec::new()));
    }
    let query = asked.q.unwrap_or_default();
    let categories = active_categories(&door).await?;
    let locale = door.text().locale;
    let (found, all) = match find(&categories, &query, locale) {
        found if !query.trim().is_empty() && !found.is_empty() => (found, false),
        _ => (categories.iter().map(|c| Found::of(c, locale)).collect(), true),
    };
    let page = door.page("portal-choose");
    let short = |kind: &Kind| page.t(format!("portal-short-{}", kind.as_str().replace('_', "-")));
    let kinds = Kind::ALL.iter().map(|kind| (kind.as_str(), short(kind).into_owned())).collect();
    let view = ChoosePage {
        page,
        base: door.base.clone(),
        kind: kind.as_str(),
        kinds,
        asked: query,
        found,
        all,
    };
    Ok(door.html(view))
}

/// The categories that are offered, in their order.
///
/// # Errors
/// A fault.
pub async fn active_categories(door: &Door) -> Result<Vec<Category>> {
    let access = door.access();
    let mut all = door.ctx.db.read(move |tx| org::categories(tx, &access)).await?;
    all.retain(|category| category.active);
    Ok(all)
}

/// `POST /lapor/pratinjau`: checks, keeps the files, shows what it will be.
pub async fn preview(
    Extension(limits): Extension<Arc<Limits>>,
    scanner: Option<Extension<Scanner>>,
    door: Door,
    sent: Sent,
) -> Answer {
    let (mut writing, mut problems, is_ours) =
        take_up(&limits, scanner.as_deref(), door, sent).await?;
    if !is_ours {
        problems.push(Invalid::new("", "ui-invalid-csrf"));
    }
    prove(&mut writing).await?;
    match writing.check(ticket(&writing, 0, "")) {
        Ok(report) if problems.is_empty() => {
            let public = publishable(&writing.door, report.kind).await?;
            Ok(writing.preview(StatusCode::OK, &report, public))
        }
        Ok(_) => Ok(writing.page(StatusCode::UNPROCESSABLE_ENTITY, problems)),
        Err(wrong) => {
            problems.splice(0..0, wrong);
            Ok(writing.page(StatusCode::UNPROCESSABLE_ENTITY, problems))
        }
    }
}

/// `POST /lapor/ubah`: back to the form, from the preview or to choose a region.
pub async fn edit(
    Extension(limits): Extension<Arc<Limits>>,
    scanner: Option<Extension<Scanner>>,
    door: Door,
    sent: Sent,
) -> Answer {
    let searched = sent.values.get("action") == "region";
    let (mut writing, mut problems, _) = take_up(&limits, scanner.as_deref(), door, sent).await?;
    prove(&mut writing).await?;
    if searched {
        writing.values.set("region", "");
        let asked = writing.values.get("region_q").to_owned();
        match &crate::draft::regions_for(&asked)[..] {
            [] if !asked.is_empty() => {
                problems.push(Invalid::new("region_q", "portal-invalid-region-none"));
            }
            [only] => writing.values.set("region", only.code.to_string()),
            _ => {}
        }
    }
    Ok(writing.page(StatusCode::OK, problems))
}

/// `POST /lapor`: registers the report and hands out the receipt.
pub async fn send(
    Extension(limits): Extension<Arc<Limits>>,
    door: Door,
    headers: HeaderMap,
    sent: Sent,
) -> Answer {
    let (mut writing, _, is_ours) = Writing::resume(door, sent).await?;
    if !is_ours {
        let expired = vec![Invalid::new("", "ui-invalid-csrf")];
        return Ok(writing.page(StatusCode::UNPROCESSABLE_ENTITY, expired));
    }
    prove(&mut writing).await?;
    let told = content(&writing);
    let mut report = match writing.check(ticket(&writing, 0, &told)) {
        Ok(report) => report,
        Err(wrong) => return Ok(writing.page(StatusCode::UNPROCESSABLE_ENTITY, wrong)),
    };
    report.unproven = !writing.token.proven;
    let tickets: Vec<Ticket> = (0..TICKETS).map(|n| ticket(&writing, n, &told)).collect();
    if let Some((case, ticket)) = already(&writing.door, &tickets).await? {
        return Ok(hand_out(&writing.door, &headers, &case, ticket));
    }
    if report.unproven && writing.token.age(&writing.door.ctx) < AGE_MIN {
        return again(writing, &report, StatusCode::UNPROCESSABLE_ENTITY, "portal-too-quick").await;
    }
    let gate = if report.unproven { &limits.unproven } else { &limits.proven };
    if let Err(wait_s) = gate.pass(writing.door.visitor.address, writing.door.ctx.now()) {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = again(writing, &report, status, "portal-too-many").await?;
        response.headers_mut().insert(axum::http::header::RETRY_AFTER, wait_s.into());
        return Ok(response);
    }
    let registered = register(&writing.door, &report, &tickets).await;
    match registered {
        Ok((case, ticket)) => Ok(hand_out(&writing.door, &headers, &case, ticket)),
        Err(Error::Refused(Refusal::Invalid(wrong))) => {
            Ok(writing.page(StatusCode::UNPROCESSABLE_ENTITY, wrong))
        }
        // The same form on two connections at once: the other one may have been quicker.
        Err(error) => match already(&writing.door, &tickets).await? {
            Some((case, ticket)) => Ok(hand_out(&writing.door, &headers, &case, ticket)),
            None => Err(Failed(error)),
        },
    }
}

async fn again(mut writing: Writing, report: &Report, status: StatusCode, key: &str) -> Answer {
    writing.notice = writing.door.text().t(key).into_owned();
    let public = publishable(&writing.door, report.kind).await?;
    Ok(writing.preview(status, report, public))
}

/// Takes up what a form sent and keeps its files.
async fn take_up(
    limits: &Limits,
    scanner: Option<&Scanner>,
    door: Door,
    sent: Sent,
) -> Result<(Writing, Vec<Invalid>, bool)> {
    let mut problems = sent.problems.clone();
    let (mut writing, uploads, is_ours) = Writing::resume(door, sent).await?;
    let room = FILES_MAX.saturating_sub(writing.kept.len());
    if uploads.len() > room {
        problems.push(Invalid::new("files", "case-invalid-files").arg("max", FILES_MAX));
    }
    let uploads: Vec<Upload> = uploads.into_iter().take(room).collect();
    let (kept, more) = keep(limits, scanner, &writing.door, uploads).await?;
    writing.kept.extend(kept.into_iter().map(Into::into));
    problems.extend(more);
    Ok((writing, problems, is_ours))
}

/// Keeps files; tells which were not taken and why.
///
/// # Errors
/// A fault.
pub async fn keep(
    limits: &Limits,
    scanner: Option<&Scanner>,
    door: &Door,
    uploads: Vec<Upload>,
) -> Result<(Vec<tanggap_conversations::NewAttachment>, Vec<Invalid>)> {
    let (mut kept, mut problems) = (Vec::new(), Vec::new());
    if uploads.is_empty() {
        return Ok((kept, problems));
    }
    if limits.uploads.pass(door.visitor.address, door.ctx.now()).is_err() {
        problems.push(Invalid::new("files", "portal-too-many-files"));
        return Ok((kept, problems));
    }
    let max = file_bytes_max(&door.ctx);
    for Upload { name, bytes } in uploads {
        match files::take(&door.ctx.blobs, bytes, name.clone(), max, scanner).await {
            Ok(file) if file.scan == Scan::Infected => {
                problems.push(files::infected(&name));
            }
            Ok(file) => kept.push(file),
            Err(Error::Refused(Refusal::Invalid(wrong)))
                if wrong.iter().any(|w| w.message == files::PHOTO_UNREAD) =>
            {
                problems.extend(wrong);
            }
            Err(Error::Refused(Refusal::Invalid(_))) => {
                problems.push(Invalid::new("files", "portal-invalid-file-empty").arg("name", name));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((kept, problems))
}

/// Spends the proof of work that came with the form, where it is one.
async fn prove(writing: &mut Writing) -> Result<()> {
    let sent = writing.values.get("altcha").to_owned();
    writing.values.0.retain(|(name, _)| name != "altcha");
    if writing.token.proven {
        return Ok(());
    }
    if let Some(work) = pow::check(&writing.door.ctx, &sent) {
        writing.token.proven = writing.door.ctx.db.write(move |tx| pow::spend(tx, &work)).await?;
    }
    Ok(())
}

/// What makes two reports from one form two reports: the words of the story.
fn content(writing: &Writing) -> String {
    let mut told = String::new();
    for name in ["kind", "category", "subject", "description", "place", "name"] {
        told.push_str(writing.values.get(name));
        told.push('\u{0}');
    }
    told
}

/// The code and PIN that this form's seed gives for these words.
fn ticket(writing: &Writing, attempt: u8, told: &str) -> Ticket {
    let FormToken { nonce, at, .. } = &writing.token;
    let secrets = &writing.door.ctx.secrets;
    let agency = writing.door.agency.id.0.to_be_bytes();
    let at = at.to_be_bytes();
    let parts = [nonce.as_bytes(), &at, &agency, told.as_bytes(), &[attempt]];
    let (for_code, for_pin) = (secrets.mac("draw-code", &parts), secrets.mac("draw-pin", &parts));
    let (mut wide, mut narrow) = ([0; 16], [0; 8]);
    wide.copy_from_slice(&for_code[..16]);
    narrow.copy_from_slice(&for_pin[..8]);
    let (code, pin) = (code::from_random(wide), code::pin_from_random(narrow));
    let pin_hash = hash_pin(secrets, &code, &pin);
    Ticket { code, pin, pin_hash }
}

/// The case that this form made before.
async fn already<'t>(door: &Door, tickets: &'t [Ticket]) -> Result<Option<(Case, &'t Ticket)>> {
    let (access, owned) = (door.access(), tickets.to_vec());
    let found = door.ctx.db.read(move |tx| made_before(tx, &access, &owned)).await?;
    Ok(found.map(|(case, n)| (case, &tickets[n])))
}

fn made_before(
    tx: &mut Tx<'_>,
    access: &Access,
    tickets: &[Ticket],
) -> Result<Option<(Case, usize)>> {
    for (n, ticket) in tickets.iter().enumerate() {
        if let Some(case) = cases::by_code(tx, access, &ticket.code)?
            && cases::pin_hash(tx, access, case.id)? == ticket.pin_hash
        {
            return Ok(Some((case, n)));
        }
    }
    Ok(None)
}

/// Registers a report, or gives the case that one of its tickets made before.
///
/// # Errors
/// What the use case refuses, or a fault.
pub(crate) async fn register<'t>(
    door: &Door,
    report: &Report,
    tickets: &'t [Ticket],
) -> Result<(Case, &'t Ticket)> {
    let (access, owned, mut report) = (door.access(), tickets.to_vec(), report.clone());
    let made = door.ctx.db.write(move |tx| {
        if let Some(found) = made_before(tx, &access, &owned)? {
            return Ok(found);
        }
        for (n, ticket) in owned.iter().enumerate() {
            // A code that somebody else holds already is passed over.
            if cases::by_code(tx, &access, &ticket.code)?.is_none() {
                report.ticket = ticket.clone();
                return Ok((actions::open(tx, &access, &report)?.case, n));
            }
        }
        Err(tanggap_kernel::Fault::new("no free tracking code").into())
    });
    let (case, n) = made.await?;
    Ok((case, &tickets[n]))
}

fn hand_out(door: &Door, headers: &HeaderMap, case: &Case, ticket: &Ticket) -> Response {
    let mut response = respond::see_other(&door.link("/lapor/terima"));
    Receipt::of(door, case, ticket).give(door, &mut response);
    let mark = Mark::of(&door.ctx.secrets, &ticket.pin_hash);
    track::admit(door, headers, case.id, mark, &mut response);
    response.into_response()
}

async fn publishable(door: &Door, kind: Kind) -> Result<bool> {
    let access = door.access();
    let on = door.agency.zone.local_date(door.ctx.now().as_micros());
    let read = door.ctx.db.read(move |tx| org::profile_for(tx, &access, kind, on));
    Ok(read.await?.publication.allowed)
}
