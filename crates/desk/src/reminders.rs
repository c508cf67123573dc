//! `/tindak-lanjut`: on which day one comes back to a talk or a case. One's own list, the form
//! beside a talk and a case, and the page of that form.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_cases::model::CaseId;
use tanggap_cases::reminders::{self, About, NOTE_MAX, Reminder};
use tanggap_cases::{actions as cases, talking};
use tanggap_contacts as contacts;
use tanggap_conversations::{InteractionId, Talk};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Error, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{Fields, SignedFields, Staff, flash, flash_undoable};
use tanggap_store::{Announced, Tx};
use tanggap_ui::{Answer, Ctx, Field, FormState, Page, Text, respond};

use crate::undo::Undo;
use crate::view::zone_of;
use crate::{duty, stream};

pub(crate) const HOME: &str = "/tindak-lanjut";
/// More than that is not counted.
const COUNTED_MAX: i64 = 99;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().route(HOME, get(list)).route("/tindak-lanjut/{kind}/{id}", get(show).post(change))
}

/// One's reminder beside a talk or a case: what was set, and the form.
#[derive(Clone)]
pub(crate) struct Beside {
    pub href: String,
    /// Its day, whether that has come, and why.
    pub set: Option<(Timestamp, bool, String)>,
    pub day: Field,
    pub note: Field,
}

impl Beside {
    pub(crate) fn read(tx: &mut Tx<'_>, access: &Access, text: Text, about: About) -> Result<Self> {
        let known = reminders::open(tx, access, about)?;
        let form = begun(tx, access, text, known.as_ref())?;
        let beside = Self::new(about, known, &form, tx.now());
        // The page has fields of other forms, which may be called the same.
        let (day, note) =
            (beside.day.id("tindak-lanjut-hari"), beside.note.id("tindak-lanjut-catatan"));
        Ok(Self { day, note, ..beside })
    }

    fn new(about: About, known: Option<Reminder>, form: &FormState, now: Timestamp) -> Self {
        Self {
            href: href(about),
            set: known.map(|known| (known.at, known.at <= now, known.note)),
            day: form.text("day", "desk-reminder-day").kind("date").width("m").required(),
            note: form
                .textarea("note", "desk-reminder-note")
                .rows(2)
                .maxlength(u32::try_from(NOTE_MAX).unwrap_or(u32::MAX))
                .optional(),
        }
    }
}

fn begun(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    known: Option<&Reminder>,
) -> Result<FormState> {
    let form = FormState::new(text.locale);
    let zone = zone_of(tx, access)?;
    let tomorrow = tx.now().plus(Timestamp::DAY);
    let at = known.map(|known| known.at).filter(|at| *at > tx.now()).unwrap_or(tomorrow);
    let day = zone.local_date(at.as_micros()).to_string();
    Ok(form.with("day", day).with("note", known.map_or("", |known| &known.note)))
}

pub(crate) fn href(about: About) -> String {
    let (kind, id) = about.parts();
    let word = if kind == "talk" { "percakapan" } else { "laporan" };
    format!("{HOME}/{word}/{}", tanggap_kernel::id::to_text(id))
}

fn about_of(kind: &str, id: &str) -> Result<About> {
    let about = match kind {
        "percakapan" => InteractionId::parse(id).map(About::Talk),
        "laporan" => CaseId::parse(id).map(About::Case),
        _ => None,
    };
    Ok(about.ok_or(Refusal::NotFound)?)
}

