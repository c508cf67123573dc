//! The letter to somebody outside: written, looked at exactly as it will go out, and sent only as
//! it was looked at.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use tanggap_cases::inquiries::{
    self, Ask, Inquiry, InquiryId, Letter, Offered, Whom, may_give_identity, store,
};
use tanggap_cases::model::Case;
use tanggap_cases::{actions, rules};
use tanggap_conversations::{
    AttachmentId, Direction, MessageId, attachments_of_case, messages_of, outbound,
};
use tanggap_kernel::{Access, Error, Permission, Refusal, Result};
use tanggap_org::door::{Fields, SignedFields, Staff, flash};
use tanggap_store::Tx;
use tanggap_ui::ctx::{Secrets, random};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, respond};

use super::panel::{self, Line};
use crate::timeline::{self, Entry, FileView};
use crate::words;

/// Characters of a message that the choice of it shows.
const EXCERPT: usize = 160;
/// Fields of the preview that are not the letter's.
const OWN_FIELDS: [&str; 3] = ["csrf", "step", "seal"];

#[derive(Template)]
#[template(path = "inquiry.html")]
struct FormPage {
    page: Page,
    code: String,
    subject: String,
    line: Option<Line>,
    entries: Vec<Entry>,
    form: FormState,
    messages: Vec<Choice>,
    files: Vec<Choice>,
    may_write: bool,
    may_identify: bool,
    hidden: String,
    notice: String,
}

#[derive(Template)]
#[template(path = "inquiry_preview.html")]
struct PreviewPage {
    page: Page,
    code: String,
    letter: Letter,
    files: Vec<FileView>,
    fields: Vec<(String, String)>,
    seal: String,
    changed: bool,
    has_relay: bool,
    hidden: String,
}

/// Which letter a request is about.
#[derive(Clone)]
struct Place {
    code: String,
    again: Option<InquiryId>,
}

impl Place {
    fn new(code: String) -> Self {
        Self { code, again: None }
    }

    fn again(code: String, id: &str) -> Result<Self> {
        let again = InquiryId::parse(id).ok_or(Refusal::NotFound)?;
        Ok(Self { code, again: Some(again) })
    }
}

/// `GET /meja/{code}/pihak-lain`.
pub(super) async fn new(State(ctx): State<Ctx>, staff: Staff, Path(code): Path<String>) -> Answer {
    let form = begun(&staff)?;
    show(&ctx, &staff, Place::new(code), form, None, StatusCode::OK).await
}

/// `GET /meja/{code}/pihak-lain/{id}`.
pub(super) async fn again(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path((code, id)): Path<(String, String)>,
) -> Answer {
    let form = begun(&staff)?;
    show(&ctx, &staff, Place::again(code, &id)?, form, None, StatusCode::OK).await
}

/// `POST /meja/{code}/pihak-lain`.
pub(super) async fn take_new(
    State(ctx): State<Ctx>,
    Path(code): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    take(&ctx, &staff, Place::new(code), fields).await
}

/// `POST /meja/{code}/pihak-lain/{id}`.
pub(super) async fn take_again(
    State(ctx): State<Ctx>,
    Path((code, id)): Path<(String, String)>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    take(&ctx, &staff, Place::again(code, &id)?, fields).await
}

