//! What can be done with a case: which steps are offered, the form of each, and what comes back.
//!
//! Whatever goes wrong, what was typed is shown again: a refused field, a step that is no longer
//! possible, a case that somebody else changed meanwhile.

use axum::extract::{Extension, Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tanggap_cases::actions::{self, Move};
use tanggap_cases::model::{Case, Status};
use tanggap_cases::rules::{self, Action, Voice};
use tanggap_cases::store;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Error, Permission, Refusal, Result};
use tanggap_org::CategoryId;
use tanggap_org::door::{Fields, Staff, flash, flash_undoable};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, Failed};

use crate::case::{self, Shown};
use crate::counts::Counts;
use crate::person;
use crate::presence::{self, Presence};
use crate::stream;
use crate::undo::Undo;
use crate::upload::Upload;
use crate::words;

/// The longest draft that is kept, in characters.
const DRAFT_MAX: usize = 20_000;

/// Steps that only write, as tabs of the composer.
pub(crate) const TABS: [&str; 5] = ["reply", "note", "progress", "answer", "ask"];
/// Steps that need nothing but a click.
pub(crate) const INSTANT: [&str; 3] = ["verify", "accept", "settle"];
/// Steps behind "more".
pub(crate) const RARE: [&str; 13] = [
    "complete",
    "confirm",
    "reopen",
    "object",
    "refer",
    "duplicate",
    "archive",
    "withdraw",
    "reclassify",
    "conceal",
    "concern",
    "extend",
    "escalate",
];
/// Steps as buttons.
pub(crate) const BUTTONS: [&str; 6] = ["verify", "forward", "accept", "return", "assign", "settle"];

/// What somebody may do with a case now, writing included.
pub(crate) fn offered(case: &Case, access: &Access) -> Vec<&'static str> {
    let mut offered = rules::possible(case, access);
    if access.can(Permission::CaseWrite, case.unit_id) {
        offered.insert(0, "note");
        if case.contact_id.is_some() || case.status.is_open() {
            offered.insert(0, "reply");
        }
    }
    offered
}