/// What a reminder is about, in words, and where it is; nothing where one may not see it (any
/// more).
fn place(tx: &mut Tx<'_>, access: &Access, about: About) -> Result<Option<(String, String)>> {
    let found = match about {
        About::Talk(id) => match talking::open(tx, access, id) {
            Ok((talk, _)) => {
                let name = name_of(tx, access, &talk)?;
                Ok((name.unwrap_or(talk.preview), format!("/percakapan/{id}")))
            }
            Err(error) => Err(error),
        },
        About::Case(id) => {
            cases::load(tx, access, id).map(|case| (case.subject, format!("/meja/{}", case.code)))
        }
    };
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Refused(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// With whom a talk is, as far as the reader may know it.
fn name_of(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<Option<String>> {
    let Some(contact) = talk.contact_id else { return Ok(None) };
    let name = contacts::names_of(tx, access, &[contact])?.remove(&contact);
    let name = name.filter(|name| !name.is_empty());
    let whole = access.can(Permission::IdentityRead, None);
    Ok(name.map(|name| if whole { name } else { contacts::masked(&name) }))
}

/// One line of one's list.
struct Line {
    title: String,
    href: String,
    form: String,
    at: Timestamp,
    came: bool,
    note: String,
    talk: bool,
}

#[derive(Template)]
#[template(path = "reminders.html")]
struct ListPage {
    page: Page,
    due: Vec<Line>,
    later: Vec<Line>,
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let (due, later) = ctx
        .db
        .read(move |tx| {
            let now = tx.now();
            let mut lines = Vec::new();
            for known in reminders::mine(tx, &access)? {
                let Some((title, href_of)) = place(tx, &access, known.about)? else { continue };
                let nameless = || text.t("desk-nameless").into_owned();
                lines.push(Line {
                    title: Some(title).filter(|title| !title.is_empty()).unwrap_or_else(nameless),
                    href: href_of,
                    form: href(known.about),
                    at: known.at,
                    came: known.at <= now,
                    note: known.note,
                    talk: matches!(known.about, About::Talk(_)),
                });
            }
            Ok(lines.into_iter().partition::<Vec<_>, _>(|line: &Line| line.came))
        })
        .await?;
    Ok(respond::html(ListPage { page: staff.page(&ctx, "desk-reminders"), due, later }))
}

#[derive(Template)]
#[template(path = "reminder_form.html")]
struct FormPage {
    page: Page,
    form: FormState,
    reminder: Beside,
    title: String,
    back: String,
}

async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path((kind, id)): Path<(String, String)>,
) -> Answer {
    form_page(&ctx, &staff, about_of(&kind, &id)?, None, StatusCode::OK).await
}

/// `typed`: the form as it was refused.
async fn form_page(
    ctx: &Ctx,
    staff: &Staff,
    about: About,
    typed: Option<FormState>,
    status: StatusCode,
) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let (known, begun, (title, back), now) = ctx
        .db
        .read(move |tx| {
            let place = place(tx, &access, about)?.ok_or(Refusal::NotFound)?;
            let known = reminders::open(tx, &access, about)?;
            let begun = begun(tx, &access, text, known.as_ref())?;
            Ok((known, begun, place, tx.now()))
        })
        .await?;
    let form = typed
        .unwrap_or(begun)
        .labelled(&[("day", "desk-reminder-day"), ("note", "desk-reminder-note")]);
    let reminder = Beside::new(about, known, &form, now);
    let page = staff.page(ctx, "desk-reminder");
    Ok(respond::html_status(status, FormPage { page, form, reminder, title, back }))
}

async fn change(
    State(ctx): State<Ctx>,
    Path((kind, id)): Path<(String, String)>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let about = about_of(&kind, &id)?;
    let (access, typed) = (staff.access.clone(), fields.clone());
    let done = ctx
        .db
        .write(move |tx| {
            let (_, back) = place(tx, &access, about)?.ok_or(Refusal::NotFound)?;
            Ok((back, one_step(tx, &access, about, &typed)?))
        })
        .await;
    match done {
        Ok((back, (key, undo))) => {
            let path = if fields.get("back") == "list" { HOME } else { &back };
            Ok(match undo {
                Some(undo) => flash_undoable(&ctx.site, path, key, &undo.to_text()),
                None => flash(&ctx.site, path, key),
            })
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(staff.prefs.locale, errors);
            form_page(&ctx, &staff, about, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Does it: what is told of it, and what takes it back. A day that was changed is changed again by
/// the same form.
fn one_step(
    tx: &mut Tx<'_>,
    access: &Access,
    about: About,
    fields: &Fields,
) -> Result<(&'static str, Option<Undo>)> {
    match fields.get("step") {
        "clear" => {
            reminders::clear(tx, access, about)?;
            Ok(("desk-flash-reminder-cleared", None))
        }
        _ => {
            let known = reminders::open(tx, access, about)?;
            reminders::set(tx, access, about, (fields.get("day"), fields.get("note")))?;
            Ok(("desk-flash-reminder-set", known.is_none().then_some(Undo::Forget(about))))
        }
    }
}

/// How many of one's reminders have come, for the bar.
pub(crate) fn due(tx: &mut Tx<'_>, access: &Access) -> Result<i64> {
    Ok(reminders::count_due(tx, access, COUNTED_MAX)?)
}

/// Tells whose reminder has come, wherever they are; and what stands in their bar follows.
pub(crate) fn tell(ctx: &Ctx, event: &Announced) {
    let facts: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
    let Some(owner) = facts["owner"].as_str().and_then(UserId::parse) else { return };
    let topic = duty::topic_of(owner);
    for room in ctx.live.rooms(event.agency_id, |wanted| wanted == topic) {
        ctx.live.send(&room, duty::RELOAD);
        if event.kind == "reminder.rang" {
            stream::toast(ctx, &room, "desk-reminder-toast", HOME.to_owned());
        }
    }
}
