//! `/meja/baru`: a report registered for somebody at the counter, on the phone or by letter.
//!
//! Code and PIN are derived from a key that the form carries and from all that was written in it,
//! so that sending the very same form twice registers one case and shows the same receipt.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tanggap_calendar::Kind;
use tanggap_cases::actions::{self, Opened};
use tanggap_cases::model::{Case, Details};
use tanggap_cases::report::{Report, SUBJECT_MAX, Ticket, hash_pin};
use tanggap_cases::store;
use tanggap_contacts::NewContact;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_conversations::NewAttachment;
use tanggap_kernel::error::Check;
use tanggap_kernel::{Access, Error, Invalid, Permission, Refusal, Result, code};
use tanggap_org::door::{Fields, Staff};
use tanggap_org::{Agency, Category};
use tanggap_store::Tx;
use tanggap_ui::ctx::{Secrets, random};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, respond};

use crate::counts::Counts;
use crate::row::{self, Row};
use crate::upload::Upload;
use crate::{search, words};

/// The doors through which somebody is served by a person.
const CHANNELS: [&str; 4] = ["counter", "phone", "letter", "email"];
/// The most open cases of the same number that are shown.
const SIMILAR_MAX: usize = 3;
/// The most cases of the same number among which open ones are looked for.
const LOOKED_AT_MAX: i64 = 50;

#[derive(Template)]
#[template(path = "counter.html")]
struct CounterPage {
    page: Page,
    form: FormState,
    channels: Vec<Choice>,
    kinds: Vec<Choice>,
    categories: Vec<Choice>,
    similar: Similar,
    /// Whether nothing was sent yet.
    fresh: bool,
}

/// Open cases that may be the same matter, as the form shows them.
#[derive(Debug, Default)]
struct Similar {
    rows: Vec<Row>,
    /// How many there are, shown or not.
    count: usize,
    /// The form was sent and waits for a word about them.
    stops: bool,
    /// Somebody asked and there are none.
    none: bool,
}

impl Similar {
    /// The codes of what is shown, as the form says that they were seen.
    fn codes(&self) -> String {
        let codes: Vec<&str> = self.rows.iter().map(|row| row.code.as_str()).collect();
        codes.join(" ")
    }

    /// Whether whoever sent the form has seen these.
    fn was_shown(&self, fields: &Fields) -> bool {
        let seen: Vec<&str> = fields.all("seen").flat_map(str::split_whitespace).collect();
        self.rows.iter().all(|row| seen.contains(&row.code.as_str()))
    }
}

/// The part of the form that is fetched anew while somebody types.
#[derive(Template)]
#[template(path = "similar.html")]
struct SimilarPart {
    page: Text,
    similar: Similar,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    page: Page,
    code: String,
    pin: String,
    subject: String,
    kind: String,
    name: String,
    description: String,
    received_at: tanggap_kernel::Timestamp,
    deadlines: Vec<(String, tanggap_kernel::Timestamp, String)>,
    agency: Agency,
    warned: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begun {
    kanal: String,
    telepon: String,
}

/// `GET /meja/baru`.
pub(crate) async fn form(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(begun): Query<Begun>,
) -> Answer {
    staff.access.require(Permission::CaseCreate, None)?;
    let channel = CHANNELS.iter().find(|known| **known == begun.kanal).unwrap_or(&CHANNELS[0]);
    let key = draw_key()?;
    let form = FormState::new(staff.prefs.locale)
        .with("key", key)
        .with("channel", channel)
        .with("kind", Kind::Complaint)
        .with("category", "umum")
        .with("phone", &begun.telepon);
    show(&ctx, &staff, form, Similar::default(), StatusCode::OK).await
}

/// Who is typed, as far as it says who somebody is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    name: String,
    phone: String,
    email: String,
}

