//! `/antrean/atur`: queues with their hours and times, skills, and how much of a person a thing on
//! each channel takes.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use tanggap_calendar::{Interval, Week};
use tanggap_cases::wrap_up;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Invalid, Permission, Refusal, Result};
use tanggap_org::door::{Fields, SignedFields, Staff, flash};
use tanggap_org::{self as org};
use tanggap_routing::settings::{self, QueueInput};
use tanggap_routing::{Hours, Queue, QueueId, SkillKind, Step, rules, store};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, respond};

use crate::lines::done;

/// The channels whose weight can be set.
const CHANNELS: [&str; 6] = ["phone", "chat", "whatsapp", "social", "sms", "email"];
/// The days of the week, as hours name them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/antrean/atur", get(list))
        .route("/antrean/atur/baru", get(new).post(create))
        .route("/antrean/atur/{id}", get(show).post(change))
        .route("/antrean/atur/keahlian", post(skill))
        .route("/antrean/atur/beban", post(weigh))
        .route("/antrean/atur/catatan", post(notes))
}

#[derive(Template)]
#[template(path = "line_settings.html")]
struct SettingsPage {
    page: Page,
    queues: Vec<(String, String, bool)>,
    skills: Vec<(String, String, String)>,
    kinds: Vec<Choice>,
    weights: Vec<(String, String)>,
    form: FormState,
}

fn look(staff: &Staff) -> Result<()> {
    Ok(staff.access.require(Permission::OrgManage, None)?)
}

fn kind_name(text: Text, kind: SkillKind) -> String {
    text.t(format!("desk-skill-{}", kind.as_str())).into_owned()
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    look(&staff)?;
    settings_page(&ctx, &staff, FormState::new(staff.prefs.locale), StatusCode::OK).await
}

async fn settings_page(ctx: &Ctx, staff: &Staff, form: FormState, status: StatusCode) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let (queues, skills, set, notes) = ctx
        .db
        .read(move |tx| {
            let (set, notes) =
                (settings::weights(tx, &access)?, wrap_up::is_required(tx, &access)?);
            Ok((store::queues(tx, &access)?, store::skills(tx, &access)?, set, notes))
        })
        .await?;
    let mut form = form.with("wrap_up_required", if notes { "ya" } else { "" });
    let weight = |channel: &str| {
        let known = set.iter().find(|(name, _)| name == channel).map(|(_, percent)| *percent);
        known.unwrap_or_else(|| rules::usual_weight(channel))
    };
    for channel in CHANNELS {
        form = form.with(format!("weight_{channel}"), weight(channel));
    }
    let named = |channel: &str| {
        (format!("weight_{channel}"), text.t(format!("case-channel-{channel}")).into_owned())
    };
    let skill = |skill: &tanggap_routing::Skill| {
        (skill.name.clone(), skill.code.clone(), kind_name(text, skill.kind))
    };
    let queue = |queue: &Queue| (queue.id.to_string(), queue.name.clone(), queue.active);
    let page = SettingsPage {
        page: staff.page(ctx, "desk-lines-set"),
        queues: queues.iter().map(queue).collect(),
        skills: skills.iter().map(skill).collect(),
        kinds: [SkillKind::Topic, SkillKind::Language]
            .map(|kind| Choice::new(kind.as_str(), kind_name(text, kind)))
            .into(),
        weights: CHANNELS.map(named).into(),
        form,
    };
    Ok(respond::html_status(status, page))
}

#[derive(Template)]
#[template(path = "line_queue.html")]
struct QueuePage {
    page: Page,
    form: FormState,
    units: Vec<Choice>,
    others: Vec<Choice>,
    days: Vec<(String, String)>,
}

