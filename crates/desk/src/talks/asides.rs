//! Beside a talk: a supervisor's whisper and taking over, questions to colleagues, and
//! `/konsultasi/{id}`, where one who was asked answers. None of it is shown to a citizen.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use tanggap_cases::asides::{self, Aside, AsideId, Asked};
use tanggap_conversations::{InteractionId, Talk, TalkState, talks};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Error, Invalid, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{Fields, SignedFields, Staff, flash};
use tanggap_store::{Announced, Tx};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, respond};

use crate::stream::toast;
use crate::timeline::Entry;
use crate::{duty, lines, words};

/// What a talk's page shows beside the talk.
#[derive(Default)]
pub(crate) struct Side {
    /// One looks at somebody else's talk as a supervisor.
    pub watches: bool,
    /// One may ask a colleague about it.
    pub may_ask: bool,
    /// Whom one may ask.
    pub colleagues: Vec<Choice>,
    pub entries: Vec<Entry>,
}

impl Side {
    pub(crate) fn read(tx: &mut Tx<'_>, access: &Access, text: Text, talk: &Talk) -> Result<Self> {
        let open = talk.state != TalkState::Ended;
        let others = talk.owner_id.is_some() && talk.owner_id != access.user();
        let watches = open && others && access.can(Permission::TalkSupervise, None);
        let may_ask = open && !watches && access.can(Permission::TalkWrite, None);
        let said = asides::of_talk(tx, access, talk.id)?;
        let people: Vec<UserId> = said.iter().flat_map(|a| [Some(a.by), a.to]).flatten().collect();
        let names = tanggap_org::names(tx, access, &people)?;
        let units = tanggap_org::units(tx, access)?;
        let name = |id: Option<UserId>| id.and_then(|id| names.get(&id)).cloned();
        let entry = |aside: &Aside| {
            let unit = |id: UnitId| words::unit(text, &units, Some(id));
            let to = name(aside.to).or_else(|| aside.unit.map(unit)).unwrap_or_default();
            Entry {
                class: "entry-aside",
                at: aside.at,
                who: name(Some(aside.by)).unwrap_or_default(),
                what: text.t1(format!("aside-said-{}", aside.kind.as_str()), "to", to).into_owned(),
                body: aside.body.clone(),
                ..Entry::default()
            }
        };
        let entries = said.iter().map(entry).collect();
        let mut colleagues = Vec::new();
        if may_ask {
            for unit in units.iter().filter(|unit| unit.active) {
                let choice = Choice::new(format!("unit:{}", unit.id), unit.name_in(text.locale));
                colleagues.push(choice.group(text.t("desk-field-unit").into_owned()));
            }
            let me = access.user().map(|user| user.to_string());
            for person in lines::everybody(tx, access)? {
                if Some(&person.value) != me.as_ref() {
                    let choice = Choice::new(format!("user:{}", person.value), person.label);
                    colleagues.push(choice.group(text.t("desk-line-person").into_owned()));
                }
            }
        }
        Ok(Self { watches, may_ask, colleagues, entries })
    }
}

/// A step beside a talk; `None` where it is another.
pub(crate) fn step(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    fields: &Fields,
) -> Result<Option<Talk>> {
    let text = fields.get("aside");
    match fields.get("step") {
        "whisper" => asides::whisper(tx, access, id, text)?,
        "takeover" => return asides::take_over(tx, access, id).map(Some),
        "ask" => {
            let to = fields.get("to").split_once(':');
            let to = to.and_then(|(kind, id)| match kind {
                "unit" => UnitId::parse(id).map(Asked::Unit),
                "user" => UserId::parse(id).map(Asked::Person),
                _ => None,
            });
            let to = to.ok_or_else(|| Refusal::field("to", "ui-invalid-required"))?;
            asides::ask(tx, access, id, to, text)?;
        }
        _ => return Ok(None),
    }
    talks::get(tx, access, id).map(Some)
}

/// Looking at somebody else's talk is logged, however one came to it.
pub(crate) async fn note_look(ctx: &Ctx, staff: &Staff, id: InteractionId) -> Result<()> {
    if staff.access.can(Permission::TalkSupervise, None) {
        let access = staff.access.clone();
        ctx.db.write(move |tx| asides::watch(tx, &access, id)).await?;
    }
    Ok(())
}

/// A question that waits for one, as one's duty shows it.
pub(crate) struct Question {
    pub href: String,
    pub who: String,
    pub at: Timestamp,
}

