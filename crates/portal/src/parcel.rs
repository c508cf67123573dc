//! A case as its reporter sees it, like a parcel: where it is, who has it, what is next and by
//! when, why then; what was said; what one can do.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use tanggap_calendar::{Deadline, Event, Kind, Owner, Profile};
use tanggap_cases::model::{Case, CaseDeadline, CaseId, Clock, Status};
use tanggap_cases::sent::Telling;
use tanggap_cases::store as cases;
use tanggap_cases::{actions, rules};
use tanggap_conversations::files::is_picture;
use tanggap_conversations::outbound::settings::AllRules;
use tanggap_conversations::{
    self as talk, Attachment, Direction, Message, Outbound, Scan, outbound,
};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Actor, Refusal, Result, Timestamp, params};
use tanggap_org as org;
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, FormState, Health, Page, Text, Tone};

use crate::days::{self, DayRow};
use crate::door::Door;
use crate::form::{kind_key, place_of};
use crate::sent::{Values, file_max_words};
use crate::story::{Happened, Source, Step};

/// The most messages to the reporter that are listed.
const SENT_MAX: usize = 20;

tanggap_store::sql! {
    HAPPENED = "select e.kind, e.at, e.body, p.body from events e left join event_private p
        on p.agency_id = e.agency_id and p.event_id = e.id and e.kind = 'case.referred'
        where e.agency_id = $1 and e.subject_id = $2 and e.subject_kind = 'case'
        order by e.id limit 500";
}

/// A refused step: which one, what was typed, what is wrong.
pub struct Refused {
    /// The step.
    pub step: String,
    /// What was typed.
    pub values: Values,
    /// What is wrong.
    pub errors: Vec<Invalid>,
}

/// Everything that the page is made of.
struct Loaded {
    events: Vec<Happened>,
    messages: Vec<Message>,
    files: Vec<Attachment>,
    deadlines: Vec<CaseDeadline>,
    profile: Profile,
    units: HashMap<UnitId, String>,
    writers: HashMap<UserId, UnitId>,
    category: String,
    sent: Vec<Outbound>,
    sending: Arc<AllRules>,
}

fn load(tx: &mut Tx<'_>, access: &Access, case: &Case) -> Result<Loaded> {
    let id = case.id;
    let events = tx.all(&HAPPENED, params![access.agency_id, id], |row| {
        let (kind, at, body) = (row.text()?, row.int()?, row.text()?);
        let mut body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        // Where it went is the reporter's to know, and not the log's.
        if let (Some(beside), Some(facts)) = (row.opt_text()?, body.as_object_mut()) {
            let beside: serde_json::Value = serde_json::from_str(&beside).unwrap_or_default();
            facts.insert("target".into(), beside["target"].clone());
        }
        Ok(Happened { kind, at, body })
    })?;
    let messages = talk::messages_of_case(tx, access, id.0)?;
    let mut writers = HashMap::new();
    for message in messages.iter().filter(|m| m.direction == Direction::Out) {
        if let Some(Actor::User(user)) = Actor::parse(&message.actor)
            && !writers.contains_key(&user)
            && let Some(unit) = org::user(tx, access, user)?.and_then(|user| user.unit_id)
        {
            writers.insert(user, unit);
        }
    }
    let units = org::units(tx, access)?;
    let category = org::category(tx, access, case.category_id)?;
    Ok(Loaded {
        events,
        messages,
        files: talk::attachments_of_case(tx, access, id.0)?,
        deadlines: cases::deadlines(tx, access, id)?,
        profile: actions::profile_of(tx, access, case)?.into_owned(),
        units: units.iter().map(|u| (u.id, u.name_in(access.locale).to_owned())).collect(),
        writers,
        category: category.map(|c| c.name_in(access.locale).to_owned()).unwrap_or_default(),
        sent: outbound::of_case(tx, access, id.0)?,
        sending: outbound::settings::all(tx, access)?,
    })
}

/// A deadline as the reporter sees it.
pub struct DueLine {
    policy: String,
    label: String,
    due: String,
    health: Health,
    state: String,
    yours: bool,
    /// Still running, or missed by us.
    open: bool,
    running: bool,
    source: String,
}