/// A form that nobody has written on.
fn begun(staff: &Staff) -> Result<FormState> {
    let once: [u8; 16] = random().map_err(Error::from)?;
    Ok(FormState::new(staff.prefs.locale).with("once", hex(&once)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a page of an inquiry is made from.
struct Scene {
    case: Case,
    offered: Offered,
    inquiry: Option<Inquiry>,
    line: Option<Line>,
    entries: Vec<Entry>,
    may_write: bool,
}

impl Scene {
    fn read(tx: &mut Tx<'_>, access: &Access, text: Text, place: &Place) -> Result<Self> {
        let case = actions::load_by_code(tx, access, &place.code)?;
        let may_write = access.can(Permission::CaseWrite, case.unit_id);
        if place.again.is_none() {
            access.require(Permission::CaseWrite, case.unit_id)?;
        }
        let offered = match may_write {
            true => inquiries::offered(tx, access, &case)?,
            false => Offered::default(),
        };
        let (mut line, mut entries, mut inquiry) = (None, Vec::new(), None);
        if let Some(id) = place.again {
            let one = store::of(tx, access, case.id, id)?;
            let sent = outbound::of_exchange(tx, access, one.interaction)?;
            line = Some(Line::new(text, &case.code, &one, &sent));
            entries = thread(tx, access, text, &case, &one)?;
            inquiry = Some(one);
        }
        Ok(Self { case, offered, inquiry, line, entries, may_write })
    }
}

/// What was said with one who was asked.
fn thread(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    case: &Case,
    one: &Inquiry,
) -> Result<Vec<Entry>> {
    let messages = messages_of(tx, access, one.interaction)?;
    let files = attachments_of_case(tx, access, case.id.0)?;
    let people: Vec<_> = messages.iter().filter_map(|m| words::user_of(&m.actor)).collect();
    let names = tanggap_org::names(tx, access, &people)?;
    let entry = |message| {
        let entry = timeline::entry(text, message, &files, &names);
        let mut entry = panel::mark(text, &names, message, one, entry);
        if !rules::may_recognise(case, access) {
            // The page of the letter itself is for those who may know who reported.
            entry.original = String::new();
        }
        entry
    };
    Ok(messages.iter().map(entry).collect())
}

async fn show(
    ctx: &Ctx,
    staff: &Staff,
    place: Place,
    form: FormState,
    notice: Option<&'static str>,
    status: StatusCode,
) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let scene = ctx.db.read(move |tx| Scene::read(tx, &access, text, &place)).await?;
    let title = match &scene.inquiry {
        Some(one) => one.name.clone(),
        None => text.t("inquiry-ask").into_owned(),
    };
    let page = FormPage {
        code: scene.case.code.clone(),
        subject: scene.case.subject.clone(),
        form: form.labelled(&[
            ("name", "inquiry-name"),
            ("address", "inquiry-address"),
            ("subject", "inquiry-subject"),
            ("text", "inquiry-text"),
            ("messages", "inquiry-messages"),
            ("files", "inquiry-files"),
            ("identity", "inquiry-identity"),
        ]),
        messages: scene.offered.messages.iter().map(|m| message_choice(text, m)).collect(),
        files: scene.offered.files.iter().map(|f| file_choice(text, f)).collect(),
        may_write: scene.may_write,
        may_identify: may_give_identity(&scene.case, &staff.access),
        hidden: hidden(text, &scene.case),
        notice: notice.map(|key| text.t(key).into_owned()).unwrap_or_default(),
        line: scene.line,
        entries: scene.entries,
        page: staff.page_titled(title),
    };
    Ok(respond::html_status(status, page))
}

/// Why the reporter is not named, in words; empty where nothing forbids it.
fn hidden(text: Text, case: &Case) -> String {
    let key = match (case.anonymous, case.confidential) {
        (true, _) => "inquiry-hidden-anonymous",
        (false, true) => "inquiry-hidden-confidential",
        (false, false) => return String::new(),
    };
    text.t(key).into_owned()
}

fn message_choice(text: Text, message: &tanggap_conversations::Message) -> Choice {
    let key = match message.direction {
        Direction::In => "inquiry-message-citizen",
        Direction::Out => "inquiry-message-staff",
        Direction::Internal => "inquiry-message-note",
    };
    let said = message.body.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut excerpt: String = said.chars().take(EXCERPT).collect();
    if excerpt.len() < said.len() {
        excerpt.push('…');
    }
    let label = text.t1(key, "at", text.date_time_short(message.at)).into_owned();
    Choice::new(message.id.to_string(), label).hint(excerpt)
}

fn file_choice(text: Text, file: &tanggap_conversations::Attachment) -> Choice {
    Choice::new(file.id.to_string(), &file.name).hint(text.file_size(file.size))
}

/// What was typed, as the use case takes it.
struct Typed {
    name: String,
    address: String,
    subject: String,
    text: String,
    messages: Vec<MessageId>,
    files: Vec<AttachmentId>,
    identity: bool,
    once: String,
}

impl Typed {
    fn of(fields: &Fields) -> Result<Self> {
        let own = |name: &str| fields.get(name).to_owned();
        let wrong = |field: &str| Refusal::field(field, "ui-invalid-choice");
        let messages: Option<Vec<_>> = fields.all("messages").map(MessageId::parse).collect();
        let files: Option<Vec<_>> = fields.all("files").map(AttachmentId::parse).collect();
        Ok(Self {
            name: own("name"),
            address: own("address"),
            subject: own("subject"),
            text: own("text"),
            messages: messages.ok_or_else(|| wrong("messages"))?,
            files: files.ok_or_else(|| wrong("files"))?,
            identity: fields.is_on("identity"),
            once: own("once"),
        })
    }

    fn ask<'a>(&'a self, case: &Case, place: &Place) -> Ask<'a> {
        let whom = match place.again {
            Some(id) => Whom::Again(id),
            None => Whom::New { name: &self.name, address: &self.address },
        };
        Ask {
            case: case.id,
            whom,
            subject: &self.subject,
            text: &self.text,
            messages: &self.messages,
            files: &self.files,
            identity: self.identity,
            once: &self.once,
        }
    }
}

