//! `/antrean`: the queues as they are now, who is on duty and at what, and who serves what.
//!
//! [`state`] is what the board shows, [`live`] keeps it up in the browsers, [`walls`] shows its
//! figures on a screen on a wall.

mod live;
mod state;
mod walls;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Error, Fault, Invalid, Permission, Refusal, Result};
use tanggap_org::door::{SignedFields, Staff, flash, until_session_ends};
use tanggap_org::{self as org, People};
use tanggap_routing::settings::{self, AgentInput};
use tanggap_routing::{Presence, QueueId, SkillId, store};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use self::live::Boards;
use self::state::{Audience, Moment};

const HOME: &str = "/antrean";
/// The most people among whom one is chosen.
const PEOPLE_MAX: usize = 500;
/// The highest level of a skill.
const LEVELS: i64 = 5;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(show))
        .route("/antrean/alir", get(listen))
        .route("/antrean/petugas", get(find))
        .route("/antrean/petugas/{id}", get(person).post(assign))
        .route("/antrean/petugas/{id}/antrean", post(relocate))
        .merge(walls::routes())
        .layer(Extension(Boards::default()))
}

/// Whoever sets queues up or watches over them.
pub(crate) fn may_see(access: &Access) -> bool {
    access.can(Permission::RouteSupervise, None) || access.can(Permission::OrgManage, None)
}

