//! What can be done with a talk: answer, take, hand on, lay aside, end, note what it was about,
//! make it part of a case.

use askama::Template;
use axum::extract::{Extension, Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tanggap_calendar::Kind;
use tanggap_cases::model::CaseId;
use tanggap_cases::report::{Report, Ticket};
use tanggap_cases::talking::{self, Said};
use tanggap_cases::{asides as beside, rules, store, wrap_up};
use tanggap_conversations::{InteractionId, Talk, quick, talks};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Error, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{Fields, SignedFields, Staff, flash, flash_undoable};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, Failed, FormState, Page, respond};

use super::list::{self, Asked};
use super::page::{self, Loaded, Shown};
use super::{asides, signs, template};
use crate::presence::{self, Presence};
use crate::steps::Typed;
use crate::stream;
use crate::undo::Undo;
use crate::upload::Upload;
use crate::words;

/// Where one begins again after a talk is no longer one's own.
const HOME: &str = "/percakapan?rak=saya";
const DRAFT_MAX: usize = 20_000;
/// For how long a talk can be laid aside: the word in the form, and the time.
const SNOOZES: [(&str, i64); 4] = [
    ("1j", Timestamp::HOUR),
    ("4j", 4 * Timestamp::HOUR),
    ("1h", Timestamp::DAY),
    ("3h", 3 * Timestamp::DAY),
];

/// `POST /percakapan/{id}/langkah?rak={shelf}`: the shelf beside it stays the one that it was
/// opened from.
pub(crate) async fn take(
    State(ctx): State<Ctx>,
    Extension(presence): Extension<Presence>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    upload: Upload,
) -> Answer {
    let talk = InteractionId::parse(&id).ok_or(Refusal::NotFound)?;
    let (staff, step) = (upload.staff.clone(), upload.fields.get("step").to_owned());
    if step == "preview" {
        let form = upload.fields.refused(staff.prefs.locale, Vec::new());
        let shown = Shown { form: Some(form), rak: asked.rak, ..Shown::default() };
        return page::render(&ctx, &presence, &staff, &id, shown).await;
    }
    let done = if upload.wrong.is_empty() {
        let (access, fields, files) =
            (staff.access.clone(), upload.fields.clone(), upload.files.clone());
        ctx.db.write(move |tx| one_step(tx, &access, talk, &fields, &files)).await
    } else {
        Err(Refusal::Invalid(upload.wrong.clone()).into())
    };
    let (status, errors, notice) = match done {
        Ok(_) => {
            presence::sent(&ctx, &presence, &staff, &stream::topic_of_talk(talk));
            let gone = matches!(step.as_str(), "note" | "snooze");
            let path = match (gone, list::shelf_query(&asked.rak)) {
                (true, shelf) if shelf.is_empty() => HOME.to_owned(),
                (true, shelf) => format!("/percakapan{shelf}"),
                (false, shelf) => format!("/percakapan/{id}{shelf}"),
            };
            let key = format!("talk-flash-{step}");
            if step == "snooze" {
                let undo = Undo::Wake(talk, asked.rak).to_text();
                return Ok(flash_undoable(&ctx.site, &path, &key, &undo));
            }
            return Ok(flash(&ctx.site, &path, &key));
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            (StatusCode::UNPROCESSABLE_ENTITY, errors, None)
        }
        Err(Error::Refused(Refusal::Stale)) => {
            (StatusCode::CONFLICT, Vec::new(), Some("talk-stale"))
        }
        Err(Error::Refused(Refusal::Illegal(key))) => (StatusCode::CONFLICT, Vec::new(), Some(key)),
        Err(other) => return Err(other.into()),
    };
    let form = upload.fields.refused(staff.prefs.locale, errors);
    let shown = Shown { form: Some(form), notice, status, rak: asked.rak };
    page::render(&ctx, &presence, &staff, &id, shown).await
}

fn one_step(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    fields: &Fields,
    files: &[tanggap_conversations::NewAttachment],
) -> Result<Talk> {
    let (going, _) = talking::open(tx, access, id)?;
    if let Some(going) = asides::step(tx, access, id, fields)? {
        return Ok(going);
    }
    match fields.get("step") {
        "say" => {
            quick::check_filled(fields.get("text"))?;
            let version = fields.get("version").parse().ok();
            let said = Said { text: fields.get("text"), files, template: None, version };
            let going = talking::answer(tx, access, id, &said)?;
            if let Some(user) = access.user() {
                store::save_draft(tx, access, CaseId(id.0), user, "")?;
            }
            Ok(going)
        }
        "template" => {
            let version = fields.get("version").parse().ok();
            let chosen = fields.get(template::FIELD);
            let (language, name) = template::parse(chosen);
            let values = template::values(fields);
            talking::answer_by_template(tx, access, id, (name, language), &values, version)
        }
        "take" => beside::take(tx, access, id, UserId::parse(fields.get("from"))),
        "release" => talking::assign(tx, access, id, None),
        "snooze" => {
            let time = SNOOZES.iter().find(|(name, _)| *name == fields.get("until"));
            let time = time.ok_or_else(|| Refusal::field("until", "ui-invalid-required"))?.1;
            let until = tx.now().plus(time);
            talks::snooze(tx, access, going, until)
        }
        "wake" => {
            access.require(Permission::TalkWrite, None)?;
            talks::come_back(tx, access, id)?;
            talks::get(tx, access, id)
        }
        "speak" => talking::speak(tx, access, id, fields.get("language")),
        "end" => talking::end(tx, access, id),
        "note" => wrap_up::note(tx, access, id, (fields.get("topic"), fields.get("reason"))),
        "link" => {
            talking::link(tx, access, id, fields.get("code"), fields.is_on("same_person"))?;
            talks::get(tx, access, id)
        }
        _ => Err(Refusal::NotFound.into()),
    }
}

