//! Talking on a case and moving it: messages, transitions, events, deadlines.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tanggap_cases::actions::{self, Move};
use tanggap_cases::model::Case;
use tanggap_cases::report::{DESCRIPTION_MAX, LINE_MAX};
use tanggap_cases::rules::{Action, Voice};
use tanggap_conversations as talk;
use tanggap_kernel::{Actor, Fault, Refusal, Result, Timestamp, code, id, params};
use tanggap_org::TokenScope::{CasesRead, CasesWrite};
use tanggap_store::{Tx, sql};
use utoipa::ToSchema;

use crate::body::{Code, Head, Input, query};
use crate::cases::unit_id;
use crate::door::{Bearer, Caller};
use crate::fields::{Checked, Field, INT_MAX, Shape, may, must, schema};
use crate::notations::{CURSOR, SLUG, kinds};
use crate::once::Answer;
use crate::problem::Problem;
use crate::views::{DeadlineView, MessageView, actor_kind, is_masked, moment, whole_case};

/// The most events on a page.
const EVENTS_MAX: i64 = 200;

sql! {
    EVENTS = "select id, at, kind, actor, body from events where agency_id = $1
        and subject_id = $2 and subject_kind = 'case' and id > $3 order by id limit $4";
    LAST_MESSAGE = "select m.id, m.interaction_id, i.channel, m.at, m.direction, m.actor, m.body
        from interactions i join messages m
        on m.agency_id = i.agency_id and m.interaction_id = i.id
        where i.agency_id = $1 and i.case_id = $2 order by m.id desc limit 1";
}

/// A message to be written.
pub const MESSAGE: &[Field] = &[
    must("body", Shape::Text(DESCRIPTION_MAX), "What is said, plain text."),
    may(
        "visibility",
        Shape::Word(visibilities),
        "public: to the citizen, who also gets it by mail; internal: to colleagues. public where \
         left out.",
    ),
];

fn visibilities() -> Vec<&'static str> {
    vec!["public", "internal"]
}

/// One way to move a case.
pub struct Step {
    /// The word of the field `action`.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Whether `reason` (or `text`) must say something.
    pub speaks: bool,
    /// Fields of its own.
    own: &'static [Field],
}

const fn step(
    name: &'static str,
    about: &'static str,
    speaks: bool,
    own: &'static [Field],
) -> Step {
    Step { name, about, speaks, own }
}

const COMMON: &[Field] = &[
    may(
        "version",
        Shape::Int(1, INT_MAX),
        "The version that you saw; where the case was changed since, the move is refused (409).",
    ),
    may("reason", Shape::Text(DESCRIPTION_MAX), "What is said with it."),
    may("text", Shape::Text(DESCRIPTION_MAX), "Another name for reason; it wins."),
    may("unit", Shape::Line(60), "A unit, by its code or id."),
];

/// All ways to move a case.
pub const STEPS: &[Step] = &[
    step("verify", "Declare the report complete and ours.", false, &[]),
    step("ask", "Ask the reporter for what is missing; other clocks stand still.", true, &[]),
    step("complete", "The reporter completed it.", true, &[]),
    step(
        "forward",
        "Hand it to a unit; reason is what is asked of it.",
        false,
        &[
            must("unit", Shape::Line(60), "The unit, by its code or id."),
            may("agreed_days", Shape::Int(1, 365), "The agreed time, in working days."),
        ],
    ),
    step("accept", "The unit takes it.", false, &[]),
    step("return", "The unit sends it back.", true, &[]),
    step("progress", "Tell the reporter what has been done so far.", true, &[]),
    step("answer", "Answer the reporter.", true, &[]),
    step("confirm", "The reporter says that it is solved.", false, &[]),
    step("reopen", "The reporter says that it is not solved.", true, &[]),
    step("object", "The reporter objects to the superior.", true, &[]),
    step(
        "refer",
        "It belongs to another authority, which is named.",
        false,
        &[must("target", Shape::Line(LINE_MAX), "The authority.")],
    ),
    step(
        "duplicate",
        "It repeats another report.",
        false,
        &[must("of", Shape::Line(60), "The code of that report.")],
    ),
    step("archive", "Archive it.", true, &[]),
    step("withdraw", "The reporter takes it back.", false, &[]),
    step(
        "reclassify",
        "Correct kind or category.",
        false,
        &[
            may("kind", Shape::Word(kinds), "The kind."),
            may("category", Shape::Noted(60, &SLUG), "The name of the category."),
        ],
    ),
    step(
        "conceal",
        "Hide more; never less.",
        false,
        &[
            may("anonymous", Shape::Bool, "Hide the reporter."),
            may("confidential", Shape::Bool, "Hide the content."),
        ],
    ),
    step(
        "concern",
        "Say which unit it is about: it neither sees nor handles the case from then on.",
        false,
        &[must("unit", Shape::Line(60), "The unit, by its code or id.")],
    ),
    step(
        "extend",
        "Take the one extension that a limit allows.",
        true,
        &[must("policy", Shape::Line(60), "Which limit.")],
    ),
    step("settle", "What the reporter wrote last needs no reply.", false, &[]),
    step("escalate", "Pass it up to the superior or the supervisors.", true, &[]),
];