fn look(staff: &Staff) -> Result<()> {
    if may_see(&staff.access) { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

#[derive(Template)]
#[template(path = "lines.html")]
struct LinesPage {
    page: Page,
    /// The lists as they are now; the browser keeps them up.
    totals: String,
    lines: String,
    people: String,
    is_empty: bool,
    choices: Vec<Choice>,
    form: FormState,
    may_set: bool,
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    look(&staff)?;
    let (access, zone) = (staff.access.clone(), staff.zone);
    let (now, choices) = ctx
        .db
        .read(move |tx| Ok((Moment::read(tx, &access, zone)?, everybody(tx, &access)?)))
        .await?;
    let page = staff.page(&ctx, "desk-lines");
    let shown = state::change(None, &now, (page.text, &staff.access, Audience::Desk));
    let shown = shown.map_err(|e| Fault::new(format!("lines: {e}")))?;
    let list = |list| shown.list(list, &page.csrf);
    Ok(respond::html(LinesPage {
        totals: list("ringkasan"),
        lines: list("antrean"),
        people: list("petugas"),
        is_empty: now.lines.is_empty(),
        choices,
        form: FormState::new(staff.prefs.locale),
        may_set: staff.access.can(Permission::OrgManage, None),
        page,
    }))
}

/// `GET /antrean/alir`: the snapshot and what changes after it.
async fn listen(
    State(ctx): State<Ctx>,
    Extension(boards): Extension<Boards>,
    staff: Staff,
) -> Answer {
    look(&staff)?;
    let until = until_session_ends(&ctx, &staff);
    Ok(boards.listen(&ctx, staff.viewer(), Audience::Desk, until))
}

pub(crate) fn everybody(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Choice>> {
    let wanted = People {
        text: String::new(),
        unit_id: None,
        inactive: false,
        after: None,
        limit: PEOPLE_MAX,
    };
    let found = org::people(tx, access, &wanted)?;
    Ok(found
        .rows
        .into_iter()
        .map(|(user, _)| Choice::new(user.id.to_string(), user.name))
        .collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    orang: String,
}

async fn find(staff: Staff, Query(asked): Query<Asked>) -> Answer {
    look(&staff)?;
    match UserId::parse(&asked.orang) {
        Some(id) => Ok(respond::see_other(&format!("/antrean/petugas/{id}"))),
        None => Ok(respond::see_other(HOME)),
    }
}

#[derive(Template)]
#[template(path = "line_person.html")]
struct PersonPage {
    page: Page,
    form: FormState,
    queues: Vec<Choice>,
    skills: Vec<(String, String)>,
    levels: Vec<Choice>,
    presences: Vec<Choice>,
}

fn user_of(id: &str) -> Result<UserId> {
    Ok(UserId::parse(id).ok_or(Refusal::NotFound)?)
}

async fn person(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    look(&staff)?;
    let (access, user) = (staff.access.clone(), user_of(&id)?);
    let agent = ctx.db.read(move |tx| store::agent(tx, &access, user)).await?;
    let mut form = FormState::new(staff.prefs.locale);
    form = form.with("capacity", agent.as_ref().map_or(100, |agent| agent.capacity));
    for agent in agent.iter() {
        for queue in &agent.queues {
            form = form.with("queues", queue);
        }
        for (skill, level) in &agent.skills {
            form = form.with(format!("skill_{skill}"), level);
        }
    }
    person_page(&ctx, &staff, user, form, StatusCode::OK).await
}

async fn person_page(
    ctx: &Ctx,
    staff: &Staff,
    user: UserId,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let access = staff.access.clone();
    let (known, queues, skills) = ctx
        .db
        .read(move |tx| {
            let known = org::user(tx, &access, user)?.ok_or(Refusal::NotFound)?;
            Ok((known, store::queues(tx, &access)?, store::skills(tx, &access)?))
        })
        .await?;
    let text = staff.text();
    let page = staff.page_titled(known.name);
    let queues = queues.iter().map(|queue| Choice::new(queue.id.to_string(), queue.name.clone()));
    let level = |level: i64| Choice::new(level.to_string(), level.to_string());
    let presence = |presence: Presence| {
        let word = presence.as_str();
        Choice::new(word, text.t(format!("desk-duty-{}", word.replace('_', "-"))))
    };
    let skills = skills.iter().map(|skill| (format!("skill_{}", skill.id), skill.name.clone()));
    Ok(respond::html_status(
        status,
        PersonPage {
            page,
            form,
            queues: queues.collect(),
            skills: skills.collect(),
            levels: (1..=LEVELS).map(level).collect(),
            presences: Presence::CHOSEN.map(presence).into(),
        },
    ))
}

async fn assign(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    look(&staff)?;
    let (access, user) = (staff.access.clone(), user_of(&id)?);
    let queues: Option<Vec<QueueId>> = fields.all("queues").map(QueueId::parse).collect();
    let mut skills = Vec::new();
    for (name, value) in fields.clone().into_pairs() {
        let skill = name.strip_prefix("skill_").and_then(SkillId::parse);
        skills.extend(skill.zip(value.trim().parse::<i64>().ok()));
    }
    let input = AgentInput {
        queues: queues.unwrap_or_default(),
        skills,
        capacity: fields.get("capacity").parse().unwrap_or(0),
    };
    let presence = Presence::parse(fields.get("presence"));
    let done = ctx
        .db
        .write(move |tx| {
            settings::set_agent(tx, &access, user, &input)?;
            match presence {
                Some(presence) => tanggap_routing::actions::set(tx, &access, user, presence),
                None => Ok(()),
            }
        })
        .await;
    match done {
        Ok(()) => Ok(flash(&ctx.site, HOME, "desk-flash-assigned")),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(staff.prefs.locale, errors);
            person_page(&ctx, &staff, user, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Moves somebody to other queues, from the board.
async fn relocate(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    look(&staff)?;
    let (access, user) = (staff.access.clone(), user_of(&id)?);
    let queues: Option<Vec<QueueId>> = fields.all("queues").map(QueueId::parse).collect();
    let queues = queues.ok_or(Refusal::field("queues", "ui-invalid-choice"))?;
    ctx.db.write(move |tx| settings::move_agent(tx, &access, user, queues.clone())).await?;
    Ok(flash(&ctx.site, HOME, "desk-flash-moved"))
}

/// What became of a form of settings: done, or what is wrong with it.
pub(crate) fn done(
    ctx: &Ctx,
    result: Result<()>,
    key: &str,
) -> Result<Result<Response, Vec<Invalid>>> {
    match result {
        Ok(()) => Ok(Ok(flash(&ctx.site, "/antrean/atur", key))),
        Err(Error::Refused(Refusal::Invalid(errors))) => Ok(Err(errors)),
        Err(Error::Refused(Refusal::Stale)) => {
            Ok(Err(vec![Invalid::new("name", "org-invalid-stale")]))
        }
        Err(error) => Err(error),
    }
}
