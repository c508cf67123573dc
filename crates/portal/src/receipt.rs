//! The receipt, with everything that UU 25/2009 art. 44(2) asks for: who complains, what about,
//! where and when it was received, by whom; and code, PIN and deadlines besides.
//!
//! The PIN is known to the reporter only: it is kept as a keyed hash, and what shows it again is
//! a signed cookie in the reporter's own browser, for half an hour.

use askama::Template;
use askama::filters::Safe;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tanggap_calendar::Owner;
use tanggap_cases::actions;
use tanggap_cases::model::{Case, CaseDeadline, CaseId};
use tanggap_cases::report::Ticket;
use tanggap_cases::store as cases;
use tanggap_contacts as contacts;
use tanggap_conversations as talk;
use tanggap_kernel::{Fault, Result, Timestamp};
use tanggap_org as org;
use tanggap_press::{Letter, LetterQr, letter_pdf, qr_svg};
use tanggap_ui::prefs::cookie;
use tanggap_ui::{Answer, Page, Text, respond};

use crate::door::Door;
use crate::form::{kind_key, place_of};
use crate::sealed::{seal, unseal};

const COOKIE: &str = "tanda";
const PURPOSE: &str = "receipt";
/// How long the receipt can be shown again in the same browser.
const AGE_S: i64 = 30 * 60;
/// How much of a description the receipt repeats, in characters.
const STORY_MAX: usize = 600;

/// What the browser holds of a receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt {
    agency: i64,
    case: i64,
    pin: String,
    until: i64,
}

impl Receipt {
    /// The receipt of a case that was just registered.
    #[must_use]
    pub fn of(door: &Door, case: &Case, ticket: &Ticket) -> Self {
        let until = door.ctx.now().plus(AGE_S * Timestamp::SECOND).as_micros();
        Self { agency: door.agency.id.0, case: case.id.0, pin: ticket.pin.clone(), until }
    }

    /// Gives it to the browser.
    pub fn give(&self, door: &Door, response: &mut Response) {
        door.set_cookie(response, COOKIE, &seal(&door.ctx.secrets, PURPOSE, self), AGE_S);
    }

    fn held(door: &Door, headers: &HeaderMap) -> Option<Self> {
        let held: Self = unseal(&door.ctx.secrets, PURPOSE, cookie(headers, COOKIE)?)?;
        let good = held.agency == door.agency.id.0 && door.ctx.now().as_micros() < held.until;
        good.then_some(held)
    }
}

/// A deadline on the receipt.
pub struct DueRow {
    policy: String,
    label: String,
    due: String,
    source: String,
}

/// Everything that a receipt says, in the reader's language.
struct Told {
    code: String,
    pin: String,
    received: String,
    rows: Vec<(String, String)>,
    dues: Vec<DueRow>,
    receiver: String,
    position: String,
    mail: String,
    link: String,
    /// The category's name in addresses: the browser forgets the draft of its form.
    slug: String,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    page: Page,
    base: String,
    told: Told,
    qr: Safe<String>,
    has_relay: bool,
}

#[derive(Template)]
#[template(path = "receipt_gone.html")]
struct GonePage {
    page: Page,
    base: String,
}

/// `GET /lapor/terima`.
pub async fn show(door: Door, headers: HeaderMap) -> Answer {
    let Some(held) = Receipt::held(&door, &headers) else {
        let page = door.page("portal-receipt-gone");
        return Ok(door.html(GonePage { page, base: door.base.clone() }));
    };
    let told = tell(&door, held).await?;
    let qr = qr_svg(&told.link, &door.text().t("portal-receipt-qr")).unwrap_or_default();
    let page = door.page("portal-receipt");
    let has_relay = door.ctx.site.has_relay;
    Ok(door.html(ReceiptPage { page, base: door.base.clone(), told, qr: Safe(qr), has_relay }))
}

