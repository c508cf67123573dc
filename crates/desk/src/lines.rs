//! `/antrean`: the queues as they are now, who is on duty, and who serves what. Live: every change
//! has the page fetched again, at most once a second; while the stream is gone the bar says so.

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Error, Invalid, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::{SignedFields, Staff, flash};
use tanggap_org::{self as org, People};
use tanggap_routing::queries::{self, Figures};
use tanggap_routing::settings::{self, AgentInput};
use tanggap_routing::{Presence, QueueId, SkillId, store};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use crate::{log, stream};

const HOME: &str = "/antrean";
/// The most people among whom one is chosen.
const PEOPLE_MAX: usize = 500;
/// The highest level of a skill.
const LEVELS: i64 = 5;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(show))
        .route("/antrean/petugas", get(find))
        .route("/antrean/petugas/{id}", get(person).post(assign))
}

/// Whoever sets queues up or watches over them.
pub(crate) fn may_see(access: &Access) -> bool {
    access.can(Permission::RouteSupervise, None) || access.can(Permission::OrgManage, None)
}

fn look(staff: &Staff) -> Result<()> {
    if may_see(&staff.access) { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

/// One queue's line.
struct Line {
    id: String,
    name: String,
    active: bool,
    figures: Figures,
    oldest_ms: Option<i64>,
    level: Option<i64>,
}

/// One person's line.
struct Person {
    id: String,
    name: String,
    presence: &'static str,
    label: String,
    since_ms: i64,
    share: String,
    held: i64,
    queues: String,
}

#[derive(Template)]
#[template(path = "lines.html")]
struct LinesPage {
    page: Page,
    lines: Vec<Line>,
    people: Vec<Person>,
    choices: Vec<Choice>,
    form: FormState,
    now_ms: i64,
    may_set: bool,
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    look(&staff)?;
    let (access, text) = (staff.access.clone(), staff.text());
    let zone = staff.zone;
    let (lines, people, choices, head, now) = ctx
        .db
        .read(move |tx| {
            let now = tx.now();
            let head = log::head(tx, access.agency_id)?;
            let today = zone.start_of_day(zone.local_date(now.as_micros()));
            let figures = queries::figures(tx, &access, Timestamp::from_micros(today))?;
            let figures: HashMap<QueueId, Figures> = figures.into_iter().collect();
            let queues = store::queues(tx, &access)?;
            let line = |queue: &tanggap_routing::Queue| {
                let figures = figures.get(&queue.id).cloned().unwrap_or_default();
                Line {
                    id: queue.id.to_string(),
                    name: queue.name.clone(),
                    active: queue.active,
                    oldest_ms: figures.oldest.map(|at| at.as_micros() / 1000),
                    level: figures.service_level(),
                    figures,
                }
            };
            let lines: Vec<Line> = queues.iter().map(line).collect();
            let mut people = Vec::new();
            for someone in queries::on_duty(tx, &access)? {
                let serves = store::agent(tx, &access, someone.user)?;
                let serves = serves.map(|agent| agent.queues).unwrap_or_default();
                let named = queues.iter().filter(|queue| serves.contains(&queue.id));
                let names: Vec<&str> = named.map(|queue| queue.name.as_str()).collect();
                let word = someone.presence.as_str();
                people.push(Person {
                    id: someone.user.to_string(),
                    name: someone.name,
                    presence: word,
                    label: text.t(format!("desk-duty-{}", word.replace('_', "-"))).into_owned(),
                    since_ms: someone.since.as_micros() / 1000,
                    share: format!("{}/{}", someone.load, someone.capacity),
                    held: someone.held,
                    queues: names.join(", "),
                });
            }
            Ok((lines, people, everybody(tx, &access)?, head, now))
        })
        .await?;
    let mut page = staff.page(&ctx, "desk-lines");
    page.topics = stream::QUEUES.to_owned();
    page.cursor = head.to_string();
    let form = FormState::new(staff.prefs.locale);
    let may_set = staff.access.can(Permission::OrgManage, None);
    let now_ms = now.as_micros() / 1000;
    Ok(respond::html(LinesPage { page, lines, people, choices, form, now_ms, may_set }))
}

fn everybody(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Choice>> {
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
