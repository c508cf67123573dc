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
use tanggap_calendar::{Owner, Profile};
use tanggap_cases::actions;
use tanggap_cases::model::{Case, CaseDeadline, CaseId};
use tanggap_cases::report::Ticket;
use tanggap_cases::store as cases;
use tanggap_contacts::{self as contacts, Contact};
use tanggap_conversations as talk;
use tanggap_kernel::{Access, Fault, Result, Timestamp};
use tanggap_org as org;
use tanggap_press::{Letter, LetterQr, letter_pdf, qr_svg};
use tanggap_store::Tx;
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
    let has_relay = door.ctx.site.sends_mail(door.agency.id);
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

/// What a receipt is made of.
struct Loaded {
    case: Case,
    who: Option<Contact>,
    story: String,
    files: usize,
    deadlines: Vec<CaseDeadline>,
    profile: Profile,
    slug: String,
}

fn load(tx: &mut Tx<'_>, access: &Access, id: CaseId) -> Result<Loaded> {
    let case = actions::load(tx, access, id)?;
    let who = match case.contact_id {
        Some(contact) => Some(contacts::get(tx, access, contact)?),
        None => None,
    };
    let story = talk::messages_of_case(tx, access, id.0)?.into_iter().next();
    let category = org::category(tx, access, case.category_id)?;
    Ok(Loaded {
        who,
        story: story.map(|message| message.body).unwrap_or_default(),
        files: talk::attachments_of_case(tx, access, id.0)?.len(),
        deadlines: cases::deadlines(tx, access, id)?,
        profile: actions::profile_of(tx, access, &case)?.into_owned(),
        slug: category.map(|category| category.slug).unwrap_or_default(),
        case,
    })
}

async fn tell(door: &Door, held: Receipt) -> Result<Told> {
    let (access, id) = (door.access(), CaseId(held.case));
    let loaded = door.ctx.db.read(move |tx| load(tx, &access, id)).await?;
    let text = door.text();
    let manager = &door.agency.manager;
    let receiver = match manager.name.as_str() {
        "" => text.t("portal-receipt-manager").into_owned(),
        name => name.to_owned(),
    };
    let position = org::pick(text.locale, &manager.position, &manager.position_en);
    let ours = loaded.deadlines.iter().filter(|deadline| deadline.owner == Owner::Agency);
    Ok(Told {
        link: door.outside_link(&format!("/lacak/{}", loaded.case.code)),
        code: loaded.case.code.clone(),
        pin: held.pin,
        received: text.date_time(loaded.case.received_at),
        rows: rows(door, &loaded),
        dues: ours.map(|deadline| due_row(text, deadline, &loaded.profile)).collect(),
        receiver,
        position: position.to_owned(),
        mail: loaded.who.as_ref().and_then(|who| who.email(false)).unwrap_or_default(),
        slug: loaded.slug,
    })
}

/// Who, what, where and when: label and value, without what is empty.
fn rows(door: &Door, loaded: &Loaded) -> Vec<(String, String)> {
    let (text, case, who) = (door.text(), &loaded.case, loaded.who.as_ref());
    let short: String = loaded.story.chars().take(STORY_MAX).collect();
    let more = if short.len() < loaded.story.len() { " …" } else { "" };
    let name = who.map(|who| who.name.clone()).filter(|name| !name.is_empty());
    let files = match loaded.files {
        0 => String::new(),
        n => text.t1("portal-receipt-files", "n", n).into_owned(),
    };
    let rows = [
        ("portal-name", name.unwrap_or_else(|| text.t("portal-receipt-unnamed").into_owned())),
        ("portal-proxy-for", case.proxy_for.clone().unwrap_or_default()),
        ("portal-address", who.map(|who| who.address.clone()).unwrap_or_default()),
        ("portal-phone", who.and_then(|who| who.phone(false)).unwrap_or_default()),
        ("portal-email", who.and_then(|who| who.email(false)).unwrap_or_default()),
        ("portal-receipt-kind", text.t(kind_key(case.kind)).into_owned()),
        ("portal-subject", case.subject.clone()),
        ("portal-receipt-story", format!("{short}{more}")),
        ("portal-where", place_of(case.region_code.as_deref(), &case.place)),
        ("portal-files", files),
        ("portal-receipt-received", text.date_time(case.received_at)),
        ("portal-receipt-where", received_where(door)),
        ("portal-receipt-secrecy", secrecy(text, case)),
    ];
    let told = rows.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(key, value)| (text.t(key).into_owned(), value)).collect()
}

fn due_row(text: Text, deadline: &CaseDeadline, profile: &Profile) -> DueRow {
    let rule = profile.deadline(&deadline.policy);
    DueRow {
        policy: deadline.policy.clone(),
        label: rule.map_or("", |rule| rule.label.get(text.locale.tag())).to_owned(),
        due: text.day(deadline.due_at),
        source: rule
            .map_or(deadline.source.as_str(), |rule| rule.source.get(text.locale.tag()))
            .to_owned(),
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
    let letterhead = &agency.settings.letterhead;
    let mut head = Vec::new();
    let names_it = |line: &String| line.to_lowercase().contains(&agency.name.to_lowercase());
    if !letterhead.first().is_some_and(names_it) {
        head.push(agency.name_in(text.locale).to_owned());
    }
    head.extend(letterhead.iter().cloned());
    if letterhead.is_empty() {
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
