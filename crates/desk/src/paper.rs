//! `/meja/{code}/kontak` and `/meja/warga/{id}/kontak`: a paper letter, a visit or a telephone call
//! that is not ours, registered on a case that is there already, or with a person without one.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use tanggap_calendar::{Date, Zone};
use tanggap_cases::model::Case;
use tanggap_cases::paper::{self, CHANNELS, Came};
use tanggap_cases::{actions, rules};
use tanggap_contacts::ContactId;
use tanggap_conversations::{Message, Paper};
use tanggap_kernel::{Access, Error, Invalid, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{Fields, Staff, flash};
use tanggap_ui::ctx::random;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, Tone, respond};

use crate::timeline::Entry;
use crate::upload::Upload;
use crate::view::{date_words, zone_of};
use crate::{person, words};

#[derive(Template)]
#[template(path = "paper.html")]
struct PaperPage {
    page: Page,
    back: String,
    /// What one goes back to.
    of: String,
    subject: String,
    form: FormState,
    channels: Vec<Choice>,
    /// Empty where it belongs to no case.
    whose: Vec<Choice>,
}

/// `GET /meja/{code}/kontak`.
pub(crate) async fn form(State(ctx): State<Ctx>, staff: Staff, Path(code): Path<String>) -> Answer {
    let form = begun(&ctx, &staff)?;
    show(&ctx, &staff, &code, form, StatusCode::OK).await
}

/// A form that nobody has written on.
fn begun(ctx: &Ctx, staff: &Staff) -> Result<FormState> {
    let once: [u8; 16] = random().map_err(Error::from)?;
    let once: String = once.iter().map(|byte| format!("{byte:02x}")).collect();
    let today = staff.text().zone.local_date(ctx.now().as_micros());
    let form = FormState::new(staff.prefs.locale).with("once", once).with("date", today);
    Ok(form.with("channel", CHANNELS[0]).with("whose", "pelapor"))
}

/// `GET /meja/warga/{id}/kontak`.
pub(crate) async fn form_alone(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let form = begun(&ctx, &staff)?;
    show_alone(&ctx, &staff, &id, form, StatusCode::OK).await
}

async fn show_alone(
    ctx: &Ctx,
    staff: &Staff,
    id: &str,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let id = ContactId::parse(id).ok_or(Refusal::NotFound)?;
    let (access, text) = (staff.access.clone(), staff.text());
    access.require(Permission::TalkWrite, None)?;
    let (contact, ..) = ctx.db.read(move |tx| person::known(tx, &access, id)).await?;
    let of = match contact.masked_name() {
        name if name.is_empty() => text.t("desk-nameless").into_owned(),
        name => name,
    };
    let page = PaperPage {
        back: format!("/meja/warga/{id}"),
        of,
        subject: text.t("paper-alone").into_owned(),
        form: labelled(form),
        channels: channels(text),
        whose: Vec::new(),
        page: staff.page(ctx, "paper-title"),
    };
    Ok(respond::html_status(status, page))
}

fn labelled(form: FormState) -> FormState {
    form.labelled(&[
        ("text", "paper-text"),
        ("at", "paper-date"),
        ("date", "paper-date"),
        ("letter_date", "paper-letter-date"),
        ("channel", "desk-channel"),
    ])
}

fn channels(text: Text) -> Vec<Choice> {
    CHANNELS.map(|name| Choice::new(name, words::channel(text, name))).to_vec()
}

async fn show(ctx: &Ctx, staff: &Staff, code: &str, form: FormState, status: StatusCode) -> Answer {
    let (access, text, code) = (staff.access.clone(), staff.text(), code.to_owned());
    let case = ctx
        .db
        .read(move |tx| {
            let case = actions::load_by_code(tx, &access, &code)?;
            access.require(Permission::CaseWrite, case.unit_id)?;
            Ok(case)
        })
        .await?;
    let whose = |word: &str| Choice::new(word, text.t(format!("paper-whose-{word}")));
    let page = PaperPage {
        back: format!("/meja/{}", case.code),
        of: case.code,
        subject: case.subject,
        form: labelled(form),
        channels: channels(text),
        whose: vec![whose("pelapor"), whose("lain")],
        page: staff.page(ctx, "paper-title"),
    };
    Ok(respond::html_status(status, page))
}