/// The step that a case waits for.
pub(crate) fn primary(case: &Case, offered: &[&'static str]) -> &'static str {
    let wanted = match case.status {
        Status::Received => "verify",
        Status::Verified => "forward",
        Status::Forwarded => "accept",
        Status::InProgress => "answer",
        Status::Incomplete => "complete",
        _ => "",
    };
    if offered.contains(&wanted) { wanted } else { "" }
}

/// What a form asks for.
enum Wanted {
    Step(Action),
    Say(Voice, String),
}

fn wanted(fields: &Fields) -> Result<Wanted, Refusal> {
    let text = |name: &str| fields.get(name).to_owned();
    let choice = |name: &str| Refusal::field(name, "ui-invalid-choice");
    Ok(Wanted::Step(match fields.get("step") {
        "reply" => return Ok(Wanted::Say(Voice::ToCitizen, text("text"))),
        "note" => return Ok(Wanted::Say(Voice::Internal, text("text"))),
        "verify" => Action::Verify,
        "ask" => Action::AskCompletion { question: text("text") },
        "complete" => Action::Complete { text: text("text") },
        "forward" => Action::Forward {
            unit: UnitId::parse(fields.get("unit"))
                .ok_or_else(|| Refusal::field("unit", "case-invalid-unit"))?,
            instruction: text("instruction"),
            agreed_days: days(fields.get("days"))?,
        },
        "accept" => Action::Accept,
        "return" => Action::Return { reason: text("reason") },
        "progress" => Action::Progress { text: text("text") },
        "answer" => Action::Answer { text: text("text") },
        "confirm" => Action::Confirm,
        "reopen" => Action::Reopen { reason: text("reason") },
        "object" => Action::Object { reason: text("reason") },
        "refer" => Action::Refer { target: text("target"), text: text("text") },
        "duplicate" => Action::Duplicate { of: text("of") },
        "archive" => Action::Archive { reason: text("reason") },
        "withdraw" => Action::Withdraw { reason: text("reason") },
        "assign" => Action::Assign { user: UserId::parse(fields.get("user")) },
        "reclassify" => Action::Reclassify {
            kind: fields.get("kind").parse().map_err(|_| choice("kind"))?,
            category: CategoryId::parse(fields.get("category"))
                .ok_or_else(|| Refusal::field("category", "case-invalid-category"))?,
        },
        "conceal" => Action::Conceal {
            anonymous: fields.is_on("anonymous"),
            confidential: fields.is_on("confidential"),
        },
        "concern" => Action::Concern {
            unit: UnitId::parse(fields.get("reported_unit")),
            user: UserId::parse(fields.get("reported_user")),
        },
        "extend" => Action::Extend { policy: text("policy"), reason: text("reason") },
        "settle" => Action::Settle,
        "escalate" => Action::Escalate { reason: text("reason") },
        _ => return Err(Refusal::Illegal("case-illegal-move")),
    }))
}

fn days(typed: &str) -> Result<Option<i64>, Refusal> {
    if typed.is_empty() {
        return Ok(None);
    }
    let days = typed.parse().ok().filter(|days| (1..=365).contains(days));
    days.map(Some).ok_or_else(|| Refusal::field("days", "ui-invalid-number"))
}

/// One step inside its transaction.
fn step(
    tx: &mut Tx<'_>,
    access: &Access,
    code: &str,
    version: Option<i64>,
    wanted: &Wanted,
    upload: &Upload,
) -> Result<(Case, Option<Undo>)> {
    let seen = actions::load_by_code(tx, access, code)?;
    if upload.fields.get("step") != "note" {
        tanggap_conversations::quick::check_filled(upload.fields.get("text"))?;
    }
    match wanted {
        Wanted::Step(action) => {
            let (action, attachments) = (action.clone(), upload.files.clone());
            let step = Move { case: seen.id, version, action, attachments };
            let case = actions::act(tx, access, &step)?;
            let undo = Undo::of(&step.action, seen.owner_id, &case);
            Ok((case, undo))
        }
        Wanted::Say(voice, text) => {
            // A note among colleagues overtakes nobody; a word to the citizen might.
            let stale = version.is_some_and(|version| version != seen.version);
            if stale && *voice == Voice::ToCitizen {
                return Err(Refusal::Stale.into());
            }
            Ok((actions::write(tx, access, seen.id, *voice, text, &upload.files)?, None))
        }
    }
}

/// `POST /meja/{code}/langkah`.
pub(crate) async fn take(
    State(ctx): State<Ctx>,
    Extension(counts): Extension<Counts>,
    Extension(presence): Extension<Presence>,
    Path(code): Path<String>,
    headers: HeaderMap,
    upload: Upload,
) -> Answer {
    let staff = upload.staff.clone();
    let name = upload.fields.get("step").to_owned();
    let version = upload.fields.get("version").parse().ok();
    let upload = std::sync::Arc::new(upload);
    let done = match (wanted(&upload.fields), upload.wrong.is_empty()) {
        (Ok(wanted), true) => {
            let (access, code, upload) = (staff.access.clone(), code.clone(), upload.clone());
            ctx.db.write(move |tx| step(tx, &access, &code, version, &wanted, &upload)).await
        }
        (Ok(_), false) => Err(Refusal::Invalid(upload.wrong.clone()).into()),
        (Err(refusal), _) => Err(refusal.into()),
    };
    let (status, errors, notice) = match done {
        Ok((case, undo)) => {
            counts.forget(&staff);
            presence::sent(&ctx, &presence, &staff, &stream::topic_of(case.id));
            return Ok(done_with(&ctx, &staff, &case, (&name, undo), &upload.fields));
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            (StatusCode::UNPROCESSABLE_ENTITY, errors, None)
        }
        Err(Error::Refused(Refusal::Stale)) => {
            (StatusCode::CONFLICT, Vec::new(), Some("desk-stale"))
        }
        Err(Error::Refused(Refusal::Illegal(key))) => (StatusCode::CONFLICT, Vec::new(), Some(key)),
        Err(other) => return Err(other.into()),
    };
    let form = upload.fields.clone().refused(staff.prefs.locale, errors);
    let shown = Shown {
        step: name,
        form: Some(form),
        notice,
        since: version,
        status,
        frame: case::is_frame(&headers),
        queue: case::queue_of(&headers),
        look: person::look_of(&headers),
    };
    case::render(&ctx, &counts, &presence, &staff, &code, shown).await
}

/// Where one goes after a step: back to the case, or home where it is no longer one's to see.
fn done_with(
    ctx: &Ctx,
    staff: &Staff,
    case: &Case,
    (step, undo): (&str, Option<Undo>),
    fields: &Fields,
) -> Response {
    let key = format!("desk-flash-{}", words::dashed(step));
    let path = match fields.get("kembali") {
        "unit" => "/unit".to_owned(),
        _ if rules::may_see(case, &staff.access) => format!("/meja/{}", case.code),
        _ => tanggap_org::door::home_of(&staff.access),
    };
    match undo {
        Some(undo) => flash_undoable(&ctx.site, &path, &key, &undo.to_text()),
        None => flash(&ctx.site, &path, &key),
    }
}

/// What somebody was writing, and as what: a note never turns up in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The tab it was written in.
    pub step: String,
    /// The words.
    pub text: String,
}

impl Draft {
    /// Reads it as it is kept: the step, a line's end, the words.
    pub(crate) fn read(kept: &str) -> Self {
        let (step, text) = kept.split_once('\n').unwrap_or_default();
        Self { step: step.to_owned(), text: text.to_owned() }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct DraftOf {
    #[serde(default)]
    langkah: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub csrf: String,
    #[serde(default)]
    pub body: String,
}

/// `POST /meja/{code}/draf?langkah={step}`: keeps what is being written.
pub(crate) async fn keep_draft(
    State(ctx): State<Ctx>,
    Extension(presence): Extension<Presence>,
    Path(code): Path<String>,
    Query(DraftOf { langkah }): Query<DraftOf>,
    staff: Staff,
    Form(typed): Form<Typed>,
) -> Result<Response, Failed> {
    staff.check_csrf(&typed.csrf)?;
    if !TABS.contains(&langkah.as_str()) {
        return Err(Refusal::NotFound.into());
    }
    let (access, user) = (staff.access.clone(), staff.user.id);
    let text: String = typed.body.chars().take(DRAFT_MAX).collect();
    let is_written = !text.trim().is_empty();
    let kept = if text.is_empty() { text } else { format!("{langkah}\n{text}") };
    let case = ctx
        .db
        .write(move |tx| {
            let case = actions::load_by_code(tx, &access, &code)?;
            access.require(Permission::CaseWrite, case.unit_id)?;
            store::save_draft(tx, &access, case.id, user, &kept)?;
            Ok(case)
        })
        .await?;
    if is_written {
        let place = stream::topic_of(case.id);
        presence::writes(&ctx, &presence, &staff, (&place, Some(&case)));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
