//! Law profiles: what the law asks for each kind of report, and the agency's own in its place.

use std::borrow::Cow;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_calendar::{Date, Kind, Profile, ProfileError, Unit};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, FormState, Page, Text, respond};

use super::settings;
use crate::actions;
use crate::door::{SignedFields, Staff, flash};
use crate::model::LawOverride;
use crate::store;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/pengaturan/aturan", get(list))
        .route("/pengaturan/aturan/{kind}", get(show).post(change))
}

#[derive(Template)]
#[template(path = "laws.html")]
struct LawsPage {
    page: Page,
    rows: Vec<Row>,
}

struct Row {
    word: &'static str,
    name: String,
    key: String,
    is_own: bool,
    source: String,
}

#[derive(Template)]
#[template(path = "law.html")]
struct LawPage {
    page: Page,
    form: FormState,
    problems: Vec<String>,
    profile: Shown,
    history: Vec<LawOverride>,
    template: String,
    may_change: bool,
}

/// A profile as a table.
struct Shown {
    key: String,
    source: String,
    valid_from: String,
    rows: Vec<Deadline>,
}

struct Deadline {
    policy: String,
    label: String,
    owner: String,
    limit: String,
    consequence: String,
    source: String,
    is_statutory: bool,
}

async fn today(ctx: &Ctx, staff: &Staff) -> Result<Date> {
    let access = staff.access.clone();
    let calendar = ctx.db.read(move |tx| store::calendar_for(tx, &access, None)).await?;
    Ok(calendar.zone().local_date(ctx.now().as_micros()))
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    settings::look(&staff)?;
    let today = today(&ctx, &staff).await?;
    let (access, text) = (staff.access.clone(), staff.text());
    let profiles = ctx
        .db
        .read(move |tx| {
            let found = |kind: &Kind| store::profile_for(tx, &access, *kind, today);
            Kind::ALL.iter().map(found).collect::<Result<Vec<_>>>()
        })
        .await?;
    let row = |profile: &Profile, is_own| Row {
        word: profile.kind.as_str(),
        name: text.t(settings::kind_key(profile.kind)).into_owned(),
        key: profile.key(),
        is_own,
        source: profile.source.get(text.locale.tag()).to_owned(),
    };
    let rows = profiles.iter().map(|it| row(it, matches!(it, Cow::Owned(_)))).collect();
    Ok(respond::html(LawsPage { page: staff.page(&ctx, "org-settings-law"), rows }))
}

fn kind_of(word: &str) -> Result<Kind> {
    word.parse().map_err(|_| Refusal::NotFound.into())
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(word): Path<String>) -> Answer {
    let form = FormState::new(staff.prefs.locale);
    page(&ctx, &staff, kind_of(&word)?, form, Vec::new(), StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    kind: Kind,
    form: FormState,
    problems: Vec<String>,
    status: StatusCode,
) -> Answer {
    let may_change = settings::look(staff)?;
    let today = today(ctx, staff).await?;
    let access = staff.access.clone();
    let (profile, history) = ctx
        .db
        .read(move |tx| {
            let profile = store::profile_for(tx, &access, kind, today)?;
            Ok((profile, store::law_overrides(tx, &access)?))
        })
        .await?;
    let mut history = history;
    history.retain(|own| own.kind == kind.as_str());
    let text = staff.text();
    let template = LawPage {
        page: settings::titled(staff, &text.t(settings::kind_key(kind))),
        template: template_of(&profile, matches!(profile, Cow::Borrowed(_)), &history),
        profile: shown(text, &profile),
        form,
        problems,
        history,
        may_change,
    };
    Ok(respond::html_status(status, template))
}

/// The profile in force with the next free number, to begin from. A copy of the program's has a
/// name of its own, so that its numbers never meet those of the program's later versions.
fn template_of(profile: &Profile, is_shipped: bool, history: &[LawOverride]) -> String {
    let id = if is_shipped { format!("{}-instansi", profile.id) } else { profile.id.clone() };
    let newest = history.iter().filter(|own| own.id == id).map(|own| own.version).max();
    let version = u32::try_from(newest.unwrap_or(0) + 1).unwrap_or(profile.version);
    let next = Profile { id, version, ..profile.clone() };
    toml::to_string_pretty(&next).unwrap_or_default()
}

fn shown(text: Text, profile: &Profile) -> Shown {
    let language = text.locale.tag();
    let row = |deadline: &tanggap_calendar::Deadline| {
        let unit = match deadline.unit {
            Unit::WorkingDay => "org-working-days",
            Unit::CalendarDay => "org-calendar-days",
            Unit::Hour => "org-hours",
        };
        Deadline {
            policy: deadline.policy.to_string(),
            label: deadline.for_staff().get(language).to_owned(),
            owner: text.t(format!("org-owner-{}", deadline.owner.as_str())).into_owned(),
            limit: text.t1(unit, "n", i64::from(deadline.limit)).into_owned(),
            consequence: deadline.consequence.get(language).to_owned(),
            source: deadline.source.get(language).to_owned(),
            is_statutory: deadline.statutory,
        }
    };
    let date = profile.valid_from;
    let month = text.t(format!("ui-month-{}", date.month()));
    Shown {
        key: profile.key(),
        source: profile.source.get(language).to_owned(),
        valid_from: format!("{} {month} {}", date.day(), date.year()),
        rows: profile.deadlines.iter().map(row).collect(),
    }
}

async fn change(
    State(ctx): State<Ctx>,
    Path(word): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    settings::manage(&staff)?;
    let kind = kind_of(&word)?;
    let place = format!("/pengaturan/aturan/{kind}");
    let access = staff.access.clone();
    if fields.get("action") == "retire" {
        let (id, version) = (fields.get("id").to_owned(), settings::number(&fields, "version")?);
        ctx.db.write(move |tx| actions::retire_profile(tx, &access, &id, version)).await?;
        return Ok(flash(&ctx.site, &place, "org-flash-profile-retired"));
    }
    let text = fields.get("text").to_owned();
    if let Err(error) = actions::read_profile(kind, &text) {
        let problems = match error {
            ProfileError::Syntax(message) => vec![message],
            ProfileError::Invalid(list) => list.iter().map(ToString::to_string).collect(),
        };
        let errors = vec![Invalid::new("text", "org-invalid-profile")];
        let form = fields.refused(staff.prefs.locale, errors);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return page(&ctx, &staff, kind, form, problems, status).await;
    }
    let act = move |tx: &mut Tx<'_>, access: &Access, text: &String| {
        actions::put_profile(tx, access, kind, text)
    };
    match settings::submit(&ctx, &staff, fields, Ok(text), act).await? {
        Ok(_) => Ok(flash(&ctx.site, &place, "org-flash-profile-put")),
        Err(refused) => page(&ctx, &staff, kind, refused.form, Vec::new(), refused.status).await,
    }
}