async fn queue_page(
    ctx: &Ctx,
    staff: &Staff,
    id: Option<QueueId>,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let access = staff.access.clone();
    let (units, queues) =
        ctx.db.read(move |tx| Ok((org::units(tx, &access)?, store::queues(tx, &access)?))).await?;
    let text = staff.text();
    let known = queues.iter().find(|queue| Some(queue.id) == id);
    let page = match known {
        Some(queue) => staff.page_titled(queue.name.clone()),
        None => staff.page(ctx, "desk-line-new"),
    };
    let unit =
        |unit: &org::Unit| Choice::new(unit.id.to_string(), unit.name_in(text.locale).to_owned());
    let others = queues.iter().filter(|queue| Some(queue.id) != id && queue.active);
    let day = |day: &str| (format!("hours_{day}"), text.t(format!("desk-day-{day}")).into_owned());
    let page = QueuePage {
        page,
        form,
        units: units.iter().filter(|unit| unit.active).map(unit).collect(),
        others: others.map(|q| Choice::new(q.id.to_string(), q.name.clone())).collect(),
        days: DAYS.map(day).into(),
    };
    Ok(respond::html_status(status, page))
}

/// A queue as its form.
fn filled(form: FormState, input: &QueueInput, version: i64) -> FormState {
    let relax: Vec<String> =
        input.relax.iter().map(|step| format!("{}:{}", step.after_s, step.lower)).collect();
    let mut form = form
        .with("name", &input.name)
        .with("unit", input.unit.map(|id| id.to_string()).unwrap_or_default())
        .with("target", input.target_s)
        .with("priority_target", input.priority_target_s)
        .with("offer", input.offer_s)
        .with("wrap_up", input.wrap_up_s)
        .with("affinity", input.affinity_s)
        .with("overflow", input.overflow.map(|id| id.to_string()).unwrap_or_default())
        .with("overflow_after", input.overflow_s)
        .with("relax", relax.join(", "))
        .with("version", version);
    for (name, on) in [("active", input.active), ("live", input.live), ("may_pick", input.may_pick)]
    {
        form = form.with(name, if on { "ya" } else { "" });
    }
    if let Hours::Week(week) = &input.hours {
        for (day, hours) in DAYS.into_iter().zip(days_of(week)) {
            let hours: Vec<String> = hours.iter().map(ToString::to_string).collect();
            form = form.with(format!("hours_{day}"), hours.join(", "));
        }
    }
    form
}

fn days_of(week: &Week) -> [&Vec<Interval>; 7] {
    [&week.mon, &week.tue, &week.wed, &week.thu, &week.fri, &week.sat, &week.sun]
}

/// Parts of a list that is written with commas.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn read(fields: &Fields) -> Result<QueueInput> {
    let mut wrong = Vec::new();
    let seconds = |name: &str| fields.get(name).parse::<i64>().unwrap_or(-1);
    let mut week = Week::default();
    let Week { mon, tue, wed, thu, fri, sat, sun } = &mut week;
    for (day, hours) in DAYS.into_iter().zip([mon, tue, wed, thu, fri, sat, sun]) {
        let name = format!("hours_{day}");
        let read: Result<Vec<Interval>, _> = parts(fields.get(&name)).map(str::parse).collect();
        match read {
            Ok(read) if read.windows(2).all(|two| two[0].to() <= two[1].from()) => *hours = read,
            _ => wrong.push(Invalid::new(name, "desk-invalid-hours")),
        }
    }
    let always = DAYS.iter().all(|day| fields.get(&format!("hours_{day}")).is_empty());
    let step = |part: &str| {
        let (after, lower) = part.split_once(':')?;
        Some(Step { after_s: after.trim().parse().ok()?, lower: lower.trim().parse().ok()? })
    };
    let relax: Option<Vec<Step>> = parts(fields.get("relax")).map(step).collect();
    if relax.is_none() {
        wrong.push(Invalid::new("relax", "routing-invalid-relax"));
    }
    if !wrong.is_empty() {
        return Err(Refusal::Invalid(wrong).into());
    }
    Ok(QueueInput {
        name: fields.get("name").to_owned(),
        unit: UnitId::parse(fields.get("unit")),
        active: fields.is_on("active"),
        hours: if always { Hours::Always } else { Hours::Week(week) },
        target_s: seconds("target"),
        priority_target_s: seconds("priority_target"),
        offer_s: seconds("offer"),
        wrap_up_s: seconds("wrap_up"),
        affinity_s: seconds("affinity"),
        overflow: QueueId::parse(fields.get("overflow")),
        overflow_s: fields.get("overflow_after").parse().unwrap_or(0),
        relax: relax.unwrap_or_default(),
        live: fields.is_on("live"),
        may_pick: fields.is_on("may_pick"),
    })
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    look(&staff)?;
    let form = filled(FormState::new(staff.prefs.locale), &QueueInput::live(""), 0);
    queue_page(&ctx, &staff, None, form, StatusCode::OK).await
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    look(&staff)?;
    let id = QueueId::parse(&id).ok_or(Refusal::NotFound)?;
    let access = staff.access.clone();
    let queue = ctx.db.read(move |tx| store::queue(tx, &access, id)).await?;
    let form = FormState::new(staff.prefs.locale);
    let form = filled(form, &settings::input_of(&queue), queue.version);
    queue_page(&ctx, &staff, Some(id), form, StatusCode::OK).await
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    save(&ctx, &staff, None, fields).await
}