impl DueLine {
    /// Whether we have missed it and still owe it.
    fn is_missed(&self) -> bool {
        self.running && self.health == Health::Late
    }

    /// The icon that says the same as the words.
    const fn icon(&self) -> &'static str {
        match self.health {
            Health::Ok => "clock",
            Health::Warn => "alert",
            Health::Late => "late",
            Health::Paused => "pause",
            Health::Done => "check",
        }
    }
}

/// A file that came with a message.
pub struct FileLine {
    id: String,
    name: String,
    size: i64,
    picture: bool,
    small: bool,
}

/// Something that was said.
pub struct LetterLine {
    ours: bool,
    from: String,
    at: Timestamp,
    body: String,
    files: Vec<FileLine>,
}

/// A message that went to the reporter, or is to go.
struct SentLine {
    at: Timestamp,
    subject: String,
    tone: Tone,
    told: String,
}

/// What was sent to the reporter, the newest first.
fn sent(door: &Door, loaded: &Loaded) -> Vec<SentLine> {
    let telling = Telling {
        text: door.text(),
        rules: &loaded.sending,
        offset_hours: door.agency.zone.offset_hours(),
        has_relay: door.ctx.site.sends_mail(door.agency.id),
        now: door.ctx.now(),
        for_staff: false,
    };
    let line = |row: &Outbound| {
        let (tone, told) = telling.of(row);
        SentLine { at: row.created_at, subject: row.subject.clone(), tone, told }
    };
    loaded.sent.iter().rev().take(SENT_MAX).map(line).collect()
}

/// What the reporter can do now.
#[derive(Default)]
struct Can {
    complete: bool,
    confirm: bool,
    reopen: bool,
    object: bool,
    withdraw: bool,
    rate: bool,
    write: bool,
}

#[derive(Template)]
#[template(path = "parcel.html")]
struct ParcelPage {
    page: Page,
    base: String,
    code: String,
    subject: String,
    status: &'static str,
    now: Option<Step>,
    ended: String,
    due: Option<DueLine>,
    /// The deadline of the answer, where another comes before it.
    answer: Option<DueLine>,
    /// We missed a deadline and have not made up for it.
    late: bool,
    asks_information: bool,
    phone: String,
    past: Vec<Step>,
    future: Vec<Step>,
    dues: Vec<DueLine>,
    passed: Vec<DueLine>,
    letters: Vec<LetterLine>,
    sent: Vec<SentLine>,
    facts: Vec<(String, String)>,
    can: Can,
    question: String,
    rated: Option<i64>,
    ratings: Vec<Choice>,
    refused: Option<Refused>,
    file_max: String,
}

impl ParcelPage {
    /// The form of a step: with what was typed and refused, where it was this one.
    fn form(&self, step: &str) -> FormState {
        match &self.refused {
            Some(refused) if refused.step == step => FormState::refused(
                self.page.locale,
                refused.values.0.clone(),
                refused.errors.clone(),
            )
            .labelled(&[("rating", "portal-rate")]),
            _ => FormState::new(self.page.locale),
        }
    }

    fn live(&self) -> String {
        format!("{}/lacak/{}/arus", self.base, self.code)
    }

    fn is_refused(&self, step: &str) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.step == step)
    }

    fn general_errors(&self) -> FormState {
        let errors: Vec<Invalid> = self
            .refused
            .iter()
            .flat_map(|refused| &refused.errors)
            .filter(|invalid| invalid.field.is_empty())
            .cloned()
            .collect();
        FormState::refused(self.page.locale, Vec::new(), errors)
    }
}