impl Step {
    /// All its fields.
    fn fields(&self) -> Vec<Field> {
        let action = must("action", Shape::Line(60), "");
        let ours = |field: &&Field| self.own.iter().all(|own| own.name != field.name);
        let common = COMMON.iter().filter(ours).copied();
        std::iter::once(action).chain(self.own.iter().copied()).chain(common).collect()
    }

    /// Its JSON Schema.
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut schema = schema(&self.fields());
        schema["title"] = json!(self.name);
        schema["description"] = json!(self.about);
        schema["properties"]["action"] = json!({ "type": "string", "enum": [self.name] });
        if self.speaks {
            for name in ["reason", "text"] {
                schema["properties"][name]["type"] = json!("string");
            }
            schema["anyOf"] = json!([{ "required": ["reason"] }, { "required": ["text"] }]);
        }
        schema
    }
}

/// `POST /api/v1/cases/{code}/transitions`.
///
/// # Errors
/// Problems as the description tells.
pub async fn transition(
    bearer: Bearer,
    Code(code): Code,
    request: Request,
) -> Result<Response, Problem> {
    let Input { body, once } = Input::read(request).await?;
    let step = check(&body)?;
    let answer = bearer.write(&[CasesRead, CasesWrite], move |tx, caller| {
        once.run(tx, caller, |tx| {
            let asked = Checked::body(&body, &step.fields())?;
            let case = actions::load_by_code(tx, &caller.access, &code)?;
            let (id, version) = (case.id, asked.int("version"));
            let action = action(tx, caller, &case, step.name, asked)?;
            let wanted = Move { case: id, version, action, attachments: Vec::new() };
            let moved = actions::act(tx, &caller.access, &wanted)?;
            Answer::json(StatusCode::OK, &whole_case(tx, caller, moved)?)
        })
    });
    // A unit or a report that is not there is a matter of the house, not of how it was written.
    let told =
        |problem: Problem| problem.known_as("reported_unit", "unit").conflict_over(&["unit", "of"]);
    let answer = answer.await.map_err(told)?;
    Ok(answer.into_response())
}

fn check(body: &Value) -> Result<&'static Step, Problem> {
    let name = body.as_object().map(|map| map.get("action").and_then(Value::as_str));
    let Some(name) = name else {
        return Err(Refusal::field("", "hooks-invalid-object").into());
    };
    let step = STEPS.iter().find(|step| Some(step.name) == name);
    let step = step.ok_or_else(|| Refusal::field("action", "ui-invalid-choice"))?;
    let asked = Checked::body(body, &step.fields())?;
    if step.speaks && words(asked).is_empty() {
        return Err(Refusal::field("reason", "ui-invalid-required").into());
    }
    Ok(step)
}

fn words(asked: Checked<'_>) -> String {
    asked.text("text").or_else(|| asked.text("reason")).map(Into::into).unwrap_or_default()
}