async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let id = QueueId::parse(&id).ok_or(Refusal::NotFound)?;
    save(&ctx, &staff, Some(id), fields).await
}

async fn save(ctx: &Ctx, staff: &Staff, id: Option<QueueId>, fields: Fields) -> Answer {
    look(staff)?;
    let (access, version) = (staff.access.clone(), fields.get("version").parse().unwrap_or(0));
    let saved = match read(&fields) {
        Ok(input) => {
            ctx.db
                .write(move |tx| match id {
                    Some(id) => settings::update_queue(tx, &access, id, version, &input),
                    None => settings::create_queue(tx, &access, &input).map(drop),
                })
                .await
        }
        Err(error) => Err(error),
    };
    let refused = match done(ctx, saved, "desk-flash-queue-saved")? {
        Ok(response) => return Ok(response),
        Err(errors) => fields.refused(staff.prefs.locale, errors),
    };
    queue_page(ctx, staff, id, refused, StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn skill(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    look(&staff)?;
    let (access, form) = (staff.access.clone(), fields.clone());
    let saved = ctx
        .db
        .write(move |tx| {
            let kind = SkillKind::parse(form.get("kind"));
            let kind = kind.ok_or(Refusal::field("kind", "ui-invalid-choice"))?;
            settings::create_skill(tx, &access, kind, form.get("code"), form.get("name")).map(drop)
        })
        .await;
    match done(&ctx, saved, "desk-flash-skill-added")? {
        Ok(response) => Ok(response),
        Err(errors) => {
            let form = fields.refused(staff.prefs.locale, errors);
            settings_page(&ctx, &staff, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn notes(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    look(&staff)?;
    let (access, on) = (staff.access.clone(), fields.is_on("wrap_up_required"));
    ctx.db.write(move |tx| wrap_up::require(tx, &access, on)).await?;
    Ok(flash(&ctx.site, "/antrean/atur", "talk-flash-notes-set"))
}

async fn weigh(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    look(&staff)?;
    let (access, form) = (staff.access.clone(), fields.clone());
    let saved = ctx
        .db
        .write(move |tx| {
            for channel in CHANNELS {
                let name = format!("weight_{channel}");
                let percent = form.get(&name).parse().unwrap_or(0);
                if !(1..=100).contains(&percent) {
                    return Err(Refusal::field(name, "ui-invalid-number").into());
                }
                settings::set_weight(tx, &access, channel, percent)?;
            }
            Ok(())
        })
        .await;
    match done(&ctx, saved, "desk-flash-weighed")? {
        Ok(response) => Ok(response),
        Err(errors) => {
            let form = fields.refused(staff.prefs.locale, errors);
            settings_page(&ctx, &staff, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}