/// The page of a case whose reader has proved that they may see it.
///
/// # Errors
/// A fault.
pub async fn page(
    door: &Door,
    case: Case,
    status: StatusCode,
    refused: Option<Refused>,
) -> Result<Response> {
    let access = door.access();
    let (reader, of) = (access.clone(), case.clone());
    let loaded = door.ctx.db.read(move |tx| load(tx, &reader, &of)).await?;
    let text = door.text();
    let desk = desk_of(door);
    let source =
        Source { text, case: &case, profile: &loaded.profile, units: &loaded.units, desk: &desk };
    let mut page = door.page_titled(case.subject.clone());
    page.path = door.link(&format!("/lacak/{}", case.code));
    let due_of =
        |deadline: &CaseDeadline| due_line(text, deadline, &loaded.profile, door.ctx.now());
    let next = case.due.as_ref().and_then(|due| {
        loaded.deadlines.iter().rev().find(|d| d.policy == due.policy && d.state == Clock::Running)
    });
    let answer = loaded.deadlines.iter().rev().find(|deadline| {
        let rule = loaded.profile.deadline(&deadline.policy);
        deadline.state == Clock::Running && rule.is_some_and(is_answer)
    });
    let answer = answer.filter(|found| next.is_some_and(|next| next.policy != found.policy));
    let (dues, passed): (Vec<_>, Vec<_>) =
        loaded.deadlines.iter().map(due_of).partition(|due| due.open);
    let ended = match case.status.is_open() {
        true => String::new(),
        false => {
            text.t(format!("portal-ended-{}", case.status.as_str().replace('_', "-"))).into_owned()
        }
    };
    let view = ParcelPage {
        base: door.base.clone(),
        code: case.code.clone(),
        subject: case.subject.clone(),
        status: case.status.as_str(),
        now: source.present(),
        ended,
        due: next.map(due_of),
        answer: answer.map(due_of),
        late: dues.iter().any(DueLine::is_missed),
        asks_information: case.kind == Kind::InformationRequest,
        phone: phone_of(door),
        past: source.past(&loaded.events),
        future: source.future(),
        dues,
        passed,
        letters: letters(text, &loaded, &desk),
        sent: sent(door, &loaded),
        facts: facts(text, &case, &loaded.category),
        can: can(&case, &access),
        question: question(&case, &loaded),
        rated: case.rating,
        ratings: (1..=5)
            .rev()
            .map(|n| Choice::new(n.to_string(), text.t(format!("portal-rate-{n}"))))
            .collect(),
        refused,
        file_max: text.t1("portal-files-hint", "max", file_max_words(&door.ctx)).into_owned(),
        page,
    };
    Ok(door.html_status(status, view))
}

/// Who manages complaints, where a case is with no unit.
fn desk_of(door: &Door) -> String {
    door.text().t1("portal-desk", "agency", door.agency.short_name.as_str()).into_owned()
}

/// Whom a reporter can call.
fn phone_of(door: &Door) -> String {
    let (manager, agency) = (&door.agency.manager.phone, &door.agency.phone);
    if manager.is_empty() { agency.clone() } else { manager.clone() }
}

/// Whether it is the deadline of our answer, and of nothing before.
fn is_answer(rule: &Deadline) -> bool {
    rule.owner == Owner::Agency && rule.ends_on == [Event::Answered]
}

fn can(case: &Case, access: &Access) -> Can {
    let possible = rules::possible(case, access);
    let has = |name: &str| possible.contains(&name);
    Can {
        complete: has("complete"),
        confirm: has("confirm"),
        reopen: has("reopen"),
        object: has("object"),
        withdraw: has("withdraw"),
        rate: has("rate") && case.rating.is_none() && case.status == Status::Closed,
        write: case.status.is_open() && case.status != Status::Incomplete,
    }
}

/// What the reporter was asked last, while the case waits for them.
fn question(case: &Case, loaded: &Loaded) -> String {
    if case.status != Status::Incomplete {
        return String::new();
    }
    let asked = loaded.messages.iter().rev().find(|m| m.direction == Direction::Out);
    asked.map(|message| message.body.clone()).unwrap_or_default()
}