fn action(
    tx: &mut Tx<'_>,
    caller: &Caller,
    case: &Case,
    name: &str,
    asked: Checked<'_>,
) -> Result<Action> {
    let said = words(asked);
    Ok(match name {
        "verify" => Action::Verify,
        "ask" => Action::AskCompletion { question: said },
        "complete" => Action::Complete { text: said },
        "forward" => {
            // Whether the state allows it is told first; then whether there is such a unit.
            let unit = unit_id(tx, caller, &asked.string("unit"))?.unwrap_or(0.into());
            let agreed_days = asked.int("agreed_days");
            Action::Forward { unit, instruction: said, agreed_days }
        }
        "accept" => Action::Accept,
        "return" => Action::Return { reason: said },
        "progress" => Action::Progress { text: said },
        "answer" => Action::Answer { text: said },
        "confirm" => Action::Confirm,
        "reopen" => Action::Reopen { reason: said },
        "object" => Action::Object { reason: said },
        "refer" => Action::Refer { target: asked.string("target"), text: said },
        "duplicate" => {
            let of = asked.string("of");
            Action::Duplicate { of: code::parse(&of).unwrap_or(of) }
        }
        "archive" => Action::Archive { reason: said },
        "withdraw" => Action::Withdraw { reason: said },
        "reclassify" => reclassify(tx, caller, case, asked)?,
        "conceal" => Action::Conceal {
            anonymous: asked.bool("anonymous").unwrap_or(case.anonymous),
            confidential: asked.bool("confidential").unwrap_or(case.confidential),
        },
        "concern" => {
            let unit = unit_id(tx, caller, &asked.string("unit"))?.unwrap_or(0.into());
            Action::Concern { unit: Some(unit), user: case.reported_user_id }
        }
        "extend" => Action::Extend { policy: asked.string("policy"), reason: said },
        "settle" => Action::Settle,
        "escalate" => Action::Escalate { reason: said },
        _ => return Err(Refusal::field("action", "ui-invalid-choice").into()),
    })
}

fn reclassify(tx: &mut Tx<'_>, caller: &Caller, case: &Case, asked: Checked<'_>) -> Result<Action> {
    let kind = asked.text("kind").and_then(|word| word.parse().ok()).unwrap_or(case.kind);
    let category = match asked.text("category") {
        Some(slug) => tanggap_org::category_by_slug(tx, &caller.access, &slug)?
            .map(|category| category.id)
            .ok_or_else(|| Refusal::field("category", "case-invalid-category"))?,
        None => case.category_id,
    };
    Ok(Action::Reclassify { kind, category })
}

/// `POST /api/v1/cases/{code}/messages`.
///
/// # Errors
/// Problems as the description tells.
pub async fn say(bearer: Bearer, Code(code): Code, request: Request) -> Result<Response, Problem> {
    let Input { body, once } = Input::read(request).await?;
    let said = Checked::body(&body, MESSAGE)?;
    let voice = match said.text("visibility").as_deref() {
        Some("internal") => Voice::Internal,
        _ => Voice::ToCitizen,
    };
    let text = said.string("body");
    let answer = bearer.write(&[CasesRead, CasesWrite], move |tx, caller| {
        once.run(tx, caller, |tx| {
            let case = actions::load_by_code(tx, &caller.access, &code)?;
            let case = actions::write(tx, &caller.access, case.id, voice, &text, &[])?;
            let last = params![caller.access.agency_id, case.id];
            let message = tx.one(&LAST_MESSAGE, last, |row| {
                Ok(talk::Message {
                    id: row.int()?,
                    interaction_id: row.int()?,
                    channel: row.text()?,
                    at: row.int()?,
                    direction: talk::Direction::parse(&row.text()?),
                    actor: row.text()?,
                    body: row.text()?,
                    beside: None,
                })
            })?;
            Answer::json(StatusCode::CREATED, &MessageView::of(message, caller, false))
        })
    });
    Ok(answer.await?.into_response())
}

/// One page of a case's messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Messages {
    /// Oldest first.
    pub items: Vec<MessageView>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// The most messages on a page.
const MESSAGES_MAX: i64 = 500;

/// The query of a list of messages.
pub const MESSAGE_LIST: &[Field] = &[
    may("limit", Shape::Int(1, MESSAGES_MAX), "How many on a page; 500 where left out."),
    may("cursor", Shape::Noted(13, &CURSOR), "Where the page begins: `next_cursor` of the last."),
];