/// `GET /lapor/terima.pdf`.
pub async fn pdf(door: Door, headers: HeaderMap) -> Answer {
    let Some(held) = Receipt::held(&door, &headers) else {
        return Ok(respond::see_other(&door.link("/lapor/terima")));
    };
    let told = tell(&door, held).await?;
    let letter = letter(&door, &told);
    let made = tokio::task::spawn_blocking(move || letter_pdf(&letter));
    let bytes = made
        .await
        .map_err(|e| Fault::new(format!("receipt: {e}")))?
        .map_err(|e| Fault::new(format!("receipt: {e}")))?;
    let name = format!("attachment; filename=\"tanda-terima-{}.pdf\"", told.code);
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn tell(door: &Door, held: Receipt) -> Result<Told> {
    let (access, id) = (door.access(), CaseId(held.case));
    let read = door.ctx.db.read(move |tx| {
        let case = actions::load(tx, &access, id)?;
        let who = match case.contact_id {
            Some(contact) => Some(contacts::get(tx, &access, contact)?),
            None => None,
        };
        let story = talk::messages_of_case(tx, &access, id.0)?.into_iter().next();
        let files = talk::attachments_of_case(tx, &access, id.0)?.len();
        let deadlines = cases::deadlines(tx, &access, id)?;
        let profile = actions::profile_of(tx, &access, &case)?.into_owned();
        let category = org::category(tx, &access, case.category_id)?;
        let slug = category.map(|category| category.slug).unwrap_or_default();
        Ok((case, who, story, files, deadlines, profile, slug))
    });
    let (case, who, story, files, deadlines, profile, slug) = read.await?;
    let text = door.text();
    let who = who.as_ref();
    let story: String = story.map(|m| m.body).unwrap_or_default();
    let short: String = story.chars().take(STORY_MAX).collect();
    let more = if short.len() < story.len() { " …" } else { "" };
    let unnamed = || text.t("portal-receipt-unnamed").into_owned();
    let field = |key: &str, value: String| (text.t(key).into_owned(), value);
    let mut rows = vec![
        field(
            "portal-name",
            who.map(|w| w.name.clone()).filter(|n| !n.is_empty()).unwrap_or_else(unnamed),
        ),
        field("portal-proxy-for", case.proxy_for.clone().unwrap_or_default()),
        field("portal-address", who.map(|w| w.address.clone()).unwrap_or_default()),
        field("portal-phone", who.and_then(|w| w.phone(false)).unwrap_or_default()),
        field("portal-email", who.and_then(|w| w.email(false)).unwrap_or_default()),
        field("portal-receipt-kind", text.t(kind_key(case.kind)).into_owned()),
        field("portal-subject", case.subject.clone()),
        field("portal-receipt-story", format!("{short}{more}")),
        field("portal-where", place_of(case.region_code.as_deref(), &case.place)),
        field(
            "portal-files",
            if files > 0 {
                text.t1("portal-receipt-files", "n", files).into_owned()
            } else {
                String::new()
            },
        ),
        field("portal-receipt-received", text.date_time(case.received_at)),
        field("portal-receipt-where", received_where(door)),
        field("portal-receipt-secrecy", secrecy(text, &case)),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    let manager = &door.agency.manager;
    let receiver = match manager.name.as_str() {
        "" => text.t("portal-receipt-manager").into_owned(),
        name => name.to_owned(),
    };
    let position = tanggap_org::pick(text.locale, &manager.position, &manager.position_en);
    Ok(Told {
        link: door.outside_link(&format!("/lacak/{}", case.code)),
        code: case.code,
        slug,
        pin: held.pin,
        received: text.date_time(case.received_at),
        rows,
        dues: deadlines
            .iter()
            .filter(|deadline| deadline.owner == Owner::Agency)
            .map(|deadline| due_row(text, deadline, &profile))
            .collect(),
        receiver,
        position: position.to_owned(),
        mail: who.and_then(|w| w.email(false)).unwrap_or_default(),
    })
}

fn due_row(text: Text, deadline: &CaseDeadline, profile: &tanggap_calendar::Profile) -> DueRow {
    let rule = profile.deadline(&deadline.policy);
    DueRow {
        policy: deadline.policy.clone(),
        label: rule.map_or("", |rule| rule.label.get(text.locale.tag())).to_owned(),
        due: text.day(deadline.due_at),
        source: deadline.source.clone(),
    }
}

fn received_where(door: &Door) -> String {
    let text = door.text();
    let name = door.agency.name_in(text.locale);
    let place = if door.agency.address.is_empty() {
        name.to_owned()
    } else {
        format!("{name}, {}", door.agency.address)
    };
    text.t1("portal-receipt-online", "place", place).into_owned()
}

fn secrecy(text: Text, case: &Case) -> String {
    let chosen = [
        (case.anonymous, "portal-secret-anonymous"),
        (case.confidential, "portal-secret-confidential"),
    ];
    let words: Vec<_> = chosen.iter().filter(|(on, _)| *on).map(|(_, key)| text.t(key)).collect();
    words.join("; ")
}

fn letter(door: &Door, told: &Told) -> Letter {
    let text = door.text();
    let agency = &door.agency;
    let mut head = vec![agency.name_in(text.locale).to_owned()];
    head.extend(agency.settings.letterhead.iter().filter(|line| **line != agency.name).cloned());
    if agency.settings.letterhead.is_empty() {
        let contact = [agency.address.as_str(), agency.phone.as_str(), agency.email.as_str()];
        head.extend(contact.iter().filter(|line| !line.is_empty()).map(|line| (*line).to_owned()));
    }
    head.truncate(4);
    let mut rows = told.rows.clone();
    for due in &told.dues {
        rows.push((due.label.clone(), format!("{}\n{}", due.due, due.source)));
    }
    rows.push((
        text.t("portal-receipt-receiver").into_owned(),
        format!("{}\n{}", told.receiver, told.position),
    ));
    let say = |key: &str| text.t(key).into_owned();
    Letter {
        language: text.locale.tag().to_owned(),
        head,
        title: say("portal-receipt-title"),
        highlights: vec![
            (say("portal-code"), told.code.clone()),
            (say("portal-pin"), told.pin.clone()),
            (say("portal-receipt-received"), told.received.clone()),
        ],
        intro: vec![say("portal-receipt-keep")],
        rows,
        paragraphs: vec![say("portal-receipt-signature")],
        qr: Some(LetterQr {
            content: told.link.clone(),
            caption: say("portal-receipt-scan"),
            alt: say("portal-receipt-qr"),
        }),
        footer: vec![say("portal-receipt-law")],
        page_label: text
            .t2("portal-receipt-page", ("page", "{page}"), ("pages", "{pages}"))
            .into_owned(),
    }
}