/// `GET /meja/baru/serupa`: open cases of who is being typed.
pub(crate) async fn hint(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(typed): Query<Typed>,
) -> Answer {
    staff.access.require(Permission::CaseCreate, None)?;
    let (access, text) = (staff.access.clone(), staff.text());
    let similar = ctx.db.read(move |tx| same_person(tx, &access, text, &typed, true)).await?;
    Ok(respond::html(SimilarPart { page: text, similar }))
}

async fn show(
    ctx: &Ctx,
    staff: &Staff,
    form: FormState,
    similar: Similar,
    status: StatusCode,
) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let categories = ctx.db.read(move |tx| tanggap_org::categories(tx, &access)).await?;
    let choose = |c: &Category| Choice::new(&c.slug, c.name_in(text.locale));
    let page = CounterPage {
        fresh: status == StatusCode::OK && similar.rows.is_empty() && !similar.none,
        page: staff.page(ctx, "desk-register-title"),
        channels: CHANNELS.map(|name| Choice::new(name, words::channel(text, name))).to_vec(),
        kinds: words::kinds(text),
        categories: categories.iter().filter(|c| c.active).map(choose).collect(),
        form: form.labelled(&[
            ("description", "desk-field-story"),
            ("subject", "desk-field-subject"),
            ("name", "desk-field-name"),
            ("phone", "desk-phone"),
            ("email", "desk-email"),
            ("category", "desk-field-category"),
        ]),
        similar,
    };
    Ok(respond::html_status(status, page))
}