/// `GET /api/v1/cases/{code}/messages`.
///
/// # Errors
/// Problems as the description tells.
pub async fn messages(
    bearer: Bearer,
    Code(code): Code,
    Head(parts): Head,
) -> Result<Response, Problem> {
    let wanted = query(&parts, MESSAGE_LIST)?;
    let limit = wanted.int("limit").unwrap_or(MESSAGES_MAX);
    let after = wanted.text("cursor").and_then(id::from_text).unwrap_or(0);
    let found = bearer.read(&[CasesRead], move |tx, caller| {
        let case = actions::load_by_code(tx, &caller.access, &code)?;
        let masked = is_masked(caller, case.unit_id);
        let (access, case, after) = (&caller.access, case.id.0, after.into());
        let mut rows = talk::messages_of_case_after(tx, access, case, after, limit + 1)?;
        let more = rows.len() as i64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(1));
        let next_cursor = rows.last().filter(|_| more).map(|last| last.id.to_string());
        let items = rows.into_iter().map(|m| MessageView::of(m, caller, masked)).collect();
        Ok(Messages { items, next_cursor })
    });
    Ok(axum::Json(found.await?).into_response())
}

/// The deadlines of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deadlines {
    /// Oldest first.
    pub items: Vec<DeadlineView>,
}

/// `GET /api/v1/cases/{code}/deadlines`.
///
/// # Errors
/// Problems as the description tells.
pub async fn deadlines(bearer: Bearer, Code(code): Code) -> Result<Response, Problem> {
    let found = bearer.read(&[CasesRead], move |tx, caller| {
        let case = actions::load_by_code(tx, &caller.access, &code)?;
        let found = tanggap_cases::store::deadlines(tx, &caller.access, case.id)?;
        let items = found.into_iter().map(|d| DeadlineView::of(d, caller.zone)).collect();
        Ok(Deadlines { items })
    });
    Ok(axum::Json(found.await?).into_response())
}

/// Something that happened to a case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Its id.
    pub id: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What: `case.received`, `case.forwarded`, `case.reopened`, `case.objected` ...
    #[serde(rename = "type")]
    #[schema(example = "case.forwarded")]
    pub kind: String,
    /// citizen, staff, integration or system.
    pub actor: &'static str,
    /// The facts; never personal data.
    #[schema(value_type = Object)]
    pub facts: Value,
}

/// One page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// Oldest first.
    pub items: Vec<EventView>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// The query of a list of events.
pub const EVENT_LIST: &[Field] = &[
    may("limit", Shape::Int(1, EVENTS_MAX), "How many on a page; 200 where left out."),
    may("cursor", Shape::Noted(13, &CURSOR), "Where the page begins: `next_cursor` of the last."),
];

/// `GET /api/v1/cases/{code}/events`.
///
/// # Errors
/// Problems as the description tells.
pub async fn events(
    bearer: Bearer,
    Code(code): Code,
    Head(parts): Head,
) -> Result<Response, Problem> {
    let wanted = query(&parts, EVENT_LIST)?;
    let limit = wanted.int("limit").unwrap_or(EVENTS_MAX);
    let after = wanted.text("cursor").and_then(id::from_text).unwrap_or(0);
    let found = bearer.read(&[CasesRead], move |tx, caller| {
        let case = actions::load_by_code(tx, &caller.access, &code)?;
        let key = params![caller.access.agency_id, case.id, after, limit + 1];
        let zone = caller.zone;
        let mut rows: Vec<(i64, EventView)> = tx.all(&EVENTS, key, |row| {
            let (id, at): (i64, Timestamp) = (row.int()?, row.int()?);
            let kind = row.text()?;
            let actor = Actor::parse(&row.text()?).map_or("system", actor_kind);
            let damaged = |_| Fault::new("events.body is damaged");
            let facts = serde_json::from_str(&row.text()?).map_err(damaged)?;
            let view = EventView { id: id::to_text(id), at: moment(at, zone), kind, actor, facts };
            Ok((id, view))
        })?;
        let more = rows.len() as i64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(1));
        let next_cursor = rows.last().filter(|_| more).map(|(id, _)| id::to_text(*id));
        Ok(EventPage { items: rows.into_iter().map(|(_, view)| view).collect(), next_cursor })
    });
    Ok(axum::Json(found.await?).into_response())
}