/// What a letter looked like: it is sent only where it still looks so.
fn seal(secrets: &Secrets, letter: &Letter) -> String {
    let parts = [&letter.name, &letter.to, &letter.subject, &letter.body];
    let files = letter.files.iter().flat_map(|file| [&file.blob, &file.name]);
    let parts: Vec<&[u8]> = parts.into_iter().chain(files).map(|part| part.as_bytes()).collect();
    hex(&secrets.mac("inquiry-seen", &parts))
}

/// What became of a letter.
enum Outcome {
    Sent(InquiryId),
    /// To be looked at first.
    Seen(Box<(Case, Letter, Vec<FileView>)>),
}

/// Sends the letter where it is the one that was looked at.
fn decide(
    tx: &mut Tx<'_>,
    access: &Access,
    secrets: &Secrets,
    place: &Place,
    (typed, seen): (&Typed, Option<&str>),
) -> Result<Outcome> {
    let case = actions::load_by_code(tx, access, &place.code)?;
    let ask = typed.ask(&case, place);
    let letter = inquiries::compose(tx, access, &ask)?;
    if seen == Some(&seal(secrets, &letter)) {
        return Ok(Outcome::Sent(inquiries::send(tx, access, &ask)?.id));
    }
    let offered = inquiries::offered(tx, access, &case)?;
    let chosen = offered.files.iter().filter(|file| typed.files.contains(&file.id));
    // Under the names that they go out by.
    let named = chosen
        .zip(&letter.files)
        .map(|(file, sent)| FileView { name: sent.name.clone(), ..FileView::new(file) });
    let files = named.collect();
    Ok(Outcome::Seen(Box::new((case, letter, files))))
}

async fn take(ctx: &Ctx, staff: &Staff, place: Place, fields: Fields) -> Answer {
    let locale = staff.prefs.locale;
    let step = fields.get("step").to_owned();
    if step == "ubah" {
        let form = fields.refused(locale, Vec::new());
        return show(ctx, staff, place, form, None, StatusCode::OK).await;
    }
    if let ("baca", Some(id)) = (step.as_str(), place.again) {
        return read(ctx, staff, place, id).await;
    }
    let seen = (step == "kirim").then(|| fields.get("seal").to_owned());
    let done = match Typed::of(&fields) {
        Ok(typed) => {
            let (access, secrets) = (staff.access.clone(), ctx.secrets.clone());
            let (at, seen) = (place.clone(), seen.clone());
            ctx.db
                .write(move |tx| decide(tx, &access, &secrets, &at, (&typed, seen.as_deref())))
                .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(Outcome::Sent(id)) => {
            let path = format!("/meja/{}/pihak-lain/{id}", place.code);
            Ok(flash(&ctx.site, &path, "inquiry-flash-sent"))
        }
        Ok(Outcome::Seen(letter)) => preview(ctx, staff, fields, *letter, seen.is_some()),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(locale, errors);
            show(ctx, staff, place, form, None, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(Error::Refused(Refusal::Illegal(key))) => {
            let form = fields.refused(locale, Vec::new());
            show(ctx, staff, place, form, Some(key), StatusCode::CONFLICT).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn read(ctx: &Ctx, staff: &Staff, place: Place, id: InquiryId) -> Answer {
    let (access, code) = (staff.access.clone(), place.code.clone());
    ctx.db
        .write(move |tx| {
            let case = actions::load_by_code(tx, &access, &code)?;
            inquiries::read(tx, &access, case.id, id)
        })
        .await?;
    let path = format!("/meja/{}/pihak-lain/{id}", place.code);
    Ok(flash(&ctx.site, &path, "inquiry-flash-read"))
}

fn preview(
    ctx: &Ctx,
    staff: &Staff,
    fields: Fields,
    (case, letter, files): (Case, Letter, Vec<FileView>),
    changed: bool,
) -> Answer {
    let kept = |(name, _): &(String, String)| !OWN_FIELDS.contains(&name.as_str());
    let page = PreviewPage {
        page: staff.page(ctx, "inquiry-check"),
        seal: seal(&ctx.secrets, &letter),
        fields: fields.into_pairs().into_iter().filter(kept).collect(),
        has_relay: ctx.site.sends_mail(staff.access.agency_id),
        hidden: hidden(staff.text(), &case),
        code: case.code,
        letter,
        files,
        changed,
    };
    let status = if changed { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(respond::html_status(status, page))
}