fn due_line(text: Text, deadline: &CaseDeadline, profile: &Profile, now: Timestamp) -> DueLine {
    let rule = profile.deadline(&deadline.policy);
    let theirs = deadline.owner == Owner::Citizen;
    let health = match deadline.state {
        Clock::Running if now > deadline.due_at && !theirs => Health::Late,
        Clock::Running if now >= deadline.risk_at => Health::Warn,
        Clock::Running => Health::Ok,
        Clock::Paused => Health::Paused,
        Clock::Late if theirs => Health::Done,
        Clock::Late => Health::Late,
        Clock::Met | Clock::Cancelled => Health::Done,
    };
    let state = match (deadline.state, health) {
        (Clock::Running, Health::Late) => "portal-due-late",
        (Clock::Running, _) => "portal-due-running",
        (Clock::Met, _) if theirs => "portal-due-yours-met",
        (Clock::Late, _) if theirs => "portal-due-yours-passed",
        (Clock::Paused, _) => "portal-due-paused",
        (Clock::Met, _) => "portal-due-met",
        (Clock::Late, _) => "portal-due-met-late",
        (Clock::Cancelled, _) => "portal-due-cancelled",
    };
    DueLine {
        policy: deadline.policy.clone(),
        label: rule.map_or(deadline.policy.as_str(), |r| r.label.get(text.locale.tag())).to_owned(),
        due: text.day(deadline.due_at),
        health,
        state: text.t(state).into_owned(),
        yours: theirs,
        running: deadline.state.is_active(),
        open: deadline.state.is_active() || (deadline.state == Clock::Late && !theirs),
        source: rule
            .map_or(deadline.source.as_str(), |rule| rule.source.get(text.locale.tag()))
            .to_owned(),
    }
}

fn letters(text: Text, loaded: &Loaded, desk: &str) -> Vec<LetterLine> {
    let shown = loaded.messages.iter().filter(|m| m.direction != Direction::Internal);
    let line = |message: &Message| {
        let ours = message.direction == Direction::Out;
        let unit = match Actor::parse(&message.actor) {
            Some(Actor::User(user)) => loaded.writers.get(&user).and_then(|u| loaded.units.get(u)),
            _ => None,
        };
        let from = match (ours, unit) {
            (false, _) => text.t("portal-you").into_owned(),
            (true, Some(unit)) => unit.clone(),
            (true, None) => desk.to_owned(),
        };
        let files = loaded.files.iter().filter(|f| f.message_id == message.id);
        LetterLine {
            ours,
            from,
            at: message.at,
            body: message.body.clone(),
            files: files.filter(|f| f.scan != Scan::Infected).map(file_line).collect(),
        }
    };
    shown.map(line).collect()
}

fn file_line(file: &Attachment) -> FileLine {
    FileLine {
        id: file.id.to_string(),
        name: file.name.clone(),
        size: file.size,
        picture: is_picture(&file.media_type),
        small: file.thumbnail.is_some(),
    }
}