/// The questions that wait for one.
pub(crate) fn questions(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Question>> {
    let open = asides::questions(tx, access)?;
    let people: Vec<UserId> = open.iter().map(|aside| aside.by).collect();
    let names = tanggap_org::names(tx, access, &people)?;
    let question = |aside: &Aside| Question {
        href: format!("/konsultasi/{}", aside.id),
        who: names.get(&aside.by).cloned().unwrap_or_default(),
        at: aside.at,
    };
    Ok(open.iter().map(question).collect())
}

#[derive(Template)]
#[template(path = "consult.html")]
struct ConsultPage {
    page: Page,
    form: FormState,
    who: String,
    asked: Aside,
    /// The talk, for those who may read it.
    talk: Option<String>,
    notice: String,
}

/// `GET /konsultasi/{id}`.
pub(crate) async fn consult(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let form = FormState::new(staff.prefs.locale);
    show(&ctx, &staff, &id, form, None, StatusCode::OK).await
}

async fn show(
    ctx: &Ctx,
    staff: &Staff,
    id: &str,
    form: FormState,
    notice: Option<&'static str>,
    status: StatusCode,
) -> Answer {
    let (access, id) = (staff.access.clone(), AsideId::parse(id).ok_or(Refusal::NotFound)?);
    let (asked, who, may_read) = ctx
        .db
        .read(move |tx| {
            let asked = asides::question(tx, &access, id)?;
            let names = tanggap_org::names(tx, &access, &[asked.by])?;
            let may_read = match tanggap_cases::talking::open(tx, &access, asked.talk) {
                Ok(_) => true,
                Err(Error::Refused(_)) => false,
                Err(fault) => return Err(fault),
            };
            Ok((asked, names.into_values().next().unwrap_or_default(), may_read))
        })
        .await?;
    let page = staff.page(ctx, "aside-consult");
    let notice = notice.map(|key| page.t(key).into_owned()).unwrap_or_default();
    let talk = may_read.then(|| format!("/percakapan/{}", asked.talk));
    Ok(respond::html_status(status, ConsultPage { page, form, who, asked, talk, notice }))
}

/// `POST /konsultasi/{id}`.
pub(crate) async fn advise(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let question = AsideId::parse(&id).ok_or(Refusal::NotFound)?;
    let (access, text) = (staff.access.clone(), fields.get("aside").to_owned());
    let done = ctx.db.write(move |tx| asides::advise(tx, &access, question, &text)).await;
    let (status, errors, notice): (_, Vec<Invalid>, _) = match done {
        Ok(()) => return Ok(flash(&ctx.site, "/kehadiran", "aside-flash-advised")),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            (StatusCode::UNPROCESSABLE_ENTITY, errors, None)
        }
        Err(Error::Refused(Refusal::Illegal(key))) => (StatusCode::CONFLICT, Vec::new(), Some(key)),
        Err(other) => return Err(other.into()),
    };
    let form = fields.refused(staff.prefs.locale, errors);
    show(&ctx, &staff, &id, form, notice, status).await
}

/// Tells those whom an event beside a talk is for, wherever they are: what was asked of them, what
/// was advised, that their talk was taken over.
pub(crate) fn tell(ctx: &Ctx, event: &Announced) {
    let kind = event.kind.as_str();
    let told = ["talk.asked", "talk.advised", "talk.taken_over", "talk.whispered"];
    if !told.contains(&kind) {
        return;
    }
    let facts: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
    let people: Vec<String> = facts["told"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|id| UserId::parse(id.as_str()?))
        .map(duty::topic_of)
        .collect();
    let unit = facts["unit"].as_str().and_then(UnitId::parse);
    for room in ctx.live.rooms(event.agency_id, |topic| topic.starts_with("person:")) {
        let of_unit = unit.is_some_and(|unit| room.viewer.member_of.contains(&unit));
        let is_told = people.contains(&room.topic);
        if !is_told && !of_unit {
            continue;
        }
        ctx.live.send(&room, duty::RELOAD);
        // Of a unit's question all hear, of the advice only whoever asked.
        if is_told || kind == "talk.asked" {
            let key = kind.strip_prefix("talk.").unwrap_or_default().replace('_', "-");
            let href = match kind {
                "talk.asked" => "/kehadiran".to_owned(),
                _ => format!("/percakapan/{}", InteractionId(event.subject_id)),
            };
            toast(ctx, &room, &format!("aside-toast-{key}"), href);
        }
    }
}