/// `POST /meja/baru`.
pub(crate) async fn register(
    State(ctx): State<Ctx>,
    Extension(counts): Extension<Counts>,
    upload: Upload,
) -> Answer {
    let Upload { staff, fields, files, wrong } = upload;
    staff.access.require(Permission::CaseCreate, None)?;
    let again = |errors: Vec<Invalid>| fields.clone().refused(staff.prefs.locale, errors);
    if fields.get("check") == "ya" {
        let mut similar = look_up(&ctx, &staff, &fields).await?;
        similar.none = similar.rows.is_empty();
        return show(&ctx, &staff, again(wrong), similar, StatusCode::OK).await;
    }
    let mut report = match report(&ctx.secrets, &staff, &fields, &files) {
        Ok(report) if wrong.is_empty() => report,
        Ok(_) => return refuse(&ctx, &staff, again(wrong), Similar::default()).await,
        Err(Error::Refused(Refusal::Invalid(mut errors))) => {
            errors.extend(wrong);
            return refuse(&ctx, &staff, again(errors), Similar::default()).await;
        }
        Err(other) => return Err(other.into()),
    };
    report.attachments = files;
    let mut similar = similar(&ctx, &staff, &report).await?;
    if !similar.was_shown(&fields) {
        similar.stops = true;
        return refuse(&ctx, &staff, again(Vec::new()), similar).await;
    }
    let (access, filed) = (staff.access.clone(), report.clone());
    let opened = ctx.db.write(move |tx| open_once(tx, &access, &filed)).await;
    match opened {
        Ok(opened) => {
            counts.forget(&staff);
            receipt(&ctx, &staff, &report, opened).await
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            refuse(&ctx, &staff, again(errors), Similar::default()).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn refuse(ctx: &Ctx, staff: &Staff, form: FormState, similar: Similar) -> Answer {
    show(ctx, staff, form, similar, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Registers a report; one that was registered already is found by its code.
fn open_once(tx: &mut Tx<'_>, access: &Access, report: &Report) -> Result<Opened> {
    match store::by_code(tx, access, &report.ticket.code)? {
        Some(case) => {
            let deadlines = store::deadlines(tx, access, case.id)?;
            Ok(Opened { case, deadlines })
        }
        None => actions::open(tx, access, report),
    }
}

fn report(
    secrets: &Secrets,
    staff: &Staff,
    fields: &Fields,
    files: &[NewAttachment],
) -> Result<Report> {
    let mut check = Check::new();
    let phone = match (fields.get("phone"), Phone::parse(fields.get("phone"))) {
        ("", _) => None,
        (_, Ok(phone)) => Some(phone.e164().to_owned()),
        (_, Err(_)) => {
            check.push(Invalid::new("phone", "ui-invalid-phone"));
            None
        }
    };
    let email = match (fields.get("email"), Email::parse(fields.get("email"))) {
        ("", _) => None,
        (_, Ok(email)) => Some(email.as_str().to_owned()),
        (_, Err(_)) => {
            check.push(Invalid::new("email", "ui-invalid-email"));
            None
        }
    };
    let kind = fields.get("kind").parse().unwrap_or(Kind::Complaint);
    let channel = CHANNELS.iter().find(|known| **known == fields.get("channel"));
    let subject = match fields.get("subject") {
        "" => first_words(fields.get("description")),
        typed => typed.to_owned(),
    };
    let ticket = ticket(secrets, staff, fields, files)?;
    let mut report = Report::new(kind, &subject, fields.get("description"), ticket);
    if report.description.is_empty() {
        // The title comes from the story, so one of the two is asked for.
        check.push(Invalid::new("description", "case-invalid-description"));
    }
    check.done()?;
    report.channel = channel.copied().unwrap_or(CHANNELS[0]);
    report.category = fields.get("category").to_owned();
    report.place = fields.get("place").to_owned();
    report.anonymous = fields.is_on("anonymous");
    report.confidential = fields.is_on("confidential");
    report.details = Details { wish: fields.get("wish").to_owned(), ..Details::default() };
    let name = fields.get("name").to_owned();
    if !name.is_empty() || phone.is_some() || email.is_some() {
        let address = fields.get("address").to_owned();
        report.reporter = Some(NewContact { name, address, phone, email, ..NewContact::default() });
    }
    report.check()?;
    Ok(report)
}

/// What of the form says nothing of the report.
const ASIDE: [&str; 3] = ["csrf", "seen", "check"];

/// Code and PIN from the key of the form and all that was written in it: the very same form gives
/// the same, and whatever differs is another report.
fn ticket(
    secrets: &Secrets,
    staff: &Staff,
    fields: &Fields,
    files: &[NewAttachment],
) -> Result<Ticket> {
    // A form that came without a key is like no other.
    let drawn_key = if fields.get("key").is_empty() { draw_key()? } else { String::new() };
    let who = staff.user.id.0.to_be_bytes();
    let pairs = fields.clone().into_pairs();
    let told = pairs.iter().filter(|(name, _)| !ASIDE.contains(&name.as_str()));
    let mut parts: Vec<&[u8]> = vec![&who, drawn_key.as_bytes()];
    parts.extend(told.flat_map(|(name, value)| [name.as_bytes(), value.trim().as_bytes()]));
    parts.extend(files.iter().flat_map(|file| [file.name.as_bytes(), file.blob.as_bytes()]));
    let drawn = secrets.mac("counter", &parts);
    let (mut code, mut pin) = ([0; 16], [0; 8]);
    code.copy_from_slice(&drawn[..16]);
    pin.copy_from_slice(&drawn[16..24]);
    let (code, pin) = (code::from_random(code), code::pin_from_random(pin));
    let pin_hash = hash_pin(secrets, &code, &pin);
    Ok(Ticket { code, pin, pin_hash })
}

/// A key of a form.
fn draw_key() -> Result<String> {
    let key: [u8; 16] = random().map_err(Error::from)?;
    Ok(hex::encode(key))
}

/// The first sentence of a story, cut between words: a title where none was given.
fn first_words(story: &str) -> String {
    let sentence = story.split(['.', '!', '?', '\n']).next().unwrap_or_default().trim();
    let mut title = String::new();
    for word in sentence.split_whitespace() {
        if title.chars().count() + word.chars().count() + 1 > SUBJECT_MAX.min(90) {
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
    }
    if title.is_empty() { story.chars().take(SUBJECT_MAX).collect() } else { title }
}

/// Open cases of the same number or address: it may be the same matter.
async fn similar(ctx: &Ctx, staff: &Staff, report: &Report) -> Result<Similar> {
    let Some(reporter) = report.reporter.clone() else { return Ok(Similar::default()) };
    let (access, text, code) = (staff.access.clone(), staff.text(), report.ticket.code.clone());
    let typed = Typed {
        name: reporter.name,
        phone: reporter.phone.unwrap_or_default(),
        email: reporter.email.unwrap_or_default(),
    };
    ctx.db
        .read(move |tx| {
            // A form that is sent a second time is no second report.
            if store::by_code(tx, &access, &code)?.is_some() {
                return Ok(Similar::default());
            }
            same_person(tx, &access, text, &typed, false)
        })
        .await
}

/// The same before it is sent, for a browser without JavaScript.
async fn look_up(ctx: &Ctx, staff: &Staff, fields: &Fields) -> Result<Similar> {
    let (access, text) = (staff.access.clone(), staff.text());
    let field = |name: &str| fields.get(name).to_owned();
    let typed = Typed { name: field("name"), phone: field("phone"), email: field("email") };
    ctx.db.read(move |tx| same_person(tx, &access, text, &typed, true)).await
}

/// Open cases of whoever has this number or address, and where `by_name`, of namesakes.
fn same_person(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    typed: &Typed,
    by_name: bool,
) -> Result<Similar> {
    let mut found = search::of_identity(tx, access, &typed.phone, LOOKED_AT_MAX)?;
    found.extend(search::of_identity(tx, access, &typed.email, LOOKED_AT_MAX)?);
    // One word of a name says little of who somebody is.
    if by_name && typed.name.split_whitespace().nth(1).is_some() {
        found.extend(search::of_name(tx, access, &typed.name)?);
    }
    let mut cases: Vec<Case> = Vec::new();
    for case in found.into_iter().filter(|case| case.status.is_open()) {
        if !cases.iter().any(|known| known.id == case.id) {
            cases.push(case);
        }
    }
    let count = cases.len();
    cases.truncate(SIMILAR_MAX);
    let units = tanggap_org::units(tx, access)?;
    let rows = row::rows(tx, access, text, &cases, &units)?;
    Ok(Similar { rows, count, ..Similar::default() })
}

async fn receipt(ctx: &Ctx, staff: &Staff, report: &Report, opened: Opened) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let case = opened.case.clone();
    let (agency, profile) = ctx
        .db
        .read(move |tx| {
            let agency = tanggap_org::agency(tx, access.agency_id)?.ok_or(Refusal::NotFound)?;
            Ok((agency, actions::profile_of(tx, &access, &case)?))
        })
        .await?;
    // The receipt goes to the reporter: it speaks to them.
    let label = |policy: &str| {
        let rule = profile.deadline(policy);
        rule.map_or(policy, |rule| rule.label.get(text.locale.tag())).to_owned()
    };
    let deadlines = opened
        .deadlines
        .iter()
        .filter(|d| d.owner == tanggap_calendar::Owner::Agency)
        .map(|d| (label(&d.policy), d.due_at, words::source(text.locale, &profile, d)))
        .collect();
    let name = report.reporter.as_ref().map(|r| r.name.clone()).unwrap_or_default();
    let page = ReceiptPage {
        page: staff.page(ctx, "desk-receipt-title"),
        code: opened.case.code.clone(),
        pin: report.ticket.pin.clone(),
        subject: opened.case.subject.clone(),
        kind: kind_words(text, &opened.case),
        name,
        description: report.description.clone(),
        received_at: opened.case.received_at,
        deadlines,
        agency,
        warned: report.reporter.as_ref().is_none_or(|r| r.email.is_none()),
    };
    Ok(respond::html(page))
}

fn kind_words(text: Text, case: &Case) -> String {
    words::kind(text, case.kind)
}