/// `POST /meja/{code}/kontak`.
pub(crate) async fn register(
    State(ctx): State<Ctx>,
    Path(code): Path<String>,
    upload: Upload,
) -> Answer {
    let Upload { staff, fields, files, wrong } = upload;
    let (access, of, typed) = (staff.access.clone(), code.clone(), fields.clone());
    let done = match wrong.is_empty() {
        true => {
            ctx.db
                .write(move |tx| {
                    let zone = zone_of(tx, &access)?;
                    let case = actions::load_by_code(tx, &access, &of)?;
                    let (at, paper) = facts(&typed, zone, tx.now())?;
                    let came = Came {
                        channel: typed.get("channel"),
                        at,
                        from_reporter: typed.get("whose") != "lain",
                        text: typed.get("text"),
                        files: &files,
                        paper,
                        once: typed.get("once"),
                    };
                    paper::register(tx, &access, case.id, &came)
                })
                .await
        }
        false => Err(Refusal::Invalid(wrong).into()),
    };
    match done {
        Ok(case) => Ok(flash(&ctx.site, &home(&case, &staff.access), "paper-flash")),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(staff.prefs.locale, errors);
            show(&ctx, &staff, &code, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /meja/warga/{id}/kontak`.
pub(crate) async fn register_alone(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    upload: Upload,
) -> Answer {
    let Upload { staff, fields, files, wrong } = upload;
    let contact = ContactId::parse(&id).ok_or(Refusal::NotFound)?;
    let (access, typed) = (staff.access.clone(), fields.clone());
    let done = match wrong.is_empty() {
        true => {
            ctx.db
                .write(move |tx| {
                    person::known(tx, &access, contact)?;
                    let zone = zone_of(tx, &access)?;
                    let (at, paper) = facts(&typed, zone, tx.now())?;
                    let came = Came {
                        channel: typed.get("channel"),
                        at,
                        from_reporter: true,
                        text: typed.get("text"),
                        files: &files,
                        paper,
                        once: typed.get("once"),
                    };
                    paper::register_alone(tx, &access, contact, &came)
                })
                .await
        }
        false => Err(Refusal::Invalid(wrong).into()),
    };
    match done {
        Ok(_) => Ok(flash(&ctx.site, &format!("/meja/warga/{id}"), "paper-flash-alone")),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(staff.prefs.locale, errors);
            show_alone(&ctx, &staff, &id, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}

fn home(case: &Case, access: &Access) -> String {
    match rules::may_see(case, access) {
        true => format!("/meja/{}", case.code),
        false => tanggap_org::door::home_of(access),
    }
}

/// When it came, and how it is filed. Of a day that is over its noon stands for it.
fn facts(fields: &Fields, zone: Zone, now: Timestamp) -> Result<(Timestamp, Paper)> {
    let date = |field: &str| -> Result<Option<Date>> {
        match (fields.get(field), fields.get(field).parse()) {
            ("", _) => Ok(None),
            (_, Ok(date)) => Ok(Some(date)),
            (_, Err(_)) => {
                Err(Refusal::Invalid(vec![Invalid::new(field, "ui-invalid-date")]).into())
            }
        }
    };
    let today = zone.local_date(now.as_micros());
    let at = match date("date")? {
        Some(day) if day != today => {
            Timestamp::from_micros(zone.start_of_day(day)).plus(12 * Timestamp::HOUR)
        }
        _ => now,
    };
    let own = |field: &str| fields.get(field).to_owned();
    let written = date("letter_date")?.map(|date| date.to_string()).unwrap_or_default();
    let paper = Paper {
        sender: own("sender"),
        date: written,
        number: own("number"),
        agenda: own("agenda"),
    };
    Ok((at, paper))
}

/// Makes an entry of the story one that staff registered: from whom, and how it is filed.
pub(crate) fn mark(text: Text, message: &Message, paper: &Paper, mut entry: Entry) -> Entry {
    let known = CHANNELS.iter().find(|known| **known == message.channel);
    let channel = known.copied().unwrap_or(CHANNELS[0]);
    entry.what = match paper.sender.as_str() {
        "" => text.t(format!("paper-said-{channel}")),
        sender => text.t1(format!("paper-said-{channel}-from"), "sender", sender),
    }
    .into_owned();
    let date = match paper.date.as_str() {
        "" => String::new(),
        date => date_words(text, date),
    };
    for (key, value) in [
        ("paper-mark-number", paper.number.as_str()),
        ("paper-mark-date", date.as_str()),
        ("paper-mark-agenda", paper.agenda.as_str()),
    ] {
        if !value.is_empty() {
            let told = text.t1(key, "value", value).into_owned();
            entry.checks.push((Tone::Neutral, "note", told));
        }
    }
    entry
}