fn facts(text: Text, case: &Case, category: &str) -> Vec<(String, String)> {
    let yes = |on: bool| if on { text.t("ui-yes").into_owned() } else { String::new() };
    let day = case.details.service_date.as_deref().and_then(|day| day.parse().ok());
    let mut facts = vec![
        ("portal-receipt-kind", text.t(kind_key(case.kind)).into_owned()),
        ("portal-category", category.to_owned()),
        ("portal-where", place_of(case.region_code.as_deref(), &case.place)),
        ("portal-service-date", day.map(|day| days::written(text, day)).unwrap_or_default()),
        ("portal-loss", case.details.loss.clone()),
        ("portal-wish", case.details.wish.clone()),
        ("portal-proxy-for", case.proxy_for.clone().unwrap_or_default()),
        ("portal-receipt-received", text.date_time(case.received_at)),
        ("portal-anonymous", yes(case.anonymous)),
        ("portal-confidential", yes(case.confidential)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    let mut facts: Vec<(String, String)> =
        facts.into_iter().map(|(key, value)| (text.t(key).into_owned(), value)).collect();
    facts.extend(case.details.answers.iter().cloned());
    facts
}

/// The code and the policy of an address.
#[derive(Deserialize)]
pub struct PolicyPath {
    code: String,
    policy: String,
}

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage {
    page: Page,
    base: String,
    code: String,
    due: DueLine,
    limit: String,
    start: String,
    consequence: String,
    first: String,
    extended: bool,
    paused: bool,
    rows: Vec<DayRow>,
    doubt: Option<&'static str>,
}

/// `GET /lacak/{code}/tenggat/{policy}`: day by day.
pub async fn why(door: Door, headers: HeaderMap, Path(path): Path<PolicyPath>) -> Answer {
    let Some(case) = crate::track::proven(&door, &headers, &path.code).await? else {
        return Ok(crate::track::ask(&door, StatusCode::OK, &path.code, Vec::new()));
    };
    let (access, of) = (door.access(), case.clone());
    let read = door.ctx.db.read(move |tx| {
        let deadlines = cases::deadlines(tx, &access, of.id)?;
        let calendar = org::calendar_for(tx, &access, None)?;
        Ok((deadlines, actions::profile_of(tx, &access, &of)?.into_owned(), calendar))
    });
    let (deadlines, profile, calendar) = read.await?;
    let deadline = deadlines.iter().rev().find(|d| d.policy == path.policy);
    let (deadline, rule) = deadline.zip(profile.deadline(&path.policy)).ok_or(Refusal::NotFound)?;
    let beyond = |e| tanggap_kernel::Fault::new(format!("due date: {e}"));
    let term = rule.extended_term(u8::from(deadline.extended)).map_err(beyond)?;
    let from = deadline.starts_at.as_micros();
    let counted = term.due_with_pauses(&calendar, from, &deadline.pauses).map_err(beyond)?;
    let mut page = door.page("portal-why");
    let text = page.text;
    page.path = door.link(&format!("/lacak/{}/tenggat/{}", case.code, path.policy));
    let moved = deadline.first_due_at != deadline.due_at;
    let view = WhyPage {
        base: door.base.clone(),
        code: case.code.clone(),
        due: due_line(text, deadline, &profile, door.ctx.now()),
        limit: days::limit(text, deadline.limit, deadline.unit),
        start: text.date_time(deadline.starts_at),
        consequence: rule.consequence.get(text.locale.tag()).to_owned(),
        first: if moved { text.day(deadline.first_due_at) } else { String::new() },
        extended: deadline.extended,
        paused: deadline.state == Clock::Paused,
        rows: days::rows(text, &counted),
        doubt: days::doubt(&counted),
        page,
    };
    let mut response = door.html(view);
    crate::track::renew(&door, &headers, case.id, &mut response);
    Ok(response)
}

/// The code and the file of an address.
#[derive(Deserialize)]
pub struct FilePath {
    code: String,
    file: String,
}

/// `GET /lacak/{code}/berkas/{file}` and `…/kecil`: a file that the reporter may see: one that
/// came with a message to or from them.
pub async fn file(door: Door, headers: HeaderMap, Path(path): Path<FilePath>) -> Answer {
    give_file(&door, &headers, &path, false).await
}

/// The thumbnail of a file.
pub async fn small_file(door: Door, headers: HeaderMap, Path(path): Path<FilePath>) -> Answer {
    give_file(&door, &headers, &path, true).await
}

async fn give_file(door: &Door, headers: &HeaderMap, path: &FilePath, small: bool) -> Answer {
    let case = crate::track::proven(door, headers, &path.code).await?.ok_or(Refusal::NotFound)?;
    let id = talk::AttachmentId::parse(&path.file).ok_or(Refusal::NotFound)?;
    let (access, of): (_, CaseId) = (door.access(), case.id);
    let read = door.ctx.db.read(move |tx| {
        let (file, belongs) = talk::attachment(tx, &access, id)?;
        let messages = talk::messages_of_case(tx, &access, of.0)?;
        let open =
            messages.iter().any(|m| m.id == file.message_id && m.direction != Direction::Internal);
        if belongs == Some(of.0) && open { Ok(file) } else { Err(Refusal::NotFound.into()) }
    });
    let file = read.await?;
    Ok(talk::files::fetch(&door.ctx.blobs, &file, small).await?)
}