/// `POST /percakapan/{id}/draf`: keeps what is being written.
pub(crate) async fn keep_draft(
    State(ctx): State<Ctx>,
    Extension(presence): Extension<Presence>,
    Path(id): Path<String>,
    staff: Staff,
    Form(typed): Form<Typed>,
) -> Result<Response, Failed> {
    staff.check_csrf(&typed.csrf)?;
    let talk = InteractionId::parse(&id).ok_or(Refusal::NotFound)?;
    let (access, user) = (staff.access.clone(), staff.user.id);
    let text: String = typed.body.chars().take(DRAFT_MAX).collect();
    let is_written = !text.trim().is_empty();
    let (owner, case) = ctx
        .db
        .write(move |tx| {
            let (going, case) = talking::open(tx, &access, talk)?;
            access.require(Permission::TalkWrite, None)?;
            // A talk's id is no case's: ids are drawn once for all tables.
            store::save_draft(tx, &access, CaseId(talk.0), user, &text)?;
            Ok((going.owner_id, case))
        })
        .await?;
    // Who looks on is not announced by what they begin to write.
    if is_written && owner.is_none_or(|owner| owner == user) {
        signs::typing(&ctx, staff.agency.id, talk);
        let place = stream::topic_of_talk(talk);
        presence::writes(&ctx, &presence, &staff, (&place, case.as_ref()));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Template)]
#[template(path = "talk_report.html")]
struct ReportPage {
    page: Page,
    id: String,
    name: String,
    form: FormState,
    kinds: Vec<Choice>,
    categories: Vec<Choice>,
}

/// `GET /percakapan/{id}/laporan`: the form of a case for what a talk is about.
pub(crate) async fn report_form(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let form =
        FormState::new(staff.prefs.locale).with("kind", Kind::Complaint).with("category", "umum");
    show_report(&ctx, &staff, &id, Some(form), StatusCode::OK).await
}

/// `form` as begun is filled from what the citizen wrote first.
async fn show_report(
    ctx: &Ctx,
    staff: &Staff,
    id: &str,
    form: Option<FormState>,
    status: StatusCode,
) -> Answer {
    staff.access.require(Permission::CaseCreate, None)?;
    let talk = InteractionId::parse(id).ok_or(Refusal::NotFound)?;
    let (access, text) = (staff.access.clone(), staff.text());
    let (loaded, categories) = ctx
        .db
        .read(move |tx| {
            let loaded = Loaded::read(tx, &access, text, talk)?;
            Ok((loaded, tanggap_org::categories(tx, &access)?))
        })
        .await?;
    let told: Vec<&str> = loaded
        .messages
        .iter()
        .filter(|message| message.direction == tanggap_conversations::Direction::In)
        .map(|message| message.body.as_str())
        .collect();
    let form = form.unwrap_or_else(|| FormState::new(staff.prefs.locale));
    let form = match form.value("description").is_empty() && status == StatusCode::OK {
        true => form.with("description", told.join("\n\n")),
        false => form,
    };
    let choose = |c: &tanggap_org::Category| Choice::new(&c.slug, c.name_in(text.locale));
    let page = ReportPage {
        page: staff.page(ctx, "talk-report-title"),
        id: id.to_owned(),
        name: loaded.person.map(|person| person.name).unwrap_or_default(),
        form: form.labelled(&[
            ("description", "desk-field-story"),
            ("subject", "desk-field-subject"),
            ("category", "desk-field-category"),
        ]),
        kinds: words::kinds(text),
        categories: categories.iter().filter(|c| c.active).map(choose).collect(),
    };
    Ok(respond::html_status(status, page))
}

/// `POST /percakapan/{id}/laporan`: opens the case.
pub(crate) async fn report(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    staff.access.require(Permission::CaseCreate, None)?;
    let talk = InteractionId::parse(&id).ok_or(Refusal::NotFound)?;
    let kind = fields.get("kind").parse().unwrap_or(Kind::Complaint);
    let ticket = Ticket::draw(&ctx.secrets)?;
    let mut report = Report::new(kind, fields.get("subject"), fields.get("description"), ticket);
    report.category = fields.get("category").to_owned();
    report.place = fields.get("place").to_owned();
    report.anonymous = fields.is_on("anonymous");
    report.confidential = fields.is_on("confidential");
    let access = staff.access.clone();
    let opened = ctx.db.write(move |tx| talking::open_case(tx, &access, talk, &report)).await;
    match opened {
        Ok(case) if rules::may_see(&case, &staff.access) => {
            Ok(flash(&ctx.site, &format!("/percakapan/{id}"), "talk-flash-report"))
        }
        Ok(_) => Ok(flash(&ctx.site, HOME, "talk-flash-report")),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(staff.prefs.locale, errors);
            show_report(&ctx, &staff, &id, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}
